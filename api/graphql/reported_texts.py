"""Variables that hold only texts which a machine reports: a card-like one is replaced and refuses nothing."""

from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    ObjectFieldNode,
    TypeInfo,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
)

from resolvers.inputs import REPORTED_TEXTS


class ReportedTextVisitor(Visitor):
    """Knows of each value, and each variable, whether it is a reported text.

    A reported text is a field of an input object, or an argument of a mutation.
    """

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self._field = ""
        self._reported_by_name: dict[str, bool] = {}
        """For each variable whether every use of it is a reported text."""

    @property
    def reported_variables(self) -> frozenset[str]:
        """The names of the variables that were used as reported texts only, such as the names of files."""
        return frozenset(name for name, is_reported in self._reported_by_name.items() if is_reported)

    def enter_variable(self, node: VariableNode, _key: object, parent: Any, *_: object) -> None:
        if isinstance(parent, VariableDefinitionNode):
            return
        name = node.name.value
        self._reported_by_name[name] = self._reported_by_name.get(name, True) and self.is_reported(parent)

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self._field = node.name.value

    def is_reported(self, parent: Any) -> bool:
        """Return whether the value of this parent node is a reported text."""
        if isinstance(parent, ArgumentNode):
            return (self._field, parent.name.value) in REPORTED_TEXTS
        if isinstance(parent, ObjectFieldNode):
            container = get_named_type(self._types.get_parent_input_type())
            return (container and container.name, parent.name.value) in REPORTED_TEXTS
        return False
