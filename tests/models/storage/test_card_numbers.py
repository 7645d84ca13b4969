"""What is taken for a card number, and what is not."""

import random
import unicodedata
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.card_numbers import NO_FALSE_POSITIVES, POSSIBLE_FALSE_POSITIVES, count_false_positives
from models.storage.card_numbers import looks_like_card_number, number_looks_like_card

MEBIBYTE: Final = 1 << 20

# Test numbers that issuers and processors publish.
PUBLISHED: Final = {
    "Visa": "4111111111111111",
    "Visa, another": "4012888888881881",
    "Visa of 13": "4222222222222",
    "Visa of 19": "4000000000000000006",
    "Mastercard": "5555555555554444",
    "Mastercard, another": "5105105105105100",
    "Mastercard of the 2 series": "2223003122003222",
    "Mastercard, first of the 2 series": "2221000000000009",
    "American Express": "378282246310005",
    "American Express, another": "341111111111111",
    "Discover": "6011111111111117",
    "Discover 65": "6500000000000002",
    "Diners Club": "30569309025904",
    "Diners Club 36": "36227206271667",
    "Diners Club 38": "38520000023237",
    "JCB": "3530111333300000",
    "JCB, another": "3566002020360505",
    "UnionPay": "6200000000000005",
    "UnionPay of 19": "6205500000000000004",
    "Maestro": "6759649826438453",
    "Maestro of 19": "6799990100000000019",
    "Maestro 63": "6304000000000000",
    "Bancontact": "6703444444444449",
    "Dankort": "5019717010103742",
    "Mir": "2200000000000004",
    "RuPay": "6073849700004947",
    "Elo": "5066991111111118",
    "Hipercard": "6062826786276634",
    "Hiper": "6370950000000005",
    "Troy": "9792030000000000",
    "UATP": "135410014004955",
    "Verve": "5060990580000217499",
}

SEPARATORS: Final = (
    "", " ", "  ", "-", " - ", "--", "\t", "\n", "\r\n", "\v", "\x00", "\x1f", "\x7f", "\x85", "\xa0", "\u1680",
    "\u2002", "\u2007", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000", "\u2028", "\u2029", "\xad", "\u200b",
    "\u200c", "\u200d", "\u200e", "\u2060", "\ufeff", "\u202e", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014",
    "\u2015", "\u2212", "\u207b", "\ufe58", "\ufe63", "\uff0d", "\u30fc", "\u2500", "\u2800", "\u3164", "\u0336",
    "\ufe0f\u20e3", "\U000e0020",
)  # fmt: skip

# The zero of each: digits that are counted by ten from there.
ZEROS: Final = (
    "0", "\u0660", "\u06f0", "\u07c0", "\u0966", "\u09e6", "\u0a66", "\u0ae6", "\u0b66", "\u0be6", "\u0e50", "\u0ed0",
    "\u0f20", "\u1040", "\u17e0", "\u1810", "\u2080", "\uff10", "\U0001d7ce", "\U0001d7e2", "\U0001d7f6", "\U0001fbf0",
)  # fmt: skip
SCRIPTS: Final = (
    *("".join(chr(ord(zero) + value) for value in range(10)) for zero in ZEROS),
    "⁰¹²³⁴⁵⁶⁷⁸⁹",
    "⓪①②③④⑤⑥⑦⑧⑨",
    "⓿❶❷❸❹❺❻❼❽❾",
    "0⑴⑵⑶⑷⑸⑹⑺⑻⑼",
)

# What a person writes before and after a number; none of it is part of a number.
BEFORE: Final = (
    "", " ", "card ", "card:", "PAN=", "#", '"', "'", "(", "[", "<", "{", "*", "+", "$", "&", "@", "~", ",", ";", "|",
    "mailto ", "卡号", "карта", "é", "x", "visa", "card_", "No.", "12 ", "7-", "999 88 ", "?q=", "\\", "/", "€", "💳",
)  # fmt: skip
AFTER: Final = (
    "", " ", ".", ",", ";", ":", '"', ")", "]", ">", "!", "?", "@example.com", "x", " exp 12/30", " 99", "-7",
    " 123 4567",
    "号", "é", "&", "/", "|", "_a", ".jpg", ", thanks", "%",
)  # fmt: skip

# An issuer's first digits and one of its lengths, written here by hand so that the table is not its own only judge.
ISSUED: Final = (
    ("4", 13), ("4", 16), ("4", 19), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("2500", 16), ("34", 15),
    ("37", 15), ("6011", 16), ("6011", 19), ("644", 16), ("649", 16), ("65", 16), ("622126", 16), ("622925", 19),
    ("300", 14), ("305", 16), ("3095", 14), ("36", 14), ("36", 19), ("38", 14), ("39", 16), ("3528", 16),
    ("3589", 19), ("62", 16), ("62", 17), ("62", 18), ("62", 19), ("81", 16), ("5018", 13), ("50", 16), ("56", 14),
    ("57", 18), ("58", 19), ("63", 15), ("67", 17), ("2200", 16), ("2204", 19), ("60", 16), ("82", 16), ("508", 16),
    ("506699", 16), ("9792", 16), ("506099", 19), ("606282", 16), ("5019", 16), ("1", 15), ("8600", 16),
    ("9860", 16), ("9704", 19), ("9112", 16), ("9051", 16),
)  # fmt: skip


def with_check_digit(digits: str) -> str:
    """Append the digit that makes the Luhn sum, as ISO/IEC 7812-1 annex B says it, a multiple of ten."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return digits + str(-total % 10)


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    prefix, length = draw(st.sampled_from(ISSUED))
    rest = length - len(prefix) - 1
    return with_check_digit(prefix + draw(st.text("0123456789", min_size=rest, max_size=rest)))


@pytest.mark.parametrize("number", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_a_published_number_is_found_with_any_separator(number: str) -> None:
    fours = [number[start : start + 4] for start in range(0, len(number), 4)]
    for separator in SEPARATORS:
        assert looks_like_card_number(separator.join(fours)), ascii(separator)
        assert looks_like_card_number(separator.join(number)), ascii(separator)
        assert looks_like_card_number(separator.join((number[:4], number[4:10], number[10:]))), ascii(separator)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_published_number_is_found_in_any_script(script: str) -> None:
    assert [unicodedata.digit(digit) for digit in script] == list(range(10))
    for number in PUBLISHED.values():
        assert looks_like_card_number(number.translate(dict(zip(map(ord, "0123456789"), script, strict=True))))


@pytest.mark.parametrize("number", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_every_other_check_digit_is_let_through(number: str) -> None:
    others = [number[:-1] + digit for digit in "0123456789" if digit != number[-1]]
    assert not any(looks_like_card_number(other) for other in others)


@given(card_numbers(), st.data())
def test_a_number_is_found_however_it_is_written(number: str, data: st.DataObject) -> None:
    written = "".join(
        data.draw(st.sampled_from(SCRIPTS))[int(digit)] + data.draw(st.sampled_from(SEPARATORS))
        for digit in number[:-1]
    )
    written += data.draw(st.sampled_from(SCRIPTS))[int(number[-1])]
    before = data.draw(st.text()) + data.draw(st.sampled_from((" ", "(", "卡", "\n", '"')))
    after = data.draw(st.sampled_from((" ", ")", "号", "\n", '"'))) + data.draw(st.text())
    assert looks_like_card_number(before + written + after)


@given(card_numbers(), st.sampled_from(BEFORE), st.sampled_from(AFTER), st.sampled_from(("", " ", "-", "\xa0")))
def test_a_number_is_found_in_running_text(number: str, before: str, after: str, separator: str) -> None:
    fours = separator.join(number[start : start + 4] for start in range(0, len(number), 4))
    assert looks_like_card_number(f"{before}{fours}{after}")


@pytest.mark.parametrize("mark", "._/·•")
def test_a_number_printed_with_dots_or_slashes_is_found(mark: str) -> None:
    assert looks_like_card_number(mark.join(("4111", "1111", "1111", "1111")))
    assert looks_like_card_number(mark.join(("4000", "0000", "0000", "0000", "006")))
    assert looks_like_card_number(mark.join(("3782", "822463", "10005")))
    assert looks_like_card_number(mark.join(("3056", "930902", "5904")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111 1111 1111",
        "1111",
        "0" * 16,
        "4" * 16,
        "41111111111111110",
        "4111111111111111" * 2,
        "sub_0192f3" + "4111111111111111" + "abcdef012a",
        "tok_" + "4111111111111111" * 2,
        "4111111111111111-1111-4111-8111-111111111111"[8:],
        "0x4111111111111111abcdef4111111111111111ab",
        "deadbeef4111111111111111",
        "a378282246310005",
        "0.4111111111111111",
        "48.4222222222222",
        "192.168.111.111, 192.168.111.112",
        "1.4111.1111.1111.1112",
        "2026-11-23T00:25:00.123456789Z",
        "1764000000000",
        "1764000000000000",
        "1764000000000000000",
        "490154203237518",  # An IMEI, which has a Luhn digit too.
        "89014103211118510720",  # The number of a SIM card, likewise.
        "8901410321111851072",
        "978-0-306-40615-7",
        "GB29 NWBK 6016 1331 9268 19",
        "ORD-2024-000123",
        "2600:4111:1111:1111:1111::/64",
        "4111:1111:1111:1111::/64",
        "4051, 4052, 4053, 4111, 1111, 1111, 1111, 4054",
        "4111:1111:1111:1111:5e5:3241:303d:21e0",
        "9.106057060614958e-05",
        "1.4111111111111111, 103.8",
        "103.8 1.4111111111111111",
        "103.8, 1.4111111111111111",
        "4,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,9,9,9,9",
        "DE04111111111111111",
    ],
)
def test_what_is_no_card_number_is_let_through(text: str) -> None:
    assert not looks_like_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "12 4111 1111 1111 1111 99",
        "4111-1111-1111-1111 4111-1111-1111-1112",
        "1234567890123456 4111111111111111 1234567890123456",
        "0.5 4111111111111111",
        "1.4111 1111 1111 1111",
        "4111111111111111.00",
        "4111111111111111abc",
        "4111111111111111_",
        "4111111111111111号",
        "0192f3a0c1d27e3f8a9b0c1d2e3f4a5b 4111111111111111",
        "1 " * 300 + "4111111111111111" + " 1" * 300,
        "9" * 40 + " 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    ],
)
def test_a_card_number_beside_other_digits_is_found(text: str) -> None:
    assert looks_like_card_number(text)


MARKS: Final = (
    ",", ":", "|", "*", "(", ")", '"', "x", "X", " x ", ", ", " | ", "**", ") (", ")(", '" "', ";", "...", "\\", "~",
    "=", "\N{MULTIPLICATION SIGN}", "\N{FULLWIDTH COMMA}", "\N{FULLWIDTH COLON}", "\N{IDEOGRAPHIC COMMA}",
    "\u201d \u201c",
)  # fmt: skip


@pytest.mark.parametrize("mark", MARKS, ids=ascii)
def test_a_number_printed_with_any_mark_is_found(mark: str) -> None:
    assert looks_like_card_number(mark.join(("4111", "1111", "1111", "1111")))
    assert looks_like_card_number(f"card no. {mark.join(('4111', '1111', '1111', '1111'))} (Visa)")
    assert looks_like_card_number(mark.join(("3782", "822463", "10005")))
    assert looks_like_card_number(mark.join("4111111111111111"))
    assert looks_like_card_number(mark.join(("41", *["11"] * 7)))
    assert not looks_like_card_number(mark.join(("4111", "1111", "1111", "1112")))


@pytest.mark.parametrize(
    "text",
    [
        "(4111) 1111 1111 1111",
        '["4111","1111","1111","1111"]',
        "4111.1111-1111.1111",
        "card:4111:1111:1111:1111",
        "4111,1111,1111,1111,12/30",
        "number=4111|1111|1111|1111|123",
        "4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
        "04111111111111111",
        "0004111111111111111",
        "0378282246310005",
        "1.4111111111111111",
        "items: 2.4111111111111111 ok",
        "1.4111111111111111\n2.5555555555554444",
    ],
)
def test_a_number_with_marks_zeros_or_an_item_s_number_is_found(text: str) -> None:
    assert looks_like_card_number(text)


def by_the_book(groups: list[str]) -> bool:
    """Try every stretch of groups, one by one, of the issuers Visa and American Express."""
    for start in range(len(groups)):
        for end in range(start + 1, len(groups) + 1):
            digits = "".join(groups[start:end])
            visa = digits.startswith("4") and len(digits) in {13, 16, 19}
            express = digits.startswith(("34", "37")) and len(digits) == 15
            if (visa or express) and with_check_digit(digits[:-1]) == digits:
                return True
    return False


@given(st.lists(st.text("34", min_size=1, max_size=20), min_size=1, max_size=12))
def test_a_stretch_of_groups_is_judged_as_one_by_one(groups: list[str]) -> None:
    assert looks_like_card_number(" ".join(groups)) == by_the_book(groups)


@pytest.mark.parametrize("number", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_a_bare_number_is_taken_for_a_card_number(number: str) -> None:
    assert number_looks_like_card(int(number))
    assert number_looks_like_card(-int(number))
    if len(number) < 17:  # Longer ones do not fit a float.
        assert number_looks_like_card(float(number))


@pytest.mark.parametrize(
    "value", [0, 1, True, -1, 4111111111111112, 10**5000, 0.4111111111111111, float("inf"), float("nan")], ids=type
)
def test_a_bare_number_that_is_no_card_number_is_let_through(value: float) -> None:
    assert not number_looks_like_card(value)


@given(st.text() | st.text("0123456789 -.\xa0٤①", max_size=200))
def test_no_text_raises(text: str) -> None:
    assert looks_like_card_number(text) in {True, False}


@given(st.uuids())
def test_a_uuid_is_let_through(identifier: object) -> None:
    assert not looks_like_card_number(str(identifier))
    assert not looks_like_card_number(f"sub_{identifier}".replace("-", ""))


@given(st.datetimes())
def test_a_time_is_let_through(moment: object) -> None:
    assert not looks_like_card_number(f"{moment}")


def test_of_five_hundred_of_each_kind_none_is_mistaken() -> None:
    assert [kind for kind, sample in NO_FALSE_POSITIVES.items() if count_false_positives(sample, 500)] == []


@pytest.mark.parametrize("kind", NO_FALSE_POSITIVES)
def test_of_five_thousand_of_a_kind_none_is_mistaken(kind: str) -> None:
    assert count_false_positives(NO_FALSE_POSITIVES[kind], 5_000) == 0


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", NO_FALSE_POSITIVES)
def test_of_a_hundred_thousand_of_a_kind_none_is_mistaken(kind: str) -> None:
    assert count_false_positives(NO_FALSE_POSITIVES[kind], 100_000) == 0


def test_plain_numbers_of_sixteen_digits_are_mistaken_as_often_as_stated() -> None:
    assert 0.03 < count_false_positives(POSSIBLE_FALSE_POSITIVES["order: sixteen digits"], 20_000) / 20_000 < 0.045


def check_digits(digits: str) -> Iterator[str]:
    """Yield the check digits of the last 12, 13 ... of these digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
        if place >= 11:
            yield str(-total % 10)


def hostile_stream() -> str:
    """Write single digits, each an issuer's first where it can be, of which no stretch sums to a multiple of ten."""
    rng = random.Random(1)
    digits = "4" * 12
    tail = digits
    written = [digits]
    for _ in range(MEBIBYTE // 16):
        refused = {*check_digits(tail)}
        digit = next(digit for digit in rng.choice(("4567", "4365")) + "1289037456" if digit not in refused)
        tail = (tail + digit)[-18:]
        written.append(digit)
    return " ".join("".join(written))


@pytest.mark.parametrize(
    "text",
    [
        "4" * MEBIBYTE,
        "4" * MEBIBYTE + "x",
        "4 " * (MEBIBYTE // 2),
        "0-" * (MEBIBYTE // 2),
        "22 2 " * (MEBIBYTE // 5),
        " " * MEBIBYTE,
        "1" + " " * MEBIBYTE,
        ("4" * 13 + "x") * (MEBIBYTE // 14),
        ("1" * 12 + "x") * (MEBIBYTE // 13),
        ("1." * 12 + "x") * (MEBIBYTE // 25),
        "4444444444444444 " * (MEBIBYTE // 17),
        "4111.1111.1111.1112." * (MEBIBYTE // 20),
        "12345678-1234-1234-1234-12345678901 " * (MEBIBYTE // 36),
        "a" * MEBIBYTE,
        "4\xa0" * (MEBIBYTE // 3),
        "漢" * (MEBIBYTE // 3),
    ],
    ids=lambda text: ascii(text[:20]),
)
@pytest.mark.timeout(60)  # a tenth of a second on an idle machine; a quadratic search would take many minutes
def test_a_mebibyte_ends_in_linear_time(text: str) -> None:
    assert not looks_like_card_number(text)


@pytest.mark.timeout(60)  # some milliseconds on an idle machine; exponential backtracking would not end
def test_an_eighth_of_a_mebibyte_written_to_be_slow_ends() -> None:
    text = hostile_stream()
    assert not looks_like_card_number(text)
