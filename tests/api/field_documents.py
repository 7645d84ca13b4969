"""Operations that select fields of one type over the shortest path that a role may use."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    build_schema,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

from api.access.policy import ACCESS_POLICY
from api.graphql.limits import ROOT_FIELDS, TOKENS
from models.actors import Role
from tests.conftest import SYSTEMS

SDL = (Path(__file__).parents[2] / "schema.graphql").read_text()
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
    """One field on the path from a root to a field."""

    coordinate: str
    selected: str
    condition: str | None
    """The type whose fields follow, where the field returns an interface."""


def literal(type_: Any) -> str:
    """Return a literal of an input type."""
    if is_non_null_type(type_):
        return literal(type_.of_type)
    if is_list_type(type_):
        return f"[{literal(type_.of_type)}]"
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        required = {name: field for name, field in type_.fields.items() if is_non_null_type(field.type)}
        chosen = required or dict([next(iter(type_.fields.items()))])
        return "{" + " ".join(f"{name}: {literal(field.type)}" for name, field in chosen.items()) + "}"
    return LITERALS[type_.name]


def selected(name: str, field: GraphQLField) -> str:
    """Return a field with its required arguments."""
    arguments = [f"{key}: {literal(one.type)}" for key, one in field.args.items() if is_required_argument(one)]
    return name + (f"({', '.join(arguments)})" if arguments else "")


def leading_to(type_: Any) -> list[Any]:
    """Return the object types that a field of this type may return, and the interface itself."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLInterfaceType):
        return [named, *SCHEMA.get_possible_types(named)]
    return [named] if is_composite_type(named) else []


@cache
def ways(role: Role) -> dict[str, tuple[Step, ...]]:
    """Return the shortest path to each type, over fields that the role may use where such a path exists."""
    assert SCHEMA.query_type
    assert SCHEMA.mutation_type
    routes: dict[str, tuple[Step, ...]] = {"Query": (), "Mutation": ()}
    for may_all in (True, False):
        pending = deque(routes)
        while pending:
            name = pending.popleft()
            parent: Any = SCHEMA.type_map[name]
            for key, field in parent.fields.items():
                coordinate = f"{name}.{key}"
                if may_all and role not in ACCESS_POLICY[coordinate]:
                    continue
                for target in leading_to(field.type):
                    if target.name not in routes:
                        condition = target.name if target is not get_named_type(field.type) else None
                        step = Step(coordinate, selected(key, field), condition)
                        routes[target.name] = (*routes[name], step)
                        pending.append(target.name)
    return routes


def document_for(coordinates: Iterable[str], role: Role) -> tuple[str, set[str]]:
    """Return an operation that selects fields of one type, and all coordinates that it names."""
    named = set(coordinates)
    [parent] = {coordinate.partition(".")[0] for coordinate in named}
    type_: Any = SCHEMA.type_map[parent]
    inner = " ".join(_chosen(name, type_.fields[name]) for name in (each.partition(".")[2] for each in sorted(named)))
    way = ways(role)[parent]
    for step in reversed(way):
        inner = f"... on {step.condition} {{ {inner} }}" if step.condition else inner
        inner = f"{step.selected} {{ {inner} }}"
        named.add(step.coordinate)
    root = way[0].coordinate if way else parent
    document = f"{'mutation' if root.startswith('Mutation') else 'query'} {{ {inner} }}"
    own_system = rf'\g<1>"{SYSTEMS.get(role, "x")}"'
    return re.sub(
        r'((?:erasureSteps|exportSteps|erasedAccounts|recordBackup)\([^)]*system: )"x"', own_system, document
    ), named


def is_alone(coordinate: str) -> bool:
    """Return whether a field has arguments that an operation must give, so that their refusal would hide others."""
    parent, _, name = coordinate.partition(".")
    field: GraphQLField = SCHEMA.type_map[parent].fields[name]  # type: ignore[attr-defined]
    return any(is_required_argument(argument) for argument in field.args.values())


def groups(role: Role, most: int = 15) -> Iterable[list[str]]:
    """Yield every field in groups of one type: those that are refused, and those that are answered, to the role.

    Fields with required arguments are alone where they are answered.
    """
    kinds: dict[tuple[str, bool], list[str]] = {}
    for coordinate, roles in ACCESS_POLICY.items():
        if role in roles and is_alone(coordinate):
            yield [coordinate]
        else:
            kinds.setdefault((coordinate.partition(".")[0], role in roles), []).append(coordinate)
    for coordinates in kinds.values():
        yield from (coordinates[start : start + most] for start in range(0, len(coordinates), most))


def batches(documents: Iterable[tuple[str, set[str]]]) -> Iterator[list[tuple[str, set[str]]]]:
    """Yield operations with their coordinates in batches that `joined` makes one operation of, within the limits.

    An operation with several root fields is a batch by itself.
    """
    pending: dict[str, list[tuple[str, set[str]]]] = {"query": [], "mutation": []}
    sizes = dict.fromkeys(pending, 0)
    for document, named in documents:
        if all(coordinate.startswith(("Query.", "Mutation.")) for coordinate in named):
            yield [(document, named)]
            continue
        kind = document.partition(" ")[0]
        size = len(re.findall(r"\w+|[^\w\s]", document))
        if len(pending[kind]) == ROOT_FIELDS or sizes[kind] + size > TOKENS * 3 // 4:
            yield pending[kind]
            pending[kind], sizes[kind] = [], 0
        pending[kind].append((document, named))
        sizes[kind] += size
    yield from (batch for batch in pending.values() if batch)


def joined(batch: Sequence[tuple[str, set[str]]]) -> tuple[str, set[str]]:
    """Return one operation with the root field of each operation under an alias, and all coordinates."""
    if len(batch) == 1:
        return batch[0]
    kind = batch[0][0].partition(" ")[0]
    roots = (document.partition(" { ")[2].removesuffix(" }") for document, _ in batch)
    inner = " ".join(f"root{number}: {root}" for number, root in enumerate(roots))
    return f"{kind} {{ {inner} }}", set().union(*(named for _, named in batch))


def _chosen(name: str, field: GraphQLField) -> str:
    return selected(name, field) + (" { __typename }" if is_composite_type(get_named_type(field.type)) else "")
