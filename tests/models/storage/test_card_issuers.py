"""The table of issuers and the check digit."""

import pytest

from models.storage.card_issuers import FIRST_TWO, LENGTHS, PREFIXES, is_card_number
from tests.models.storage.test_card_numbers import PUBLISHED


@pytest.mark.parametrize("number", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_a_published_number_is_valid_and_its_neighbours_are_not(number: str) -> None:
    assert is_card_number(bytes(map(int, number)))
    others = [number[:-1] + digit for digit in "0123456789" if digit != number[-1]]
    assert not any(is_card_number(bytes(map(int, other))) for other in others)


def test_a_prefix_is_found_by_its_first_two_digits() -> None:
    for length in LENGTHS:
        assert {code for code in range(256) if FIRST_TWO[length][code]} == {
            prefix[0] * 10 + prefix[1] for prefix in PREFIXES[length]
        }
