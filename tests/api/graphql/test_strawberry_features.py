"""A feature of Strawberry that would be ignored stops the start with a sentence."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import strawberry
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.permission import BasePermission

from api.graphql.schema import schema
from api.graphql.strawberry_features import require_supported
from resolvers.field_sources import column


class Nobody(BasePermission):
    """A permission that refuses everyone."""

    message = "no"

    def has_permission(self, *_args: Any, **_options: Any) -> bool:
        return False


class Hide(FieldExtension):
    """An extension that hides the value."""

    def resolve(self, *_args: Any, **_options: Any) -> Any:
        return None


def problem_of(query: type, **options: Any) -> str:
    with pytest.raises(SystemExit) as refused:
        require_supported(strawberry.Schema(query, **options))
    return str(refused.value)


def test_the_schema_of_the_service_uses_none() -> None:
    require_supported(schema)


def test_permission_classes_are_refused_on_root_fields_and_below() -> None:
    @strawberry.type
    class Person:
        name: str = strawberry.field(permission_classes=[Nobody])

    @strawberry.type
    class Query:
        person: Person | None = strawberry.field(permission_classes=[Nobody])

    lines = problem_of(Query).splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "Person.name has permission_classes",
        "Query.person has permission_classes",
    ]
    assert all("api/access/policy.py" in line for line in lines)


def test_field_extensions_are_refused() -> None:
    @strawberry.type
    class Query:
        name: str = strawberry.field(extensions=[Hide()])

    assert problem_of(Query).startswith("Query.name has field extensions, which do not run")


def test_a_resolver_method_on_a_type_is_refused_and_a_declared_source_is_not() -> None:
    @strawberry.type
    class Person:
        first: str = column(description="The first name.")

        @strawberry.field
        def last(self) -> str:
            return "Example"

    @strawberry.type
    class Query:
        @strawberry.field
        def person(self) -> Person | None:
            return None

    [line] = problem_of(Query).splitlines()
    assert line.startswith("Person.last has a resolver method, which does not run: declare its source with column()")


def test_schema_extensions_and_subscriptions_are_refused() -> None:
    @strawberry.type
    class Query:
        name: str

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def names(self) -> AsyncGenerator[str, None]:
            yield "Ada"

    assert problem_of(Query, subscription=Subscription).startswith("the schema has subscriptions")
    assert problem_of(Query, extensions=[SchemaExtension]).startswith("the schema has extensions, which do not run")
