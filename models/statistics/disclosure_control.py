"""Statistical disclosure control: small groups are suppressed, and other figures are rounded.

A suppressed group cannot be subtracted out of its total: as many further groups are suppressed as that takes.
"""

from collections.abc import Mapping
from typing import Final

LEAST_GROUP: Final = 20
ROUNDED_TO: Final = 5
SIGNIFICANT_DIGITS: Final = 2


def protect_count(count: int) -> int | None:
    """Return a count rounded to a multiple of 5; None below 20."""
    return None if count < LEAST_GROUP else ROUNDED_TO * round(count / ROUNDED_TO)


def protect_parts(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Return the protected counts of groups that add up to a known total.

    While the suppressed groups have fewer than 20 people together, the smallest shown group is suppressed, too.
    """
    by_size = sorted(counts, key=lambda name: counts[name])
    suppressed = [name for name in by_size if counts[name] < LEAST_GROUP]
    shown = [name for name in by_size if name not in suppressed]
    while suppressed and shown and sum(counts[name] for name in suppressed) < LEAST_GROUP:
        suppressed.append(shown.pop(0))
    return {name: None if name in suppressed else protect_count(count) for name, count in counts.items()}


def protect_bytes(count: int, accounts: int) -> int | None:
    """Return a number of bytes with two significant digits; None for a group of fewer than 20 accounts."""
    if accounts < LEAST_GROUP:
        return None
    step = 10 ** max(0, len(str(count)) - SIGNIFICANT_DIGITS)
    return step * round(count / step)
