"""The schema directives that print the access policy in schema.graphql: @needToKnow and @personal."""

from collections.abc import Iterator

import strawberry
from strawberry.schema_directive import Location

from api.access.policy import ACCESS_POLICY, PERSONAL_CATEGORIES
from models.actors import Role
from models.data_categories import DataCategory


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="needToKnow",
    description="The roles that may use the field. An operation with a field that the caller's role may not use is "
    "refused as a whole.",
)
class NeedToKnow:
    roles: list[Role] = strawberry.directive_field(name="roles")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="personal",
    description="The field is personal data of this category. A person who reads it must name a case, and each read is "
    "recorded.",
)
class Personal:
    category: DataCategory | None = strawberry.directive_field(name="category", default=strawberry.UNSET)


def directives_for(coordinate: str) -> Iterator[object]:
    """Yield the directives of a field, as the printed schema shows them."""
    yield NeedToKnow(roles=[role for role in Role if role in ACCESS_POLICY[coordinate]])
    if category := PERSONAL_CATEGORIES.get(coordinate):
        yield Personal(category=category)
