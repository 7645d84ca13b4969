"""Refuse features of Strawberry that this service does not run: a guard that is ignored would fail open.

Strawberry defines the types and prints the schema. The plans of `api/graphql/execution` run the operations.
"""

from collections.abc import Iterator

import strawberry
from graphql import is_interface_type, is_introspection_type, is_object_type
from strawberry.types.field import StrawberryField

ROOTS = frozenset({"Query", "Mutation", "Subscription"})


def require_supported(schema: strawberry.Schema) -> None:
    """Raise SystemExit with a sentence for each feature that would be ignored."""
    if problems := sorted(_problems(schema)):
        raise SystemExit("\n".join(problems))


def _problems(schema: strawberry.Schema) -> Iterator[str]:
    if schema.extensions:
        yield "the schema has extensions, which do not run: change api/graphql or api/http instead"
    core = schema._schema  # noqa: SLF001 -- Strawberry has no public access to its schema
    if core.subscription_type:
        yield "the schema has subscriptions, which this service does not serve"
    for named in core.type_map.values():
        if (is_object_type(named) or is_interface_type(named)) and not is_introspection_type(named):
            for name, field in named.fields.items():
                definition = field.extensions.get("strawberry-definition")
                if isinstance(definition, StrawberryField):
                    yield from _field_problems(named.name, f"{named.name}.{name}", definition)


def _field_problems(type_name: str, coordinate: str, field: StrawberryField) -> Iterator[str]:
    if field.permission_classes:
        yield (
            f"{coordinate} has permission_classes, which do not run: "
            "name the roles of the field in api/access/policy.py, and put rules about rows into models/"
        )
    elif field.extensions:
        yield f"{coordinate} has field extensions, which do not run: put the rule into models/"
    if type_name not in ROOTS and field.base_resolver is not None and field.metadata.get("source") is None:
        yield (
            f"{coordinate} has a resolver method, which does not run: "
            "declare its source with column() or batched() of resolvers/field_sources.py"
        )
