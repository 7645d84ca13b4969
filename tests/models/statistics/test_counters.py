"""Tests of the figures of a day: groups of few people, and those that one person dominates, are not shown."""

import random

import pytest

from models.statistics.counters import ChoiceCounter, RequestCounter, RequestCounts, StorageCounter
from models.statistics.disclosure_control import round_bytes
from models.statistics.figures import Figures


def named(figures: Figures) -> dict[str, int | None]:
    return {name: value for _, name, value in figures}


def add_storage(counter: StorageCounter, *sizes: int, people: int = 1) -> None:
    """Add people with accounts of these sizes each."""
    counter.add_people(people, len(sizes))
    counter.add_bytes(people, people * sum(sizes), [sum(sizes)] * min(people, 2))
    counter.add_sizes(sizes * people)


def test_bytes_that_are_mostly_one_persons_are_not_shown() -> None:
    counter = StorageCounter()
    add_storage(counter, 1_000_000, people=99)
    add_storage(counter, 98_000_000)
    assert named(counter.figures()) == {"accounts": 100, "total": 200_000_000, "median": 1_000_000, "p90": 1_000_000}
    counter = StorageCounter()
    add_storage(counter, 1_000_000, people=99)
    add_storage(counter, 30_000_000, 30_000_000, 40_000_000)
    assert named(counter.figures()) == {"accounts": 100, "total": None, "median": 1_000_000, "p90": 1_000_000}


@pytest.mark.parametrize("digits", [1, 3, 6, 10, 19])
def test_sizes_are_rounded_as_other_bytes_are(digits: int) -> None:
    rng = random.Random(digits)
    edges = [edge + near for edge in (0, 99, 100, 994, 995, 9949, 9950, 2**63 - 1) for near in (-1, 0, 1)]
    for size in [rng.randrange(10**digits) for _ in range(200)] + edges:
        if 0 <= size < 2**63:
            counter = StorageCounter()
            add_storage(counter, size, people=20)
            assert named(counter.figures())["median"] == round_bytes(size)


def test_twenty_accounts_of_few_people_are_no_group() -> None:
    counter = StorageCounter()
    add_storage(counter, *[1000] * 5, people=19)
    assert set(named(counter.figures()).values()) == {None}
    add_storage(counter, *[1000] * 100)
    assert set(named(counter.figures()).values()) == {None}, "one person has more than half of the accounts"


def test_choices_add_up_to_the_people() -> None:
    counter = ChoiceCounter()
    counter.add_people(100, 10)
    counter.add_choices("newsletter", 30, 0, is_granted=True)
    counter.add_choices("newsletter", 25, 5, is_granted=False)
    figures = named(counter.figures({"newsletter": "CONSENT"}))
    assert figures == {"granted": 30, "withdrawn": 30, "never_asked": 40}


def test_requests_of_few_people_are_not_shown_even_by_subtraction() -> None:
    counter = RequestCounter()
    for _ in range(30):
        counter.add_person("ACCESS", 2026, RequestCounts(1, 1, 0, 0), [4])
    for _ in range(25):
        counter.add_person("ACCESS", 2026, RequestCounts(1, 0, 1, 0), [])
    assert named(counter.figures()) == {
        "received": 55,
        "completed": 30,
        "denied": None,
        "overdue": None,
        "median_days": 4,
    }, "nobody's request is open: the denied ones hide that"
    counter.add_person("ACCESS", 2026, RequestCounts(70, 70, 0, 70), [9] * 70)
    assert set(named(counter.figures()).values()) == {None}, "one person has most of the requests"
