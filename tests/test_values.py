"""Tests of the search for values: it sees a value anywhere in prose, JSON and logs, and none in random ids."""

import base64
import hashlib

import pytest

from tests.values import contains


@pytest.mark.parametrize("value", ["ada", "1111", "4242"])
@pytest.mark.parametrize(
    "text", ["{}", "a card ends in {}.", '{{"lastDigits":"{}"}}', "{{'digits': '{}'}}", "**** {}\n", "a=({})", "key={}"]
)
def test_a_value_on_its_own_is_seen(text: str, value: str) -> None:
    assert contains(text.format(value), value) == (text != "key={}")


def test_a_value_within_ids_times_and_figures_is_none() -> None:
    for text in (
        *("sub_0ada1111424200", "00000000-1111-4242-8000-0ada00000000", "2026-01-31T11:11:00.1111Z", "0.4242"),
        *("a/ada+b==", "4111-1111-1111-1111"),
    ):
        assert not any(contains(text, value) for value in ("ada", "1111", "4242"))
    digests = [hashlib.sha256(number.to_bytes(4)).digest() for number in range(20_000)]
    assert sum("ada" in digest.hex() for digest in digests) > 100
    for value in ("ada", "1111", "4242"):
        assert not contains(" ".join(digest.hex() for digest in digests), value)
        assert not any(contains(base64.b64encode(digest).decode(), value) for digest in digests)
