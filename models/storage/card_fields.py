"""Detection of card numbers in values of several fields: the fields of one input together, and parsed JSON.

A number is also detected when it is divided between the text fields of one input, in any order. Email addresses and
times are left out of such combinations: their digits would complete the digits of references by chance.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, permutations, product
from typing import Final, NamedTuple

from models.storage.card_groups import FEW_DIGITS, dense_digits
from models.storage.card_numbers import (
    MAX_MARKED_LENGTH,
    canonicalize,
    contains_run,
    looks_like_card_number,
    without_identifiers,
)

_MAX_COMBINED: Final = 5
"""Texts with digits at an end of which every order is checked; of more, every pair is checked."""
_LENGTHS: Final = range(13, 20)
_FOUR: Final = re.compile("[0-9]{4}")
_FEW: Final = re.compile(r"\D*+(?:\d\D*+){0,8}+")
"""A text with fewer digits than those of the shortest number without its last four."""
_ADDRESS: Final = re.compile(r"[^@]+@[^@]*[^\W\d_][^@]*")
"""An email address: one ``@``, and a letter in the domain."""
_DIGIT: Final = re.compile(r"\d|[^\x00-\x7f]")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]+(?:[Zz]|[+-][0-9:]+)?)?")
# The groups at the start and at the end of a text that a number may consist of: no letter separates them, but an x.
_HEAD: Final = re.compile(r"[^A-WYZa-wyz\x80-\U0010ffff]*")
_TAIL: Final = re.compile(r"[^A-WYZa-wyz\x80-\U0010ffff]*+\Z")
_GROUP: Final = re.compile("[0-9]+")
_MAX_EDGE: Final = 128
"""The characters at each end of a text that a number divided between texts can extend over, and that decide on it."""
_BREAK: Final = " z "
"""A letter, which no number extends over."""


def fields_contain_card_number(texts: Iterable[str]) -> bool:
    """Return whether the texts of one input's fields form a card number together.

    A number in one text alone is left to the check of that text.
    """
    parts = [
        text
        for text in texts
        if _DIGIT.search(text) and not ("@" in text and _ADDRESS.fullmatch(text)) and not _TIME.fullmatch(text)
    ]
    if len(parts) < 2:  # noqa: PLR2004 -- one part is checked by itself
        return False
    if FEW_DIGITS.fullmatch(canonicalize(" ".join(parts))):
        return False
    if _last_four_complete(parts):
        return True
    orders = [*_orders([edges for edges in map(_edges, parts) if edges.head or edges.tail])]
    # Most inputs end here: one check of the digits of all orders costs less than the check of one text.
    chains = [digits for order in orders if len((digits := _digits(order)).replace(" ", "")) >= _LENGTHS[0]]
    if not chains or not contains_run(chains):
        return False
    return any(map(looks_like_card_number, _joined(" ".join(each.text for each in order) for order in orders)))


def _last_four_complete(texts: list[str]) -> bool:
    """Return whether a text of four digits completes the digits of another, or repeats the last of them."""
    fours = [text for text in map(str.strip, map(canonicalize, texts)) if _FOUR.fullmatch(text)]
    if not fours:
        return False
    others = [canonicalize(text) for text in texts if len(text) <= MAX_MARKED_LENGTH and not _FEW.fullmatch(text)]
    chains: list[str] = []
    for digits in chain.from_iterable(dense_digits(other, without_identifiers(other)) for other in others):
        stripped = digits.lstrip("0")
        for four in fours:
            chains.append(four + digits)
            # The reference may hold the first of the last four digits, too.
            chains += (stripped + four[count:] for count in range(4) if stripped.endswith(four[:count]))
    return bool(chains) and contains_run(chains)


class _Edges(NamedTuple):
    """What a text can contribute to a number with other texts before or after it."""

    text: str
    """In ASCII where it can be, without what is far from both of its ends."""
    head: str
    """The groups of digits at the start, with spaces between them."""
    tail: str
    """Those at the end."""
    is_whole: bool
    """Whether these are all groups, with no letter before or after them."""


def _edges(text: str) -> _Edges:
    if len(text) > 2 * _MAX_EDGE:
        text = text[:_MAX_EDGE] + _BREAK + text[-_MAX_EDGE:]
    text = canonicalize(text)
    head, tail = _HEAD.match(text), _TAIL.search(text)
    first, last = (_GROUP.findall(match[0]) if match else [] for match in (head, tail))
    is_whole = head is not None and head.end() == len(text) and sum(map(len, first)) < _LENGTHS[-1]
    return _Edges(text, " ".join(_first(first)), " ".join(reversed(_first(reversed(last)))), is_whole)


def _orders(parts: list[_Edges]) -> Iterator[tuple[_Edges, ...]]:
    """Yield texts in each order in which a number can extend over all of them."""
    if len(parts) > _MAX_COMBINED:
        yield from ((first, last) for first, last in permutations(parts, 2) if first.tail and last.head)
        return
    whole = [part for part in parts if part.is_whole]
    firsts = [None, *(part for part in parts if part.tail and not part.is_whole)]
    lasts = [None, *(part for part in parts if part.head and not part.is_whole)]
    for count in range(len(whole) + 1):
        for middle in permutations(whole, count):
            for first, last in product(firsts, lasts):
                order = tuple(part for part in (first, *middle, last) if part)
                # Without a text at both ends, the number is in an order of more texts, too.
                is_longest = count == len(whole) or (first and last)
                if len(order) > 1 and is_longest and (first is None or first is not last):
                    yield order


def _digits(order: tuple[_Edges, ...]) -> str:
    return " ".join((*(part.tail for part in order[:-1]), order[-1].head))


def _first(groups: Iterable[str]) -> list[str]:
    """Return the first groups that a number with a digit elsewhere has room for."""
    chosen: list[str] = []
    room = _LENGTHS[-1] - 1
    for group in groups:
        room -= len(group)
        if room < 0:
            break
        chosen.append(group)
    return chosen


def _joined(orders: Iterable[str]) -> Iterable[str]:
    """Join texts into few that are still short enough to be searched for marks: each search has a fixed cost."""
    joined = ""
    for order in orders:
        if joined and len(joined) + len(_BREAK) + len(order) > MAX_MARKED_LENGTH:
            yield joined
            joined = ""
        joined = joined + _BREAK + order if joined else order
    yield joined


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
