"""Counters of the figures of a day: each page of people adds to them, and the end protects them."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, pairwise
from typing import Final, NamedTuple

from models.consent.purposes import LegalBasis
from models.statistics.client_counter import ClientCounter
from models.statistics.disclosure_control import (
    SIGNIFICANT_DIGITS,
    Contributions,
    people_count,
    protect_count,
    protect_parts,
    round_bytes,
)
from models.statistics.figures import Figures


class RequestCounts(NamedTuple):
    """The requests of one person, of one kind and year."""

    received: int
    completed: int
    denied: int
    overdue: int


class ChoiceCounter:
    """How many people made which choice for each purpose."""

    def __init__(self) -> None:
        self.people = 0
        self._opted_out = 0
        self._granted: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._opted_out_with_choice: Counter[str] = Counter()

    def add_people(self, people: int, opted_out: int) -> None:
        """Add the people of a page, and how many of them opted out of everything."""
        self.people += people
        self._opted_out += opted_out

    def add_choices(self, purpose: str, count: int, opted_out: int, *, is_granted: bool) -> None:
        """Add choices of a page for a purpose, and how many are of people who opted out of everything."""
        (self._granted if is_granted else self._refused)[purpose] += count
        self._opted_out_with_choice[purpose] += opted_out

    def figures(self, legal_bases: Mapping[str, str]) -> Figures:
        """Return the protected figures of these purposes."""
        figures: Figures = []
        for purpose, basis in legal_bases.items():
            granted = self._granted[purpose]
            refused = self._refused[purpose] + self._opted_out - self._opted_out_with_choice[purpose]
            counts = {"granted": granted, "refused": refused, "never_asked": self.people - granted - refused}
            parts = protect_parts({name: people_count(count) for name, count in counts.items()})
            name = "withdrawn" if basis == LegalBasis.CONSENT else "objected"
            figures += [
                (f"choices {purpose}", "granted", parts["granted"]),
                (f"choices {purpose}", name, parts["refused"]),
                (f"choices {purpose}", "never_asked", parts["never_asked"]),
            ]
        return figures


_ROUNDED: Final = (
    *range(10**SIGNIFICANT_DIGITS),
    *(
        digits * 10**zeros
        for zeros in range(1, 20 - SIGNIFICANT_DIGITS)
        for digits in range(10 ** (SIGNIFICANT_DIGITS - 1), 10**SIGNIFICANT_DIGITS)
    ),
    10**19,
)
"""Every rounded number of bytes of an account, in order."""
_ROUNDED_FROM: Final = tuple((low + high + 1) // 2 for low, high in pairwise(_ROUNDED))
"""The least number of bytes that is rounded to each rounded number but the first."""
_rounded_number: Final = partial(bisect_right, _ROUNDED_FROM)
"""Return the place in ``_ROUNDED`` of a number of bytes: in a third of the time that rounding it takes."""


class StorageCounter:
    """The storage of sync accounts. Sizes are kept with two significant digits, so that memory stays flat."""

    def __init__(self) -> None:
        self._accounts = Contributions()
        self._bytes = Contributions()
        self._sizes: Counter[int] = Counter()

    def add_people(self, people: int, account_count: int) -> None:
        """Add people with as many accounts each."""
        self._accounts.merge(people_count(people, account_count))

    def add_bytes(self, people: int, total: int, largest: Sequence[int]) -> None:
        """Add the bytes of people: of all, and the one or two largest amounts of one person."""
        self._bytes.merge(Contributions(people, total, *largest))

    def add_sizes(self, sizes: Iterable[int]) -> None:
        """Add the sizes of single accounts, in bytes."""
        self._sizes.update(map(_rounded_number, sizes))

    def figures(self) -> Figures:
        """Return the protected figures: none when a person dominates the accounts, no total when one dominates it."""
        accounts = protect_count(self._accounts)
        is_total_safe = self._accounts.is_safe and (self._bytes.is_safe or not self._bytes.total)
        return [
            ("storage", "accounts", accounts),
            ("storage", "total", round_bytes(self._bytes.total) if is_total_safe else None),
            ("storage", "median", None if accounts is None else self._size_at(50)),
            ("storage", "p90", None if accounts is None else self._size_at(90)),
        ]

    def _size_at(self, percent: int) -> int:
        """Return the size that this share of the accounts does not exceed."""
        rest = -(-self._accounts.total * percent // 100)
        for number in sorted(self._sizes):
            rest -= self._sizes[number]
            if rest <= 0:
                return _ROUNDED[number]
        return 0


class RequestCounter:
    """How many requests of each kind came in within a year, and what became of them."""

    PARTITIONS: Final = (("completed", "denied", "open"), ("overdue", "in_time"))
    """Groups of requests that add up to those that came in."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, int], defaultdict[frozenset[str], Contributions]] = defaultdict(
            lambda: defaultdict(Contributions)
        )
        self._days: defaultdict[tuple[str, int], Counter[int]] = defaultdict(Counter)

    def add_person(self, kind: str, year: int, counts: RequestCounts, days: Iterable[int]) -> None:
        """Add the requests of one person, and the days that each completed one took."""
        own = counts._asdict() | {
            "open": counts.received - counts.completed - counts.denied,
            "in_time": counts.received - counts.overdue,
        }
        for names in self._unions():
            if amount := sum(own[name] for name in names):
                self._counts[kind, year][names].add(amount)
        self._days[kind, year].update(days)

    def _unions(self) -> Iterator[frozenset[str]]:
        """Yield each set of groups whose people are counted together: a person may be in several groups."""
        yield frozenset({"received"})
        for partition in self.PARTITIONS:
            for size in range(1, len(partition)):
                yield from map(frozenset, combinations(partition, size))

    def figures(self) -> Figures:
        """Return the protected figures of each kind and year."""
        figures: Figures = []
        for (kind, year), counts in self._counts.items():
            topic = f"requests {kind} {year}"
            parts: dict[str, int | None] = {}
            for partition in self.PARTITIONS:
                groups = {name: counts[frozenset({name})] for name in partition}
                parts |= protect_parts(groups, counts.__getitem__)
            days = sorted(self._days[kind, year].elements())
            median = days[(len(days) - 1) // 2] if days else None
            figures += [
                (topic, "received", protect_count(counts[frozenset({"received"})])),
                *((topic, name, parts[name]) for name in ("completed", "denied", "overdue")),
                (topic, "median_days", None if parts["completed"] is None else median),
            ]
        return figures


class Counters:
    """The counters of all figures of a day."""

    def __init__(self) -> None:
        self.choices = ChoiceCounter()
        self.storage = StorageCounter()
        self.clients = ClientCounter()
        self.requests = RequestCounter()
