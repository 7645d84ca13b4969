"""Card numbers with letters or mixed marks between their groups, and ordinary texts of the same form."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.storage.card_numbers import looks_like_card_number
from tests.models.storage.test_card_numbers import MEBIBYTE, PUBLISHED, card_numbers

NUMBER = "4000056655665556"


def cut(number: str, *places: int) -> list[str]:
    return [number[start:end] for start, end in pairwise([0, *places, len(number)])]


@pytest.mark.parametrize("letters", ["e", "E", "a", " e ", "abc", "\N{LATIN SMALL LETTER E WITH ACUTE}", " and ", "ж"])
@pytest.mark.parametrize("number", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_a_number_printed_with_letters_between_the_groups_is_found(number: str, letters: str) -> None:
    if len(number) == 16:
        assert looks_like_card_number(f"Ada {letters.join(cut(number, 4, 8, 12))}")
    if len(letters) < 4:
        assert looks_like_card_number(letters.join(number))
        assert looks_like_card_number(letters.join(re.findall("..?", number)))


@given(card_numbers(), st.sets(st.integers(1, 12), min_size=1, max_size=3), st.sampled_from(["_", "g", "X", "|", "*"]))
def test_a_number_in_groups_of_any_width_is_found(number: str, places: set[int], separator: str) -> None:
    assert looks_like_card_number(separator.join(cut(number, *sorted(places))))


@pytest.mark.parametrize(
    "text",
    [
        "40000566_5566_5556",
        "vault_40000566_55665556",
        "4000e0566e5566e5556",
        "Ada e4000e0566e5566e5556",
        "4000a0566b5566c5556",
        "4a0b0c0d0a5b6c6d5a5b6c6d5a5b5c6",
        "40000566e55665556",
        "4000.05665566.5556",
        "400005:665566:5556",
        "4000:0566_5566/5556",
        "4000,0566|5566:5556",
        "004000_0566_5566_5556",
        "1.40000566_5566_5556",
        "00400005665566e5556",
        "4.000056655665556e15",
        "4,000056655665556E+15",
        "4\N{ARABIC-INDIC DIGIT ZERO}00e0566e5566e5556",
    ],
)
def test_a_disguised_number_is_found(text: str) -> None:
    assert looks_like_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "4000e0566e5566e5557",
        "4111-e4051-4053-4111",
        "4.000056655665556e14",
        "9.106057060614958e-05",
        "4000056655665.556",
        "4.000.056.655.665.556",
        "45.11.15455.1438 (7284)",
        "1751:4914:1789:705c:d1e5:6f9e:3d81:2bad",
        "+49 151 12345678",
        "+43 664 123 45670",
        "2024-01-30-12-34-56-123456.log",
        "0192f3a0_c1d2_7e3f_8a9b_4c1d2e3f4a5b",
    ],
)
def test_ordinary_groups_are_let_through(text: str) -> None:
    assert not looks_like_card_number(text)


@pytest.mark.parametrize(
    "text", ["1e" * 5000, "12e4" * 2500, "1234e" * 2000, "1_" * 5000, "1234567e" * 1250, "4_" * MEBIBYTE]
)
@pytest.mark.timeout(60)  # some milliseconds on an idle machine; a quadratic search would take minutes
def test_long_sequences_of_groups_end_in_linear_time(text: str) -> None:
    assert not looks_like_card_number(text)
