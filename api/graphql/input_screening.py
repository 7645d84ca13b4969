"""What stands in documents and variables: what no argument may hold, and the argument that something stands in."""

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLSchema,
    IntValueNode,
    NameNode,
    Node,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    get_named_type,
    type_from_ast,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS

from api.graphql import limits
from api.graphql.argument_names import argument_name, names_of_inputs
from api.graphql.reported_texts import ReportedTextVisitor
from api.graphql.visiting import visiting_steps
from models.errors import BadInput, CardNumberRefused, QueryTooLarge
from models.storage.card_numbers import looks_like_card_number, number_looks_like_card
from models.storage.ids import are_ids
from models.storage.turns import Steps, run_at_once
from resolvers.inputs import REPORTED_TEXTS

SHORTEST = 13
"""Digits of the shortest card numbers."""
SLICE_CHARACTERS = 4_000
"""The characters of texts that are screened without a pause, and the rest of the text that exceeds them."""
LEAST = 10 ** (SHORTEST - 1)
_NUMBERS = frozenset({"Int", "Float", "BigInt"})
_REPORTED_FIELDS = {name for _, name in REPORTED_TEXTS}
_Definitions: TypeAlias = Sequence[VariableDefinitionNode]
_Place: TypeAlias = tuple[Any, str | int]
"""Where a value stands in the variables: the place of what holds it, and its key there."""


class _Literals(ReportedTextVisitor):
    """Looks at every literal, and every name, of a document."""

    def __init__(self, schema: GraphQLSchema, types: TypeInfo) -> None:
        super().__init__(types)
        self._schema = schema

    def enter_string_value(self, node: StringValueNode, _key: object, parent: Any, *place: Any) -> None:
        self._screen(node, node.value, parent, *place, replaces_cards=self.is_reported(parent))

    def enter_enum_value(self, node: EnumValueNode, _key: object, *place: Any) -> None:
        self._screen(node, node.value, *place)

    def enter_name(self, node: NameNode, *_: object) -> None:
        try:
            screen_text(node.value)
        except (BadInput, CardNumberRefused) as refusal:
            refusal.extensions["argument"] = ""
            raise

    def enter_int_value(self, node: IntValueNode, _key: object, *place: Any) -> None:
        self._number(node, *place)

    def enter_float_value(self, node: FloatValueNode, _key: object, *place: Any) -> None:
        self._number(node, *place)

    def _number(self, node: IntValueNode | FloatValueNode, *place: Any) -> None:
        expected = self._types.get_input_type()
        if expected is None or get_named_type(expected).name not in _NUMBERS:
            self._screen(node, node.value, *place)

    def _screen(  # noqa: PLR0913 -- the place is what a visitor gets
        self, node: Node, text: str, parent: Any, path: list[Any], ancestors: list[Any], *, replaces_cards: bool = False
    ) -> None:
        try:
            screen_text(text, replaces_cards=replaces_cards)
        except (BadInput, CardNumberRefused) as refusal:
            refusal.extensions["argument"] = argument_name(self._schema, [*ancestors, parent, node], path)
            raise


def screen_document(schema: GraphQLSchema, document: DocumentNode) -> None:
    """Refuse a document that contains a card number: in a string or name, or as a number in the place of a string."""
    run_at_once(document_steps(schema, document))


def document_steps(schema: GraphQLSchema, document: DocumentNode) -> Steps[frozenset[str]]:
    """Screen a document in steps; return the names of the variables that hold reported texts only."""
    types = TypeInfo(schema)
    literals = _Literals(schema, types)
    yield from visiting_steps(document, TypeInfoVisitor(types, literals), QUERY_DOCUMENT_KEYS)
    return literals.reported_variables


_ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")
_HARMLESS = re.compile(rf"{_ID.pattern}|[ -/:-~]*+(?:[0-9][ -/:-~]*+){{0,{SHORTEST - 1}}}+")
"""An id, or printable ASCII with fewer digits than any card number, such as most email addresses."""


def screen_text(text: str, *, replaces_cards: bool = False) -> None:
    """Refuse a string that no argument may hold: a card number, a NUL, half of a surrogate pair.

    QUERY_TOO_LARGE for a string that is longer than any that is stored.
    """
    if len(text) > limits.TEXT:
        raise QueryTooLarge(limit="text", most=limits.TEXT)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadInput("", "it is not well-formed Unicode") from None
    if "\0" in text:
        raise BadInput("", "it holds a NUL")
    if not replaces_cards and looks_like_card_number(text):
        raise CardNumberRefused


def _is_harmless(name: str, value: Any) -> bool:
    """Return whether a variable is an id, or has few digits, under a short name, as most do."""
    is_text = value.__class__ is str and _HARMLESS.fullmatch(value) is not None
    return is_text and len(name) < SHORTEST and name.isprintable()


def _entries(container: Any) -> Iterable[tuple[Any, Any]]:
    """Return the values of a container that need screening; none if the whole container is harmless."""
    if type(container) is dict:
        return () if all(map(_is_harmless, container, container.values())) else container.items()
    if {*map(type, container)} == {str}:
        if are_ids(container):
            return ()
        joined = ",".join(container)
        if (
            len(joined) < SLICE_CHARACTERS
            and joined.isascii()
            and joined.isprintable()
            and not any(map(looks_like_card_number, container))
        ):
            return ()
    return enumerate(container)


def screen_variables(
    schema: GraphQLSchema, definitions: _Definitions, variables: dict[str, Any], reported: frozenset[str] = frozenset()
) -> None:
    """Refuse variables in which such a string stands, at any depth, as a key or as a value.

    A bare number is refused, too, where a string belongs, when it looks like a card number. QUERY_TOO_LARGE when the
    variables hold more values than the limit. Card-like texts of the variables ``reported`` are accepted.
    """
    if len(variables) > limits.VALUES or not all(map(_is_harmless, variables, variables.values())):
        run_at_once(screening_steps(schema, definitions, variables, reported))


def screening_steps(  # noqa: C901 -- a call for each value would cost a third of the time
    schema: GraphQLSchema, definitions: _Definitions, variables: dict[str, Any], reported: frozenset[str] = frozenset()
) -> Steps[None]:
    """Screen variables in steps, which are short however many they are."""
    pending: list[tuple[_Place | None, Any]] = [(None, variables)]
    count = screened = 0
    while pending:
        place, container = pending.pop()
        count += len(container)
        if count > limits.VALUES:
            raise QueryTooLarge(limit="values", most=limits.VALUES)
        for key, value in _entries(container):
            if screened >= SLICE_CHARACTERS:
                yield
                screened = 0
            kind = type(value)
            try:
                if type(key) is str and (len(key) >= SHORTEST or not key.isprintable()):
                    screen_text(key)
                if kind is str:
                    if len(value) >= SHORTEST or not value.isprintable():
                        is_reported = _is_reported(schema, definitions, place, key) if place else key in reported
                        screen_text(value, replaces_cards=is_reported)
                        screened += len(value)
                elif kind is dict or kind is list:
                    pending.append(((place, key), value))
                elif (
                    (kind is int or kind is float)
                    and not -LEAST < value < LEAST
                    and number_looks_like_card(value)
                    and _expected(schema, definitions, (place, key)) not in _NUMBERS
                ):
                    raise CardNumberRefused  # noqa: TRY301 -- named below like any other
            except (BadInput, CardNumberRefused) as refusal:
                refusal.extensions["argument"] = _named(schema, definitions, (place, key))
                raise


def _is_reported(schema: GraphQLSchema, definitions: _Definitions, container: _Place, key: str | int) -> bool:
    """Return whether the field of an input object in the variables is a reported text."""
    return key in _REPORTED_FIELDS and (_expected(schema, definitions, container), key) in REPORTED_TEXTS


def _expected(schema: GraphQLSchema, definitions: _Definitions, place: _Place | None) -> str | None:
    """Return the name of the scalar type of a variable at this path."""
    name, *keys = _keys(place)
    for definition in definitions:
        if definition.variable.name.value == name:
            expected: Any = type_from_ast(schema, definition.type)
            for key in keys:
                if type(key) is str:
                    field = getattr(get_named_type(expected), "fields", {}).get(key) if expected else None
                    expected = field.type if field else None
            return get_named_type(expected).name if expected else None
    return None


def _keys(place: _Place | None) -> list[str | int]:
    keys: list[str | int] = []
    while place:
        place, keys = place[0], [place[1], *keys]
    return keys


def _named(schema: GraphQLSchema, definitions: _Definitions, place: _Place) -> str:
    """Return the dotted name of a path up to its first unknown key, because a key may be personal data."""
    name, *keys = _keys(place)
    if name not in {definition.variable.name.value for definition in definitions}:
        return ""
    known = names_of_inputs(schema)
    named = takewhile(lambda key: type(key) is int or key in known, keys)
    return ".".join([str(name), *map(str, named)])
