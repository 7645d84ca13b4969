"""Every field is asked for in every role, over HTTP, as the matrix has it; and the printed schema says the same."""

from collections import deque
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

from api.access import MATRIX, PERSONAL
from api.schema import printed
from models.actors import Role
from tests.conftest import Api
from tests.people import refused

SDL = (Path(__file__).parent.parent.parent / "schema.graphql").read_text()
SCHEMA = build_schema(SDL)
NOBODY = f"sub_{0:032x}"
LITERALS = {
    "ID": f'"{NOBODY}"',
    "String": '"x"',
    "Int": "1",
    "BigInt": "1",
    "Boolean": "false",
    "DateTime": '"2026-01-01T00:00:00Z"',
    "Date": '"2026-01-01"',
    "Cursor": '"x"',
    "Float": "1",
}


class Step(NamedTuple):
    """One field on the way from a root to a field."""

    coordinate: str
    selected: str
    condition: str | None
    """The type whose fields follow, where the field gives an interface."""


def literal(type_: Any) -> str:
    """Write some value of an input type."""
    if is_non_null_type(type_):
        return literal(type_.of_type)
    if is_list_type(type_):
        return f"[{literal(type_.of_type)}]"
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        wanted = {name: field for name, field in type_.fields.items() if is_non_null_type(field.type)}
        chosen = wanted or dict([next(iter(type_.fields.items()))])
        return "{" + " ".join(f"{name}: {literal(field.type)}" for name, field in chosen.items()) + "}"
    return LITERALS[type_.name]


def selected(name: str, field: GraphQLField) -> str:
    """Write a field with the arguments that it demands."""
    given = [f"{key}: {literal(one.type)}" for key, one in field.args.items() if is_required_argument(one)]
    return name + (f"({', '.join(given)})" if given else "")


def leading_to(type_: Any) -> list[Any]:
    """Give the object types that a field of this type may give, and the interface itself."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLInterfaceType):
        return [named, *SCHEMA.get_possible_types(named)]
    return [named] if is_composite_type(named) else []


@cache
def ways(role: Role) -> dict[str, tuple[Step, ...]]:
    """Give the shortest way to each type, through fields that the role may use wherever there is such a way."""
    assert SCHEMA.query_type
    assert SCHEMA.mutation_type
    found: dict[str, tuple[Step, ...]] = {"Query": (), "Mutation": ()}
    for may_all in (True, False):
        pending = deque(found)
        while pending:
            name = pending.popleft()
            parent: Any = SCHEMA.type_map[name]
            for key, field in parent.fields.items():
                coordinate = f"{name}.{key}"
                if may_all and role not in MATRIX[coordinate]:
                    continue
                for target in leading_to(field.type):
                    if target.name not in found:
                        condition = target.name if target is not get_named_type(field.type) else None
                        step = Step(coordinate, selected(key, field), condition)
                        found[target.name] = (*found[name], step)
                        pending.append(target.name)
    return found


def document_for(coordinate: str, role: Role) -> tuple[str, set[str]]:
    """Write an operation that selects a field; give the coordinates that it names, too."""
    parent, _, name = coordinate.partition(".")
    way = ways(role)[parent]
    type_: Any = SCHEMA.type_map[parent]
    field = type_.fields[name]
    inner = selected(name, field)
    if is_composite_type(get_named_type(field.type)):
        inner += " { __typename }"
    named = {coordinate}
    for step in reversed(way):
        inner = f"... on {step.condition} {{ {inner} }}" if step.condition else inner
        inner = f"{step.selected} {{ {inner} }}"
        named.add(step.coordinate)
    root = way[0].coordinate if way else coordinate
    return f"{'mutation' if root.startswith('Mutation') else 'query'} {{ {inner} }}", named


@pytest.mark.parametrize("role", Role)
def test_every_field_is_given_to_the_roles_of_the_matrix_and_to_no_other(api: Api, role: Role) -> None:
    wrong = []
    for coordinate in MATRIX:
        document, named = document_for(coordinate, role)
        wanted = {
            one: [str(each) for each in Role if each in MATRIX[one]] for one in sorted(named) if role not in MATRIX[one]
        }
        answer = api.ask(role, document)
        codes = {error["extensions"]["code"] for error in answer.body.get("errors", [])}
        if refused(answer) != wanted or codes & {"INTERNAL", "GRAPHQL_INVALID"}:
            wrong.append((document, answer.body))
    assert not wrong


def test_the_printed_schema_says_what_the_matrix_says() -> None:
    roles: dict[str, frozenset[str]] = {}
    personal = set()
    for named in SCHEMA.type_map.values():
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) and not named.name.startswith("__"):
            for name, field in named.fields.items():
                written: Any = field.ast_node
                for directive in written.directives:
                    if directive.name.value == "needToKnow":
                        values = directive.arguments[0].value.values
                        roles[f"{named.name}.{name}"] = frozenset(one.value for one in values)
                    else:
                        personal.add(f"{named.name}.{name}")
    assert roles == {coordinate: frozenset(map(str, each)) for coordinate, each in MATRIX.items()}
    assert personal == PERSONAL


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert printed() == SDL


def test_everything_in_the_schema_is_described() -> None:
    bare = []
    for named in SCHEMA.type_map.values():
        if named.name.startswith("__") or named.name in {"String", "Int", "Boolean", "ID", "Float"}:
            continue
        parts: dict[str, Any] = {"": named}
        if isinstance(named, GraphQLEnumType):
            parts |= named.values
        for name, field in getattr(named, "fields", {}).items():
            parts[name] = field
            parts |= {f"{name}({key}:)": one for key, one in getattr(field, "args", {}).items()}
        bare += [f"{named.name}.{name}" for name, part in parts.items() if not part.description]
    assert not bare
