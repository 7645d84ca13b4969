"""The schema: what the types say, with who needs to know written on every field, and what of it each role sees."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any

import strawberry
from graphql import (
    GraphQLDirective,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_interface_type,
    is_introspection_type,
    is_object_type,
)

import resolvers.enums
import resolvers.policy_enums  # noqa: F401 -- describes the enums
from api.access import policy
from api.access.directives import directives_for
from api.graphql.strawberry_features import require_supported
from models import errors
from models.actors import Role
from resolvers.access_grants import AccessGrant
from resolvers.backups import Backup
from resolvers.erasure import ErasureStep
from resolvers.exports import ExportStep
from resolvers.forced_disclosures import ForcedDisclosure
from resolvers.incidents import Incident
from resolvers.payments import PaymentFragment
from resolvers.rights_requests import RightsRequest
from resolvers.scalars import CONFIG
from resolvers.schema_types import Mutation, Query
from resolvers.subjects import Subject
from resolvers.sync import SyncAccount

RELEASED_LOCATIONS = frozenset(
    {
        *("QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"),
        *("VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE"),
        *("UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION"),
    }
)
"""The directive locations of the GraphQL specification of September 2025."""
CODES = {refusal.code: refusal.__doc__ or "" for refusal in errors.Refusal.__subclasses__()}
_enum: Any = StrEnum
ErrorCode: Any = strawberry.enum(
    _enum("ErrorCode", {code: code for code in CODES}),
    description="`extensions.code` of every error. Read it, never the message.",
)
for _value in ErrorCode.__strawberry_definition__.values:
    _value.description = CODES[_value.name]


def _checked_schema() -> strawberry.Schema:
    schema_ = strawberry.Schema(
        Query,
        Mutation,
        types=[
            AccessGrant,
            Subject,
            PaymentFragment,
            SyncAccount,
            RightsRequest,
            ErasureStep,
            ExportStep,
            Backup,
            ForcedDisclosure,
            Incident,
            ErrorCode,
        ],
        config=CONFIG,
    )
    require_supported(schema_)
    fields = {
        f"{named.name}.{name}": field
        for named in schema_._schema.type_map.values()  # noqa: SLF001 -- Strawberry has no public access to its schema
        if (is_object_type(named) or is_interface_type(named)) and not is_introspection_type(named)
        for name, field in named.fields.items()
    }
    if unmarked := fields.keys() ^ policy.ACCESS_POLICY.keys():
        raise SystemExit(f"api/access/policy.py and the schema differ in {', '.join(sorted(unmarked))}")
    if unknown := policy.PERSONAL - fields.keys():
        raise SystemExit(f"api/access/policy.py calls personal what is no field: {', '.join(sorted(unknown))}")
    for coordinate, field in fields.items():
        field.extensions["strawberry-definition"].directives = list(directives_for(coordinate))
    return schema_


schema = _checked_schema()
core: GraphQLSchema = schema._schema  # noqa: SLF001


def print_schema() -> str:
    """Return the text of schema.graphql."""
    return schema.as_str() + "\n"


def _released(directives: Iterable[GraphQLDirective]) -> list[GraphQLDirective]:
    """Return the directives with the locations of the released specification only.

    Clients refuse an introspection result with a location that they do not know, such as that of a draft.
    """
    kept = []
    for directive in directives:
        options = directive.to_kwargs()
        options["locations"] = tuple(one for one in directive.locations if one.name in RELEASED_LOCATIONS)
        kept.append(GraphQLDirective(**options))
    return kept


@cache
def schema_for(role: Role) -> GraphQLSchema:
    """Return the part of the schema that a role may use; introspection answers from it."""
    kept: dict[str, Any] = {}
    for name, named in core.type_map.items():
        if (is_object_type(named) or is_interface_type(named)) and not is_introspection_type(named):
            kept[name] = _view(kept, named, role)
    visible = policy.visible_types(role)
    return GraphQLSchema(
        query=kept["Query"],
        mutation=kept["Mutation"] if "Mutation" in visible else None,
        types=[*(kept[name] for name in visible - {"Query", "Mutation"}), core.type_map["ErrorCode"]],
        directives=_released(core.directives),
    )


def _view(kept: dict[str, Any], named: GraphQLObjectType | GraphQLInterfaceType, role: Role) -> Any:
    """Return a type with the fields that a role needs."""

    def fields() -> dict[str, GraphQLField]:
        return {
            name: _on(kept, field)
            for name, field in named.fields.items()
            if role in policy.ACCESS_POLICY[f"{named.name}.{name}"]
        }

    def interfaces() -> list[GraphQLInterfaceType]:
        return [kept[interface.name] for interface in named.interfaces]

    return type(named)(named.name, fields, interfaces, description=named.description)


def _on(kept: dict[str, Any], field: GraphQLField) -> GraphQLField:
    """Return a field whose type is the role's view of it."""
    return GraphQLField(
        _swapped(kept, field.type),
        args=field.args,
        description=field.description,
        deprecation_reason=field.deprecation_reason,
    )


def _swapped(kept: dict[str, Any], type_: Any) -> Any:
    if hasattr(type_, "of_type"):
        return type(type_)(_swapped(kept, type_.of_type))
    return kept.get(type_.name, type_)
