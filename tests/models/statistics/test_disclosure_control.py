"""Tests of statistical disclosure control: no figure, and no difference of figures, tells of one person."""

from hypothesis import given
from hypothesis import strategies as st

from models.statistics.disclosure_control import (
    Contributions,
    disjoint_union,
    people_count,
    protect_count,
    protect_parts,
    round_bytes,
)


def contributions(*amounts: int) -> Contributions:
    figure = Contributions()
    for amount in amounts:
        figure.add(amount)
    return figure


def test_groups_under_20_are_suppressed_and_others_rounded_to_5() -> None:
    assert [protect_count(people_count(count)) for count in (0, 1, 19, 20, 21, 22, 23, 1_000_002)] == [
        *(None, None, None, 20, 20, 20, 25, 1_000_000)
    ]


def test_a_group_is_as_large_as_the_people_in_it_however_much_they_have() -> None:
    assert protect_count(contributions(*[5] * 19)) is None
    assert protect_count(contributions(*[5] * 20)) == 100


def test_bytes_have_two_significant_digits() -> None:
    assert (round_bytes(123_456_789), round_bytes(7)) == (120_000_000, 7)


def test_a_total_that_is_mostly_one_persons_is_not_shown() -> None:
    """The dominance rule: one person has more than half of the total."""
    assert contributions(*[10] * 30, 300).is_safe
    assert not contributions(*[10] * 30, 301).is_safe


def test_a_total_from_which_the_second_could_estimate_the_largest_is_not_shown() -> None:
    """The p% rule: the rest is less than a tenth of the largest amount."""
    assert contributions(*[5] * 20, 1000, 1000).is_safe
    assert not contributions(*[5] * 19, 1000, 1000).is_safe


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=50), st.integers(0, 50))
def test_groups_together_have_the_people_of_each(amounts: list[int], at: int) -> None:
    parts = [contributions(*amounts[:at]), contributions(*amounts[at:])]
    assert disjoint_union(parts) == contributions(*amounts)


@given(st.integers(0, 30), st.integers(0, 30))
def test_people_with_equal_amounts_are_counted_together(people: int, amount: int) -> None:
    assert people_count(people, amount) == contributions(*[amount] * people)


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 60), min_size=2))
def test_a_small_group_cannot_be_subtracted_out_of_the_total(counts: dict[str, int]) -> None:
    parts = protect_parts({name: people_count(count) for name, count in counts.items()})
    suppressed = [name for name, value in parts.items() if value is None]
    assert {name for name, count in counts.items() if count < 20} <= set(suppressed)
    remainder = sum(counts[name] for name in suppressed)
    assert not suppressed or remainder >= 20 or len(suppressed) == len(counts)


def test_a_dominated_group_cannot_be_subtracted_out_of_the_total() -> None:
    dominated, shown = contributions(*[1] * 30, 500), contributions(*[2] * 300)
    assert protect_parts({"dominated": dominated, "shown": shown}) == {"dominated": None, "shown": None}
    assert protect_parts({"small": contributions(*[2] * 10), "rest": contributions(*[2] * 12), "shown": shown}) == {
        "small": None,
        "rest": None,
        "shown": 600,
    }


@given(st.integers(0, 500))
def test_one_more_person_changes_a_count_by_a_whole_step_or_not_at_all(count: int) -> None:
    before, after = protect_count(people_count(count)), protect_count(people_count(count + 1))
    assert (after or 0) - (before or 0) in {0, 5, 20}
