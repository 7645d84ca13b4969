"""Makes an operation of each field of Query and Mutation, with the fields that every permitted role may read.

Personal fields, fields with arguments and objects with an id of their own are left out. An operation that reads them
is written by hand, for the task that needs them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from graphql import (
    ConstDirectiveNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
    print_ast,
)

HEADER = "# Generated from schema.graphql by `python -m clients.generator`. Do not edit.\n"


def pascal(name: str) -> str:
    """Return a name with an upper-case first letter."""
    return name[0].upper() + name[1:]


def is_required(argument: GraphQLArgument) -> bool:
    """Return whether a caller must pass an argument."""
    has_default = argument.ast_node is not None and argument.ast_node.default_value is not None
    return isinstance(argument.type, GraphQLNonNull) and not has_default


def directives_of(schema_field: GraphQLField) -> dict[str, ConstDirectiveNode]:
    """Return the directives of a field by name."""
    return {node.name.value: node for node in (schema_field.ast_node.directives or ())} if schema_field.ast_node else {}


def roles_of(schema_field: GraphQLField) -> frozenset[str]:
    """Return the roles that may use a field."""
    directive = directives_of(schema_field)["needToKnow"]
    return frozenset(
        role for each in directive.arguments or () for role in print_ast(each.value).strip("[]").split(", ")
    )


@dataclass
class DocumentWriter:
    """The operations and fragments of a schema."""

    schema: GraphQLSchema
    fragments: dict[tuple[str, str], str] = field(default_factory=dict)
    """The name of a fragment by its type and its selection."""

    def write(self) -> str:
        """Return all operations and fragments as one document."""
        operations = [
            self._operation(kind, name, schema_field)
            for kind, root in (("query", self.schema.query_type), ("mutation", self.schema.mutation_type))
            if root is not None
            for name, schema_field in root.fields.items()
            if schema_field.deprecation_reason is None
        ]
        fragments = [
            f"fragment {name} on {type_name} {selection}\n" for (type_name, selection), name in self.fragments.items()
        ]
        return "\n".join([HEADER, *operations, *sorted(fragments)])

    def _operation(self, kind: str, name: str, schema_field: GraphQLField) -> str:
        arguments = schema_field.args.items()
        variables = ", ".join(f"${key}: {_variable_type(argument)}" for key, argument in arguments)
        passed = ", ".join(f"{key}: ${key}" for key, _ in arguments)
        selection = self._selection(get_named_type(schema_field.type), roles_of(schema_field), pascal(name), ())
        head = f"{kind} {pascal(name)}{f'({variables})' if variables else ''}"
        return f"{head} {{\n  {name}{f'({passed})' if passed else ''}{f' {selection}' if selection else ''}\n}}\n"

    def _selection(
        self, selected: GraphQLNamedType, roles: frozenset[str], operation: str, parents: tuple[str, ...]
    ) -> str | None:
        if is_leaf_type(selected):
            return ""
        if is_interface_type(selected):
            return "{ __typename id }"
        if not is_object_type(selected):
            return None
        if selected.name.endswith("Connection"):
            return self._page(selected, roles, operation, parents)
        fields = list(self._fields(selected, roles, operation, (*parents, selected.name)))
        if not fields:
            return None
        return f"{{ ...{self._fragment(selected.name, '{ ' + ' '.join(fields) + ' }', operation)} }}"

    def _page(
        self, connection: GraphQLObjectType, roles: frozenset[str], operation: str, parents: tuple[str, ...]
    ) -> str:
        edge = get_named_type(connection.fields["edges"].type)
        node = get_named_type(edge.fields["node"].type) if is_object_type(edge) else edge
        nodes = self._selection(node, roles, operation, parents)
        return f"{{ edges {{ cursor node {nodes} }} pageInfo {{ hasNextPage endCursor }} }}"

    def _fields(
        self, selected: GraphQLObjectType, roles: frozenset[str], operation: str, parents: tuple[str, ...]
    ) -> Iterable[str]:
        for name, schema_field in selected.fields.items():
            inner = get_named_type(schema_field.type)
            if (
                not roles <= roles_of(schema_field)
                or "personal" in directives_of(schema_field)
                or schema_field.deprecation_reason is not None
                or schema_field.args
                or inner.name in parents
                or (is_object_type(inner) and any(each.name == "Node" for each in inner.interfaces))
            ):
                continue
            selection = self._selection(inner, roles, operation, parents)
            if selection is not None:
                yield f"{name} {selection}".rstrip()

    def _fragment(self, type_name: str, selection: str, operation: str) -> str:
        """Return the name of a fragment: that of the type, with the first operation for a further selection of it."""
        if (type_name, selection) not in self.fragments:
            is_first = all(other != type_name for other, _ in self.fragments)
            self.fragments[type_name, selection] = type_name if is_first else f"{type_name}Of{operation}"
        return self.fragments[type_name, selection]


def _variable_type(argument: GraphQLArgument) -> str:
    """Return the type of the variable of an argument, which may be left out where the argument has a default."""
    return str(argument.type) if is_required(argument) else str(argument.type).removesuffix("!")
