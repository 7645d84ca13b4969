"""Tests of the access policy over HTTP for every field and role, and of its copy in the printed schema."""

from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType

from api.access.policy import ACCESS_POLICY, PERSONAL_CATEGORIES
from api.graphql.schema import print_schema
from models.actors import Role
from tests.api.field_documents import SCHEMA, SDL, batches, document_for, groups, joined
from tests.conftest import Answered, Api
from tests.people import refused


def is_wrong(answer: Answered, named: set[str], role: Role) -> bool:
    """Return whether other fields are refused to a role than those of the policy, or the operation fails."""
    expected = {
        one: [str(each) for each in Role if each in ACCESS_POLICY[one]]
        for one in sorted(named)
        if role not in ACCESS_POLICY[one]
    }
    codes = {error["extensions"]["code"] for error in answer.body.get("errors", [])}
    return refused(answer) != expected or not codes.isdisjoint({"INTERNAL", "GRAPHQL_INVALID", "QUERY_TOO_LARGE"})


@pytest.mark.parametrize("role", Role)
def test_each_field_is_answered_to_exactly_the_roles_of_the_policy(api: Api, role: Role) -> None:
    """Ask for many groups of fields at once: a refusal lists all refused fields, whatever else is selected.

    An error hides others, so where fields are not refused and one fails, each group is asked for by itself.
    """
    wrong = []
    is_refused: dict[bool, list[tuple[str, set[str]]]] = {True: [], False: []}
    for coordinates in groups(role):
        document, named = document_for(coordinates, role)
        is_refused[any(role not in ACCESS_POLICY[one] for one in named)].append((document, named))
    for batch in batches(is_refused[True]):
        document, named = joined(batch)
        answer = api.ask(role, document)
        if is_wrong(answer, named, role):
            wrong.append((document, answer.body))
    for batch in batches(is_refused[False]):
        document, named = joined(batch)
        if len(batch) > 1 and not document.startswith("mutation"):
            answer = api.ask(role, document)
            if "errors" not in answer.body:
                continue
        for one, its_coordinates in batch:
            answer = api.ask(role, one)
            if is_wrong(answer, its_coordinates, role):
                wrong.append((one, answer.body))
    assert not wrong


def test_the_printed_schema_equals_the_policy() -> None:
    roles: dict[str, frozenset[str]] = {}
    personal: dict[str, str] = {}
    for named in SCHEMA.type_map.values():
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) and not named.name.startswith("__"):
            for name, field in named.fields.items():
                written: Any = field.ast_node
                for directive in written.directives:
                    if directive.name.value == "needToKnow":
                        values = directive.arguments[0].value.values
                        roles[f"{named.name}.{name}"] = frozenset(one.value for one in values)
                    elif directive.name.value == "personal":
                        personal[f"{named.name}.{name}"] = directive.arguments[0].value.value
    assert roles == {coordinate: frozenset(map(str, each)) for coordinate, each in ACCESS_POLICY.items()}
    assert personal == PERSONAL_CATEGORIES


def test_the_committed_schema_is_the_served_schema() -> None:
    assert print_schema() == SDL


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
