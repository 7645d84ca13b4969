"""Durations are a number and a unit; seconds need none."""

from datetime import timedelta

import pytest

from models.storage.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0", timedelta(0)),
        ("90", timedelta(seconds=90)),
        ("90s", timedelta(seconds=90)),
        ("100ms", timedelta(milliseconds=100)),
        ("5m", timedelta(minutes=5)),
        ("72h", timedelta(hours=72)),
        ("183d", timedelta(days=183)),
    ],
)
def test_a_duration_has_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("value", ["", "d", "-1d", "1.5d", "1w", "1 d", "P1D", 5, None])
def test_another_value_is_left_to_the_next_validator(value: object) -> None:
    assert parse_duration(value) == value
