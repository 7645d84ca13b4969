"""Detection of card numbers in values of several fields: the fields of one input together, and parsed JSON.

A number is also detected when it is divided between the text fields of one input, in any order. Email addresses and
times are left out of such combinations: their digits would complete the digits of references by chance.
"""

import re
from collections.abc import Iterable
from itertools import permutations
from typing import Final

from models.storage.card_numbers import looks_like_card_number

_MAX_COMBINED: Final = 5
"""Text fields with digits of which every order is checked; of more, every pair is checked."""
_MIN_DIGITS: Final = 13
_DIGIT: Final = re.compile(r"\d|[^\x00-\x7f]")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]+(?:[Zz]|[+-][0-9:]+)?)?")
_MARK: Final = " "


def fields_contain_card_number(texts: Iterable[str]) -> bool:
    """Return whether the texts of one input's fields form a card number together that none has to hold alone."""
    parts = [text for text in texts if _DIGIT.search(text) and "@" not in text and not _TIME.fullmatch(text)]
    if len(parts) < 2 or sum(map(len, parts)) < _MIN_DIGITS:  # noqa: PLR2004 -- one part is checked by itself
        return False
    count = len(parts) if len(parts) <= _MAX_COMBINED else 2
    return any(looks_like_card_number(_MARK.join(order)) for order in permutations(parts, count))


def contains_card_number(value: object) -> bool:
    """Return whether a parsed JSON value contains what looks like a card number.

    Keys and values are checked at any depth, and the texts of one object together, with those of objects in it.
    """
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if looks_like_card_number(current):
                return True
        elif isinstance(current, dict):
            pending.extend(current)
            pending.extend(current.values())
            if fields_contain_card_number(_texts(current)):
                return True
        elif isinstance(current, list | tuple):
            pending.extend(current)
    return False


def _texts(entries: dict[object, object]) -> Iterable[str]:
    pending: list[object] = [*entries.values()]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            pending.extend(current.values())
