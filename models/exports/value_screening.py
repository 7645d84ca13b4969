"""Values of a JSON text that look like card numbers are replaced: strings, names, numbers, and lists of their groups.

A number that is split over the members of an object, or over a list of other groups than cards have, is not detected.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import orjson

from models.errors import BadInput
from models.storage.card_numbers import decimal_looks_like_card, looks_like_card_number
from models.storage.reported_texts import REPLACEMENT

SPACE: Final = r"[ \t\n\r]*+"
STRING: Final = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
NUMBER: Final = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
MAX_SPLIT_LENGTH: Final = 500
"""Characters of a list of strings of digits that may be the groups of a card number."""

# The digits of all scripts; superscript, subscript, circled and other ones are none for the expression ``\d``.
_DIGIT: Final = (
    r"\d\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070-\u249b\u24ea-\u24ff\u2776-\u2793"
    r"\U00010a40-\U00011065\U0001f100-\U0001f10a"
)
_TIME: Final = (
    r'"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"'
)
# Twelve digits at most, and no escaped character that may be one: too few for a card number.
_SHORT_STRING: Final = rf'"(?:(?:[^"\\{_DIGIT}]++|\\[^u])*+[{_DIGIT}]){{0,12}}+(?:[^"\\{_DIGIT}]++|\\[^u])*+"'
_SHORT_NUMBER: Final = r"-?[0-9][0-9.eE+-]{0,11}+(?![0-9.eE+-])"
_CANDIDATE: Final = re.compile(
    rf'(?:[^"\-0-9]++|{_TIME}|{_SHORT_STRING}|{_SHORT_NUMBER})*+(?:(?P<string>{STRING})|(?P<number>{NUMBER}))'
)
_GROUP: Final = r'"[0-9]{1,6}"'
_SPLIT: Final = re.compile(rf"\[{SPACE}{_GROUP}(?:{SPACE},{SPACE}{_GROUP}){{2,18}}+{SPACE}\]")
_INCOMPLETE_SPLIT: Final = re.compile(rf'\[{SPACE}(?:{_GROUP}{SPACE},{SPACE}){{0,18}}(?:"[0-9]{{0,6}}"?{SPACE})?')
_PRINTED: Final = {(4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4)}
_UNIFORM: Final = re.compile("1{13,19}|2{7,9}1?")


def replace_card_numbers(text: str) -> tuple[str, int]:
    """Return a part of a valid JSON text that consists of whole values with the card numbers replaced, and how many."""
    pieces: list[str] = []
    start = replaced = 0
    for split in _SPLIT.finditer(text):
        if _is_split_card(re.findall("[0-9]+", split[0])):
            pieces += (text[start : split.start()], f'["{REPLACEMENT}"]')
            start = split.end()
            replaced += 1
    text, pieces, start, position = "".join(pieces) + text[start:], [], 0, 0
    while match := _CANDIDATE.match(text, position):
        position = match.end()
        kind = match.lastgroup or ""
        if _is_card(kind, match[kind]):
            pieces += (text[start : match.start(kind)], f'"{REPLACEMENT}"')
            start = position
            replaced += 1
    return ("".join(pieces) + text[start:] if pieces else text), replaced


def may_be_split(text: str, position: int) -> bool:
    """Return whether a list begins here that is not complete yet, and may be that of the groups of a card number."""
    match = _INCOMPLETE_SPLIT.match(text, position)
    return match is not None and match.end() == len(text) and match.end() - position <= MAX_SPLIT_LENGTH


def _is_split_card(groups: Sequence[str]) -> bool:
    widths = tuple(map(len, groups))
    has_form = widths in _PRINTED or _UNIFORM.fullmatch("".join(map(str, widths)))
    return bool(has_form) and looks_like_card_number(" ".join(groups))


def _is_card(kind: str, token: str) -> bool:
    if kind == "number":
        return decimal_looks_like_card(Decimal(token))
    if "\\" not in token:
        return looks_like_card_number(token[1:-1])
    try:
        text: str = orjson.loads(token)
    except orjson.JSONDecodeError:
        raise BadInput("body", "it is not a JSON text in UTF-8") from None
    return looks_like_card_number(text)
