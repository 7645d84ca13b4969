"""What stands in documents and variables: what no argument may hold, and the argument that something stands in."""

from collections.abc import Sequence
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FloatValueNode,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NameNode,
    Node,
    ObjectFieldNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    get_named_type,
    type_from_ast,
    visit,
)

from models.cards import looks_like_card_number, number_looks_like_card
from models.errors import BadInput, CardNumberRefused

SHORTEST = 13
"""Digits of the shortest card numbers."""
LEAST = 10 ** (SHORTEST - 1)
_NUMBERS = frozenset({"Int", "Float", "BigInt"})


class _Literals(Visitor):
    """Looks at every literal, and every name, of a document."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        demand_text(node.value, "")

    def enter_name(self, node: NameNode, *_: object) -> None:
        if looks_like_card_number(node.value):
            raise CardNumberRefused

    def enter_int_value(self, node: IntValueNode, *_: object) -> None:
        self._number(node)

    def enter_float_value(self, node: FloatValueNode, *_: object) -> None:
        self._number(node)

    def _number(self, node: IntValueNode | FloatValueNode) -> None:
        expected = self._types.get_input_type()
        if (expected is None or get_named_type(expected).name not in _NUMBERS) and looks_like_card_number(node.value):
            raise CardNumberRefused


def demand(schema: GraphQLSchema, document: DocumentNode) -> None:
    """Refuse a document in which a card number stands, in a string, a name, or a bare number where a string belongs."""
    types = TypeInfo(schema)
    visit(document, TypeInfoVisitor(types, _Literals(types)))


def demand_text(text: str, argument: str) -> None:
    """Refuse a string that no argument may hold: a card number, a NUL, half of a surrogate pair."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadInput(argument, "it is not well-formed Unicode") from None
    if "\0" in text:
        raise BadInput(argument, "it holds a NUL")
    if looks_like_card_number(text):
        raise CardNumberRefused(argument=argument)


def demand_variables(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode], variables: dict[str, Any]
) -> None:
    """Refuse variables in which such a string stands, at any depth, as a key or as a value.

    A bare number is refused, too, where a string belongs, when it looks like a card number.
    """
    pending: list[tuple[str, Any]] = [("", variables)]
    while pending:
        path, value = pending.pop()
        kind = type(value)
        if kind is str:
            if len(value) >= SHORTEST or not value.isprintable():
                demand_text(value, path)
        elif kind is dict:
            for key, inner in value.items():
                if len(key) >= SHORTEST:
                    demand_text(key, path)
                pending.append((f"{path}.{key}" if path else key, inner))
        elif kind is list:
            pending.extend((f"{path}.{index}", inner) for index, inner in enumerate(value))
        elif (
            (kind is int or kind is float)
            and not -LEAST < value < LEAST
            and number_looks_like_card(value)
            and _expected(schema, definitions, path) not in _NUMBERS
        ):
            raise CardNumberRefused(argument=path)


def _expected(schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode], path: str) -> str | None:
    """Give the name of the scalar that a variable has at this dotted path."""
    name, *keys = path.split(".")
    for definition in definitions:
        if definition.variable.name.value == name:
            expected: Any = type_from_ast(schema, definition.type)
            for key in keys:
                if not key.isdigit():
                    field = getattr(get_named_type(expected), "fields", {}).get(key)
                    expected = field.type if field else None
            return get_named_type(expected).name if expected else None
    return None


def argument_of(document: DocumentNode, wanted: Node | None) -> str | None:
    """Give the dotted name of the argument, or the variable, that a literal stands in."""
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        path, node = pending.pop()
        if node is wanted:
            return path
        if isinstance(node, ArgumentNode):
            path = node.name.value
        elif isinstance(node, VariableDefinitionNode):
            path = node.variable.name.value
        elif isinstance(node, ObjectFieldNode):
            path = f"{path}.{node.name.value}"
        for key in node.keys:
            inner = getattr(node, key, None)
            if isinstance(inner, Node):
                pending.append((path, inner))
            elif isinstance(inner, list | tuple):
                numbered = isinstance(node, ListValueNode)
                pending.extend(
                    (f"{path}.{index}" if numbered else path, one)
                    for index, one in enumerate(inner)
                    if isinstance(one, Node)
                )
    return None
