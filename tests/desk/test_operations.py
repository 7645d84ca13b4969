"""The operation files fit the schema of each role that may open their page."""

from functools import cache

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_client_schema,
    get_introspection_query,
    parse,
    validate,
)

from api.graphql.schema import core
from desk.api_client import operation, operation_names
from desk.pages import ROLES
from desk.texts import Texts
from tests.conftest import Api


@cache
def schema_of(api: Api, role: str) -> GraphQLSchema:
    return build_client_schema(api.ask(role, get_introspection_query()).data)


@pytest.mark.parametrize("role", ROLES)
def test_operations_fit_the_schema_of_each_role_that_may_open_their_page(served: Api, role: str) -> None:
    names = [name for name in operation_names() if role in operation(name).roles]
    assert names
    for name in names:
        assert validate(schema_of(served, role), parse(operation(name).document)) == [], name


def test_operations_have_roles_with_pages_and_names_of_their_own() -> None:
    operations = [operation(name) for name in operation_names()]
    assert all(each.roles and each.roles <= set(ROLES) for each in operations)
    assert len({each.name for each in operations}) == len(operations)
    for each in operations:
        definitions = parse(each.document).definitions
        assert [isinstance(definition, OperationDefinitionNode) for definition in definitions].count(True) == 1
        assert each.name.startswith("Desk")


def test_every_value_of_an_enum_that_pages_show_has_words() -> None:
    texts = Texts()
    for name, words in texts.enums().items():
        if name != "LetterKind":
            named = core.type_map[name]
            assert isinstance(named, GraphQLEnumType)
            assert set(words) == set(named.values), name
