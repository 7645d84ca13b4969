"""Which fields a selection set asks of one type, after fragments, type conditions, @skip and @include."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, is_abstract_type, language, print_ast
from graphql.language import DirectiveNode, FieldNode, FragmentDefinitionNode, InlineFragmentNode, SelectionSetNode

from models.errors import BadInput

Choice: TypeAlias = Mapping[str, bool | None]
"""The values of the Boolean variables, which @skip and @include may name; None where an explicit null met a default."""


class Document(NamedTuple):
    """What is needed of a schema and a document to collect fields."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]

    @classmethod
    def of(cls, schema: GraphQLSchema, document: language.DocumentNode) -> "Document":
        """Take the fragments of a document."""
        nodes = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
        return cls(schema, {node.name.value: node for node in nodes})

    def fields_of(
        self, selection_sets: Sequence[SelectionSetNode], parent: GraphQLObjectType, choice: Choice
    ) -> dict[str, list[FieldNode]]:
        """Return the field nodes of the type by response name, in the order of the response.

        Raises GraphQLError where @skip or @include is given null.
        """
        collected: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()

        def collect(selection_set: SelectionSetNode) -> None:
            for node in selection_set.selections:
                if not _is_included(node, choice):
                    continue
                if isinstance(node, FieldNode):
                    collected.setdefault((node.alias or node.name).value, []).append(node)
                elif isinstance(node, InlineFragmentNode):
                    if self._fits(node, parent):
                        collect(node.selection_set)
                elif isinstance(node, language.FragmentSpreadNode) and node.name.value not in visited:
                    fragment = self.fragments[node.name.value]
                    if self._fits(fragment, parent):
                        visited.add(node.name.value)
                        collect(fragment.selection_set)

        for selection_set in selection_sets:
            collect(selection_set)
        return collected

    def _fits(self, fragment: FragmentDefinitionNode | InlineFragmentNode, parent: GraphQLObjectType) -> bool:
        if fragment.type_condition is None:
            return True
        condition = self.schema.type_map[fragment.type_condition.name.value]
        return condition is parent or (is_abstract_type(condition) and self.schema.is_sub_type(condition, parent))


def _is_included(node: language.SelectionNode, choice: Choice) -> bool:
    for name, expected in (("skip", False), ("include", True)):
        for directive in node.directives or ():
            if directive.name.value == name and _condition(directive, choice) is not expected:
                return False
    return True


def _condition(directive: DirectiveNode, choice: Choice) -> bool:
    [argument] = directive.arguments or ()
    if isinstance(argument.value, language.BooleanValueNode):
        return argument.value.value
    value = choice[argument.value.name.value] if isinstance(argument.value, language.VariableNode) else None
    if value is None:
        problem = BadInput("if")
        raise GraphQLError(problem.message, argument.value, original_error=problem)
    return value


def choosing_variables(operation: language.OperationDefinitionNode) -> tuple[str, ...]:
    """Name the variables that may decide which fields are selected: a plan has a variant for each of their values."""
    nodes = operation.variable_definitions or ()
    return tuple(node.variable.name.value for node in nodes if print_ast(node.type).rstrip("!") == "Boolean")
