"""Counters of the figures of a day: each page of people adds to them, and the end protects them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final, NamedTuple

from models.consent.purposes import LegalBasis
from models.encryption.encrypted_column import DataKey
from models.statistics.disclosure_control import (
    Contributions,
    people_count,
    protect_count,
    protect_parts,
    round_bytes,
)
from models.statistics.figures import ClientDimension
from models.sync.accounts import APP, PLATFORM, VERSION

DIMENSIONS: Final = (
    (ClientDimension.APP, APP),
    (ClientDimension.VERSION, VERSION),
    (ClientDimension.PLATFORM, PLATFORM),
)

Figures = list[tuple[str, str, int | None]]
"""Topic, name and protected value."""


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


class StorageCounter:
    """The storage of sync accounts. Sizes are kept with two significant digits, so that memory stays flat."""

    def __init__(self) -> None:
        self._accounts = Contributions()
        self._bytes = Contributions()
        self._sizes: Counter[int] = Counter()

    def add_people(self, people: int, account_count: int, total: int, largest: Sequence[int]) -> None:
        """Add people with as many accounts each: the bytes of all, and the one or two largest amounts of one person."""
        self._accounts.merge(people_count(people, account_count))
        self._bytes.merge(Contributions(people, total, *largest))

    def add_sizes(self, sizes: Iterable[int]) -> None:
        """Add the sizes of single accounts, in bytes."""
        self._sizes.update(map(round_bytes, sizes))

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
        for size in sorted(self._sizes):
            rest -= self._sizes[size]
            if rest <= 0:
                return size
        return 0


class ClientCounter:
    """How many accounts sync with each program, version and platform, and of how many people they are."""

    def __init__(self) -> None:
        # How many people have a number of accounts of a value: few entries, in place of one for each person.
        self._people: list[Counter[tuple[str, int]]] = [Counter() for _ in DIMENSIONS]
        # How many people of a page have these values on their accounts.
        self._page: list[defaultdict[tuple[str, ...], int]] = [defaultdict(int) for _ in DIMENSIONS]
        self._without_client: Counter[int] = Counter()

    def add_person(self, key: DataKey, clients: Iterable[Any]) -> None:
        """Add the clients of one person: person, account, and the encrypted program, version and platform."""
        _, accounts, *encrypted = zip(*clients, strict=True)
        has_one_client_each = len(set(accounts)) == len(accounts)
        for people, (_, column), values in zip(self._page, DIMENSIONS, encrypted, strict=True):
            texts = column.decrypt_all(key, values)
            if not has_one_client_each:
                texts = [text for text, _ in set(zip(texts, accounts, strict=True))]
            people[tuple(texts)] += 1

    def end_page(self) -> None:
        """Add the people of a page to the totals."""
        for totals, people in zip(self._people, self._page, strict=True):
            for texts, count in people.items():
                for amount in Counter(texts).items():
                    totals[amount] += count
            people.clear()

    def add_without_client(self, counts: Iterable[int]) -> None:
        """Add the number of accounts of each person that report no client."""
        self._without_client.update(counts)

    def figures(self) -> Figures:
        """Return the protected counts. Values are left out whose count is not safe, or would give away another one.

        Of values with equal counts, the first by name is suppressed first, on each day.
        """
        figures: Figures = []
        without_client = Contributions()
        for amount, people in self._without_client.items():
            without_client.merge(people_count(people, amount))
        for (dimension, _), counts in zip(DIMENSIONS, self._people, strict=True):
            values: defaultdict[str, Contributions] = defaultdict(Contributions)
            for (text, amount), people in sorted(counts.items()):
                values[text].merge(people_count(people, amount))
            parts = dict(values)
            if without_client.total:
                parts[""] = without_client
            shown = protect_parts(parts)
            figures += [(f"clients {dimension}", text, shown[text]) for text in values if shown[text] is not None]
        return figures


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
