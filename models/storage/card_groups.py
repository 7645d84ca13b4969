"""Groups of digits with letters or mixed marks between them, of which a card number may consist.

A chain is the digits of a whole sequence of groups. Only a whole chain can be a number here, because such groups are
common in ordinary text: versions, times, addresses and identifiers.
"""

import re
from collections.abc import Iterator
from typing import Final

_LENGTHS: Final = range(13, 20)
_PADDED_LENGTHS: Final = frozenset({15, 16, 19})
FEW_DIGITS: Final = re.compile(r"[^0-9]*+(?:[0-9][^0-9]*+){0,12}+")
"""A text with fewer digits than any card number."""
_CLOSE: Final = re.compile(r"[0-9]++(?:[^0-9]{1,6}[0-9]++)++")
_CLUSTER: Final = re.compile(rf"(?<![0-9])(?=(?:[0-9][^0-9]{{0,6}}+){{13}}){_CLOSE.pattern}")
"""Groups with up to six other characters between them, thirteen digits at least."""
_FINE: Final = re.compile(
    r"(?<![0-9])[0-9]{1,2}(?:[^0-9]{1,3}[0-9]{1,2}(?![0-9])){6}|[0-9]{4}[A-Za-z]{1,6}[0-9]{4}[A-Za-z]{1,6}[0-9]{4}[A-Za-z]"
)
_SINGLES: Final = re.compile(r"(?<![0-9])[0-9](?:[^0-9]{1,3}[0-9](?![0-9]))++")
_PAIRS: Final = re.compile(r"(?<![0-9])[0-9]{2}(?:[^0-9]{1,3}[0-9]{2}(?![0-9]))++(?:[^0-9]{1,3}[0-9](?![0-9]))?+")
_FOURS: Final = re.compile(r"(?<![0-9])[0-9]{4}([A-Za-z]{1,6})[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?![0-9])")
_LONG: Final = re.compile("[0-9]{9,18}+(?![0-9])")
_LETTER: Final = re.compile(r"[^\W0-9_]")
_MIXED: Final = re.compile(
    r"[0-9]{3,}+(?:[-_:|*/\\#;()\[\]{}<>\"'~=& ]{1,4}[0-9]{3,}+)+(?:[-_:|*/\\#;()\"'~= ]{1,4}[0-9]++)?"
)
_SCIENTIFIC: Final = re.compile(r"(?<![0-9.])([0-9])[.,]([0-9]{12,18})[eE]\+?([0-9]{2})(?![0-9])")
_PRINTED: Final = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4))
"""The widths of the groups that are printed on cards."""
_MAX_REST: Final = 3
"""The digits of a card number after four groups of four."""
_CHAINED: Final = frozenset({"", "-", "_"})
"""Separators of groups of any width that are found elsewhere."""
_THOUSANDS: Final = 3
_MAX_VERSION: Final = 4
_LONG_GROUP: Final = 6
"""Digits of a group that is longer than those of versions; those of IPv6 addresses are shorter by one more."""


def fine_chains(text: str) -> Iterator[str]:
    """Yield the digits of digits and pairs that letters divide, of fours that one letter divides, and of a mantissa.

    No identifier contains such sequences, so they are looked for in identifiers, too.
    """
    for match in _SCIENTIFIC.finditer(text):
        if int(match[3]) == len(match[2]):
            yield match[1] + match[2]
    if _FINE.search(text) is None:
        return
    for pattern in (_SINGLES, _PAIRS, _FOURS):
        for match in pattern.finditer(text):
            if all(map(_LETTER.search, re.findall("[^0-9]+", match[0]))):
                yield from _whole(re.sub("[^0-9]", "", match[0]))


def disguised_chains(text: str) -> Iterator[str]:
    """Yield the digits of chains that letters or mixed marks divide, without the separators.

    The text is in canonical form, without identifiers.
    """
    if _MIXED.fullmatch(text.strip()):
        yield from _whole(re.sub("[^0-9]", "", text))
    for match in _CLUSTER.finditer(text):
        parts = re.split("([0-9]+)", match[0])[1:-1]
        groups, gaps = parts[::2], [gap.strip().casefold() for gap in parts[1::2]]
        if not _CHAINED.issuperset(gaps):
            yield from _printed(groups, gaps)
            yield from _uniform(groups, gaps)


def dense_digits(text: str, stripped: str) -> Iterator[str]:
    """Yield the digits of each sequence of groups close to each other, and of each long group.

    ``stripped`` is the text without identifiers.
    """
    if not (_SINGLES.fullmatch(text) or _PAIRS.fullmatch(text)):
        text = stripped
    for match in _CLOSE.finditer(text):
        yield re.sub("[^0-9]", "", match[0])
    yield from _LONG.findall(text)


def _whole(digits: str) -> Iterator[str]:
    """Yield the digits of a chain, also without zeros before them, where they can be a number."""
    if len(digits) in _LENGTHS:
        yield digits
    stripped = digits.lstrip("0")
    if stripped != digits and len(stripped) in _PADDED_LENGTHS:
        yield stripped


def _printed(groups: list[str], gaps: list[str]) -> Iterator[str]:
    """Yield the groups that are printed on cards, unless the sequence continues with groups of the same width."""
    widths = [len(group) for group in groups]
    for start, width in enumerate(widths):
        if width != _PRINTED[0][0] or (
            start and widths[start - 1] == width and gaps[start - 1 : start] == gaps[start : start + 1]
        ):
            continue
        for printed in _PRINTED:
            end = start + len(printed)
            if tuple(widths[start:end]) != printed:
                continue
            inner = gaps[start : end - 1]
            if not any(map(_LETTER.search, inner)) and len({*inner}) == 1:
                continue
            if end < len(widths) and widths[end] == width and gaps[end - 1] in inner:
                continue
            yield "".join(groups[start:end])
            if printed[-1] == printed[0] and end < len(widths) and widths[end] <= _MAX_REST:
                yield "".join(groups[start : end + 1])


def _uniform(groups: list[str], gaps: list[str]) -> Iterator[str]:
    """Yield groups of any width that the same single character separates, up to spaces."""
    start = 0
    for end in range(1, len(groups) + 1):
        if end < len(groups) and gaps[end - 1] == gaps[start]:
            continue
        if (
            end - start > 1
            and gaps[start] not in _CHAINED
            and len(gaps[start]) == 1
            and not _is_ordinary(groups[start:end], gaps[start], gaps[:start])
        ):
            yield from _whole("".join(groups[start:end]))
        start = max(start + 1, end - 1)


def _is_ordinary(groups: list[str], gap: str, before: list[str]) -> bool:
    """Return whether groups look like a number, a time or an address rather than a divided number."""
    widths = [len(group) for group in groups]
    if gap in ".,'":
        is_decimal = len(groups) == 2  # noqa: PLR2004 -- an integer and a fraction
        is_version = len(groups) <= _MAX_VERSION and max(widths) < _LONG_GROUP
        return is_decimal or is_version or (widths[0] <= _THOUSANDS and {*widths[1:]} == {_THOUSANDS})
    if gap in ":/":
        return min(widths[:-1]) < _THOUSANDS or max(widths) < _LONG_GROUP - 1
    return gap == "e" and before[-1:] in (["."], [","])
