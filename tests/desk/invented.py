"""Answers of the right shape for any operation, with one value for every string."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    parse,
)

FIXED: dict[str, Any] = {
    "Boolean": True,
    "Int": 7,
    "BigInt": 7,
    "Float": 1.5,
    "DateTime": "2026-01-31T12:00:00Z",
    "Date": "2026-01-31",
}


def answer_for(schema: GraphQLSchema, document: str, value: str) -> dict[str, Any]:
    """Return the data of an operation: lists have one entry, enums their first value, strings and ids the value."""
    tree = parse(document)
    fragments = {each.name.value: each for each in tree.definitions if isinstance(each, FragmentDefinitionNode)}
    [operation] = [each for each in tree.definitions if isinstance(each, OperationDefinitionNode)]
    root = schema.mutation_type if operation.operation.value == "mutation" else schema.query_type
    assert root
    return _object(schema, root, operation.selection_set, fragments, value)


def _object(
    schema: GraphQLSchema,
    named: Any,
    selection: SelectionSetNode,
    fragments: dict[str, FragmentDefinitionNode],
    value: str,
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for node in selection.selections:
        if isinstance(node, FragmentSpreadNode):
            data |= _object(schema, named, fragments[node.name.value].selection_set, fragments, value)
        elif isinstance(node, InlineFragmentNode):
            assert node.type_condition
            data |= _object(
                schema, schema.type_map[node.type_condition.name.value], node.selection_set, fragments, value
            )
        elif isinstance(node, FieldNode):
            kind = named.fields[node.name.value].type
            name = node.alias.value if node.alias else node.name.value
            data[name] = _value(schema, kind, node, fragments, value)
    return data


def _value(
    schema: GraphQLSchema, kind: Any, node: FieldNode, fragments: dict[str, FragmentDefinitionNode], value: str
) -> Any:
    nullable = kind.of_type if is_non_null_type(kind) else kind
    if is_list_type(nullable):
        return [_value(schema, nullable.of_type, node, fragments, value)]
    named = get_named_type(nullable)
    if node.selection_set:
        return _object(schema, named, node.selection_set, fragments, value)
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    return FIXED.get(named.name, value)
