"""The names of arguments and input fields, by which errors say where a value stands in a document."""

from functools import cache
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLSchema,
    ListValueNode,
    Node,
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


def argument_names(schema: GraphQLSchema, document: DocumentNode) -> dict[int, str]:
    """Return the dotted name of the argument or variable of each node, by the identity of the node.

    A name that the schema does not know is left out.
    """
    known = names_of_inputs(schema)
    names: dict[int, str] = {}
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, ArgumentNode):
            path = node.name.value if node.name.value in known else ""
        elif isinstance(node, VariableDefinitionNode):
            path = node.variable.name.value
        elif isinstance(node, ObjectFieldNode):
            path = f"{path}.{node.name.value}" if path and node.name.value in known else path
        names[id(node)] = path
        for key in node.keys:
            inner = getattr(node, key, None)
            if isinstance(inner, Node):
                pending.append((path, inner))
            elif isinstance(inner, list | tuple):
                numbered = isinstance(node, ListValueNode)
                pending.extend(
                    (f"{path}.{index}" if numbered and path else path, one)
                    for index, one in enumerate(inner)
                    if isinstance(one, Node)
                )
    return names
