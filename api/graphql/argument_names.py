"""The names of arguments and input fields, by which errors say where a value stands in a document."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from graphql import (
    ArgumentNode,
    GraphQLSchema,
    ListValueNode,
    ObjectFieldNode,
    VariableDefinitionNode,
    is_input_object_type,
    is_object_type,
)


@cache
def names_of_inputs(schema: GraphQLSchema) -> frozenset[str]:
    """Return the names of all arguments and all input fields."""
    names: set[str] = set()
    for named in schema.type_map.values():
        if is_input_object_type(named):
            names.update(named.fields)
        elif is_object_type(named):
            names.update(name for field in named.fields.values() for name in field.args)
    return frozenset(names)


def argument_name(schema: GraphQLSchema, nodes: Sequence[Any], keys: Sequence[Any]) -> str:
    """Return the dotted name of the argument or variable of a node, or an empty string where it has none.

    ``nodes`` are those from the document to the node, with the lists between them. ``keys`` are the keys from each to
    the next one. A name that the schema does not know is left out.
    """
    known = names_of_inputs(schema)
    name = ""
    for index, node in enumerate(nodes):
        if isinstance(node, ArgumentNode):
            name = node.name.value if node.name.value in known else ""
        elif isinstance(node, VariableDefinitionNode):
            name = node.variable.name.value
        elif isinstance(node, ObjectFieldNode):
            name = f"{name}.{node.name.value}" if name and node.name.value in known else name
        elif name and isinstance(node, tuple) and isinstance(nodes[index - 1], ListValueNode) and index < len(keys):
            name = f"{name}.{keys[index]}"
    return name
