"""What an operation costs: the objects that it may return, and the entries of the lists that it names.

The cost is computed before anything runs. A part that depends on variables is computed for each request.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)
from graphql.utilities import type_from_ast, value_from_ast_untyped

from api.graphql.execution.field_collection import Document
from resolvers.pagination import DEFAULT_FIRST, MAX_FIRST

INTROSPECTION_COST = 1_000
"""The cost of ``__schema`` and of ``__type``, whatever is selected of them."""
LIST_SIZE = 5
"""The objects that a list without a page size counts for: addresses, accounts, choices and the like of one person."""
_CONTAINERS = frozenset({dict, list})
Amount: TypeAlias = int | Callable[[Mapping[str, Any]], int]
"""A number, or a function that computes it from the variables. Inside an operation, lists are replaced by counts."""


def amount_of(amount: Amount, variables: Mapping[str, Any]) -> int:
    """Return the number that an amount comes to with these variables."""
    return amount if isinstance(amount, int) else amount(variables)


def compile_cost(schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode) -> Amount:
    """Compile the cost of a validated operation. Fields count as selected, whatever @skip and @include decide."""
    variables = operation.variable_definitions or ()
    defaults = {
        node.variable.name.value: value_from_ast_untyped(node.default_value) for node in variables if node.default_value
    }
    lists = frozenset(
        node.variable.name.value for node in variables if _may_hold_list(type_from_ast(schema, node.type), set())
    )
    root = schema.get_root_type(operation.operation)
    assert root, "a validated operation has a root type"  # noqa: S101
    amount = _CostCompiler(schema, document, defaults, lists).selection(root, [operation.selection_set], LIST_SIZE)
    if isinstance(amount, int):
        return amount

    def cost(variables: Mapping[str, Any]) -> int:
        """Count the entries of each variable once: several fields may name it."""
        counts = {name: count_entries(variables.get(name, defaults.get(name))) for name in lists}
        return amount_of(amount, {**variables, **counts})

    return cost


def _may_hold_list(type_: Any, visited: set[str]) -> bool:
    """Return whether a value of an input type may hold a list."""
    if is_non_null_type(type_):
        type_ = type_.of_type
    if is_list_type(type_):
        return True
    if not isinstance(type_, GraphQLInputObjectType) or type_.name in visited:
        return False
    visited.add(type_.name)
    return any(_may_hold_list(field.type, visited) for field in type_.fields.values())


class _CostCompiler(NamedTuple):
    schema: GraphQLSchema
    document: Document
    defaults: Mapping[str, Any]
    lists: frozenset[str]
    """The variables that may hold a list."""

    def selection(self, parent: GraphQLNamedType, selection_sets: Iterable[SelectionSetNode], page: Amount) -> Amount:
        """Return the cost of what is selected of one object; ``page`` is the page size where it is a connection."""
        collected: dict[tuple[str, str], tuple[GraphQLNamedType, list[FieldNode]]] = {}
        for selection_set in selection_sets:
            self._collect(parent, selection_set, set(), collected)
        return _sum([self._field(owner, nodes, page) for owner, nodes in collected.values()])

    def _collect(
        self,
        parent: GraphQLNamedType,
        selection_set: SelectionSetNode,
        visited: set[str],
        collected: dict[tuple[str, str], tuple[GraphQLNamedType, list[FieldNode]]],
    ) -> None:
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                key = parent.name, (node.alias or node.name).value
                collected.setdefault(key, (parent, []))[1].append(node)
                continue
            if isinstance(node, InlineFragmentNode):
                condition, inner = node.type_condition, node.selection_set
            else:
                name = node.name.value  # type: ignore[attr-defined]
                if name in visited:
                    continue
                visited.add(name)
                fragment = self.document.fragments[name]
                condition, inner = fragment.type_condition, fragment.selection_set
            owner = self.schema.type_map[condition.name.value] if condition else parent
            self._collect(owner, inner, visited, collected)

    def _field(self, parent: GraphQLNamedType, nodes: Sequence[FieldNode], page: Amount) -> Amount:
        name = nodes[0].name.value
        if name in {"__schema", "__type"}:
            return INTROSPECTION_COST
        field: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        if field is None:  # __typename
            return 0
        arguments = {argument.name.value: argument.value for argument in nodes[0].arguments or ()}
        named_count = _sum([self._entries(value) for value in arguments.values()])
        named = get_named_type(field.type)
        if not is_composite_type(named):
            return named_count
        own_page = self._page(arguments.get("first")) if "first" in field.args else LIST_SIZE
        selection_sets = [node.selection_set for node in nodes if node.selection_set]
        below = self.selection(named, selection_sets, own_page)
        # An edge stands for its node, and a connection for its edges.
        own = 0 if "first" in field.args or name == "pageInfo" or parent.name.endswith("Edge") else 1
        each = _sum([own, below])
        if not is_list_type(field.type.of_type if is_non_null_type(field.type) else field.type):
            return _sum([named_count, each])
        if name == "edges":
            return _product(page, each)
        # A list that is asked for by a list has as many entries as that.
        return _sum([named_count, _product(named_count or LIST_SIZE, each)])

    def _entries(self, node: ValueNode) -> Amount:
        """Return how many entries the lists in the value of an argument have."""
        if isinstance(node, VariableNode):
            name = node.name.value
            return (lambda variables: variables[name]) if name in self.lists else 0
        if isinstance(node, ListValueNode):
            return _sum([len(node.values), *map(self._entries, node.values)])
        if isinstance(node, ObjectValueNode):
            return _sum([self._entries(field.value) for field in node.fields])
        return 0

    def _page(self, node: ValueNode | None) -> Amount:
        """Return the page size that the argument ``first`` asks for."""
        if isinstance(node, VariableNode):
            name = node.name.value
            default = self.defaults.get(name)
            return lambda variables: _page_size(variables.get(name, default))
        return _page_size(int(node.value) if isinstance(node, IntValueNode) else None)


def count_entries(value: object) -> int:
    """Return how many entries the lists in a JSON value have, at any depth."""
    if value.__class__ is str:
        return 0
    count, pending = 0, [value]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            count += len(current)
            if not _CONTAINERS.isdisjoint(map(type, current)):
                pending += current
        elif isinstance(current, dict):
            pending += current.values()
    return count


def _page_size(first: object) -> int:
    """Return the size of a page; what is no page size is refused by the field itself."""
    if first is None:
        return DEFAULT_FIRST
    return min(max(first, 0), MAX_FIRST) if isinstance(first, int) else MAX_FIRST


def _sum(amounts: Sequence[Amount]) -> Amount:
    fixed = sum(amount for amount in amounts if isinstance(amount, int))
    variable = [amount for amount in amounts if not isinstance(amount, int)]
    if not variable:
        return fixed
    if len(variable) == 1 and not fixed:
        return variable[0]
    return lambda variables: fixed + sum(amount(variables) for amount in variable)


def _product(some: Amount, each: Amount) -> Amount:
    if isinstance(some, int) and isinstance(each, int):
        return some * each
    return lambda variables: amount_of(some, variables) * amount_of(each, variables)
