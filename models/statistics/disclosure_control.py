"""Statistical disclosure control: small and dominated groups are suppressed, and other figures are rounded.

A suppressed group cannot be subtracted out of its total: as many further groups are suppressed as that takes. The
terms are those of the field: threshold rule, dominance or (n,k) rule, p% rule, and secondary suppression (Hundepool and
others, Statistical Disclosure Control, 2012).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

LEAST_GROUP: Final = 20
ROUNDED_TO: Final = 5
SIGNIFICANT_DIGITS: Final = 2
DOMINANT_PERCENT: Final = 50
"""A total is suppressed when one person contributes more than this share: the (n,k) rule with n = 1."""
PROTECTION_PERCENT: Final = 10
"""A total is suppressed when all but the largest two contribute less than this share of the largest: the p% rule.

Otherwise the second largest contributor could estimate the largest one too closely.
"""


@dataclass(slots=True)
class Contributions:
    """What people contribute to one figure: how many people they are, their total, and the largest two amounts."""

    people: int = 0
    total: int = 0
    largest: int = 0
    second: int = 0

    def add(self, amount: int) -> None:
        """Add the whole amount of one more person."""
        self.people += 1
        self.total += amount
        if amount > self.largest:
            self.largest, self.second = amount, self.largest
        elif amount > self.second:
            self.second = amount

    def merge(self, others: "Contributions") -> None:
        """Add the contributions of other people."""
        self.people += others.people
        self.total += others.total
        self.largest, self.second = sorted((self.largest, self.second, others.largest, others.second))[:1:-1]

    @property
    def is_safe(self) -> bool:
        """Return whether the total may be shown: it is of enough people, and none of them dominates it."""
        return (
            self.people >= LEAST_GROUP
            and self.largest * 100 <= self.total * DOMINANT_PERCENT
            and (self.total - self.largest - self.second) * 100 >= self.largest * PROTECTION_PERCENT
        )


def people_count(count: int, amount: int = 1) -> Contributions:
    """Return the contributions of people who count as this amount each."""
    return Contributions(count, count * amount, min(count, 1) * amount, min(max(count - 1, 0), 1) * amount)


def protect_count(count: Contributions) -> int | None:
    """Return a count rounded to a multiple of 5; None when it is not safe."""
    return ROUNDED_TO * round(count.total / ROUNDED_TO) if count.is_safe else None


def disjoint_union(parts: Iterable[Contributions]) -> Contributions:
    """Return the contributions of groups together, of which each person is in one."""
    union = Contributions()
    for part in parts:
        union.merge(part)
    return union


def protect_parts(
    parts: Mapping[str, Contributions], union_of: Callable[[frozenset[str]], Contributions] | None = None
) -> dict[str, int | None]:
    """Return the protected counts of groups that add up to a known total.

    While the suppressed groups together are not safe, the smallest shown group is suppressed, too. ``union_of`` returns
    the contributions of several groups together, where a person may be in several.
    """
    shown = sorted((name for name, part in parts.items() if part.is_safe), key=lambda name: parts[name].total)
    suppressed = [name for name in parts if name not in shown]
    while suppressed and shown:
        names = frozenset(suppressed)
        if (union_of(names) if union_of else disjoint_union(parts[name] for name in names)).is_safe:
            break
        suppressed.append(shown.pop(0))
    return {name: None if name in suppressed else protect_count(part) for name, part in parts.items()}


def round_bytes(count: int) -> int:
    """Return a number of bytes with two significant digits."""
    step: int = 10 ** max(0, len(str(count)) - SIGNIFICANT_DIGITS)
    return (count + step // 2) // step * step
