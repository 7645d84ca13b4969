"""The rule that literals are of the type of their place, checked entry by entry and answered without their values."""

from typing import Any

from graphql import (
    SKIP,
    GraphQLError,
    GraphQLLeafType,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    ValidationRule,
    VisitorAction,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from graphql.language import ValueNode
from graphql.utilities import validate_input_literal

from api.graphql.argument_names import argument_name
from models.errors import BadInput, InputProblem


class LiteralRule(ValidationRule):
    """The rule of the specification (5.6), with BAD_INPUT for its errors.

    graphql-core checks a whole list in one call, and prints it once for each error in it.
    """

    def enter_null_value(self, node: NullValueNode, *place: Any) -> VisitorAction:
        if is_non_null_type(self.context.get_input_type()):
            self._refuse(InputProblem.REQUIRED, node, *place)
        return SKIP

    def enter_list_value(self, node: ListValueNode, *place: Any) -> VisitorAction:
        expected = self.context.get_parent_input_type()  # the visitor is in the list: this is the type of the list
        if expected and is_list_type(get_nullable_type(expected)):
            return None
        if expected:
            self._refuse(InputProblem.WRONG_TYPE, node, *place)
        return SKIP

    def enter_object_value(self, node: ObjectValueNode, *place: Any) -> VisitorAction:
        expected = get_named_type(self.context.get_input_type())
        if not is_input_object_type(expected):
            if expected:
                self._refuse(InputProblem.WRONG_TYPE, node, *place)
            return SKIP
        names = {field.name.value for field in node.fields}
        for name, field in expected.fields.items():
            if name not in names and is_required_input_field(field):
                self._refuse(InputProblem.REQUIRED, node, *place)
        return None

    def leave_object_value(self, node: ObjectValueNode, *place: Any) -> None:
        expected = get_named_type(self.context.get_input_type())
        if is_input_object_type(expected) and expected.is_one_of:
            known = [field.value for field in node.fields if field.name.value in expected.fields]
            if len(known) != 1 or isinstance(known[0], NullValueNode):
                self._refuse(InputProblem.EXACTLY_ONE_KEY, node, *place)

    def enter_object_field(self, node: ObjectFieldNode, *place: Any) -> VisitorAction:
        if self.context.get_input_type():
            return None
        self._refuse(InputProblem.UNKNOWN_KEY, node, *place)
        return SKIP

    def _leaf(self, node: ValueNode, *place: Any) -> VisitorAction:
        expected = get_named_type(self.context.get_input_type())
        if expected and not (is_leaf_type(expected) and _is_accepted(node, expected)):
            self._refuse(InputProblem.WRONG_TYPE, node, *place)
        return SKIP

    enter_enum_value = enter_int_value = enter_float_value = enter_string_value = enter_boolean_value = _leaf

    def _refuse(
        self, problem: InputProblem, node: Node, _key: object, parent: Any, path: list[Any], ancestors: list[Any]
    ) -> None:
        name = argument_name(self.context.schema, [*ancestors, parent, node], path)
        refusal = BadInput(name, problem=problem)
        self.report_error(GraphQLError(refusal.message, node, original_error=refusal))


def _is_accepted(node: ValueNode, type_: GraphQLLeafType) -> bool:
    errors: list[GraphQLError] = []
    validate_input_literal(node, type_, lambda error, _: errors.append(error), hide_suggestions=True)
    is_accepted = not errors
    while errors:
        error = errors.pop()
        for each in (error, error.original_error, error.__cause__, error.__context__):
            if each:
                each.__traceback__ = None  # its frames refer to it in a cycle
    return is_accepted
