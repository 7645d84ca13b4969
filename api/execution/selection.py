"""Which fields a selection set asks of one type, after fragments, type conditions, @skip and @include."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    is_abstract_type,
    visit,
)
from typing_extensions import override

from models.errors import BadInput

Choice = Mapping[str, bool | None]
"""The values of the variables that @skip and @include name; None where an explicit null met a default."""


class Document(NamedTuple):
    """What is needed of a schema and a document to collect fields."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]

    @classmethod
    def of(cls, schema: GraphQLSchema, document: DocumentNode) -> "Document":
        definitions = document.definitions
        return cls(schema, {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)})

    def fields_of(
        self,
        selection_sets: Sequence[SelectionSetNode],
        parent: GraphQLObjectType,
        choice: Choice,
    ) -> dict[str, list[FieldNode]]:
        """Give the field nodes that these selection sets ask of the type, by response name, in the order of the answer.

        Raises GraphQLError where @skip or @include is given null.
        """
        collected: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in selection_sets:
            self._collect(selection_set, parent, choice, collected, visited)
        return collected

    def _collect(
        self,
        selection_set: SelectionSetNode,
        parent: GraphQLObjectType,
        choice: Choice,
        collected: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for node in selection_set.selections:
            if not _is_included(node, choice):
                continue
            if isinstance(node, FieldNode):
                name = (node.alias or node.name).value
                collected.setdefault(name, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if self._fits(node, parent):
                    self._collect(node.selection_set, parent, choice, collected, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                fragment = self.fragments[node.name.value]
                if self._fits(fragment, parent):
                    visited.add(node.name.value)
                    self._collect(fragment.selection_set, parent, choice, collected, visited)

    def _fits(self, fragment: FragmentDefinitionNode | InlineFragmentNode, parent: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        condition = self.schema.type_map[fragment.type_condition.name.value]
        return condition is parent or (is_abstract_type(condition) and self._is_possible(condition, parent))

    def _is_possible(self, condition: GraphQLAbstractType, parent: GraphQLObjectType) -> bool:
        return self.schema.is_sub_type(condition, parent)


def _is_included(node: SelectionNode, choice: Choice) -> bool:
    for name, wanted in (("skip", False), ("include", True)):
        for directive in node.directives or ():
            if directive.name.value == name and _condition(directive, choice) is not wanted:
                return False
    return True


def _condition(directive: DirectiveNode, choice: Choice) -> bool:
    value = (directive.arguments or ())[0].value
    if isinstance(value, BooleanValueNode):
        return value.value
    given = choice[value.name.value] if isinstance(value, VariableNode) else None
    if given is None:
        problem = BadInput("if")
        raise GraphQLError(problem.message, value, original_error=problem)
    return given


class _ChoosingVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    @override
    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        if node.name.value in {"skip", "include"}:
            value = (node.arguments or ())[0].value
            if isinstance(value, VariableNode):
                self.names[value.name.value] = None


def choosing_variables(operation: OperationDefinitionNode, document: Document) -> tuple[str, ...]:
    """Name the variables that decide which fields are selected: a plan has one variant for each of their values."""
    visitor = _ChoosingVariables()
    for node in (operation, *document.fragments.values()):
        visit(node, visitor)
    declared = {node.variable.name.value for node in operation.variable_definitions or ()}
    return tuple(name for name in visitor.names if name in declared)
