"""Tests of statistical disclosure control: no figure, and no difference of figures, tells of one person."""

from hypothesis import given
from hypothesis import strategies as st

from models.statistics.disclosure_control import LEAST_GROUP, protect_bytes, protect_count, protect_parts


def test_groups_under_20_are_suppressed_and_others_rounded_to_5() -> None:
    assert [protect_count(count) for count in (0, 1, 19, 20, 21, 22, 23, 1_000_002)] == [
        *(None, None, None, 20, 20, 20, 25, 1_000_000)
    ]


def test_bytes_have_two_significant_digits() -> None:
    assert protect_bytes(123_456_789, 20) == 120_000_000
    assert protect_bytes(7, 20) == 7
    assert protect_bytes(123_456_789, 19) is None


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 60), min_size=2))
def test_a_small_group_cannot_be_subtracted_out_of_the_total(counts: dict[str, int]) -> None:
    parts = protect_parts(counts)
    suppressed = [name for name, value in parts.items() if value is None]
    assert {name for name, count in counts.items() if count < LEAST_GROUP} <= set(suppressed)
    remainder = sum(counts[name] for name in suppressed)
    assert not suppressed or remainder >= LEAST_GROUP or len(suppressed) == len(counts)


@given(st.integers(0, 500))
def test_one_more_person_changes_a_count_by_a_whole_step_or_not_at_all(count: int) -> None:
    before, after = protect_count(count), protect_count(count + 1)
    assert (after or 0) - (before or 0) in {0, 5, 20}
