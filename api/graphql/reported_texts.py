"""Variables that hold only texts which a machine reports: a card-like one is replaced and refuses nothing."""

from typing import Any

from graphql import (
    DocumentNode,
    GraphQLSchema,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)

from resolvers.inputs import REPORTED_TEXTS


class _Uses(Visitor):
    """Collects for each variable whether every use of it is a reported text."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.is_reported: dict[str, bool] = {}

    def enter_variable(self, node: VariableNode, _key: object, parent: Any, *_: object) -> None:
        if isinstance(parent, VariableDefinitionNode):
            return
        container = get_named_type(self._types.get_parent_input_type())
        field = parent.name.value if isinstance(parent, ObjectFieldNode) else ""
        is_reported = (container and container.name, field) in REPORTED_TEXTS
        name = node.name.value
        self.is_reported[name] = self.is_reported.get(name, True) and is_reported


def reported_variables(schema: GraphQLSchema, document: DocumentNode) -> frozenset[str]:
    """Return the names of the variables that are used as reported texts only, such as the names of files."""
    types = TypeInfo(schema)
    uses = _Uses(types)
    visit(document, TypeInfoVisitor(types, uses))
    return frozenset(name for name, is_reported in uses.is_reported.items() if is_reported)
