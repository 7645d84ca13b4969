"""Card numbers in JSON are replaced in strings, names and numbers, also where they are split over a list."""

import json

import pytest

from models.exports.json_screening import JsonScreen
from models.exports.value_screening import replace_card_numbers
from models.storage.reported_texts import REPLACEMENT

CARD = "4111111111111111"
GROUPS = ["4111", "1111", "1111", "1111"]


def screened(content: bytes, size: int) -> tuple[bytes, int]:
    screen = JsonScreen()
    pieces = [screen.feed(content[start : start + size]) for start in range(0, len(content), size)]
    return b"".join(pieces) + screen.close(), screen.replaced


@pytest.mark.parametrize(
    "value",
    [
        CARD,
        f'"{CARD}"',
        f"-{CARD}",
        f"{CARD}.0",
        "4.111111111111111e15",
        "4.111111111111111E+15",
        "0.4111111111111111e16",
        "41111111111111110e-1",
        "6011000990139424000.0e-3",
        '"4111 1111-1111 1111"',
        '"card:4111111111111111."',
        '"\\u0034111-1111-1111-1111"',
        '"\\n4111111111111111\\n"',
        '"\u2463111111111111111"',
        '"\uff14111111111111111"',
        json.dumps(GROUPS),
        json.dumps(GROUPS, indent=1),
        json.dumps(list(CARD)),
        json.dumps(["3782", "822463", "10005"]),
        json.dumps([CARD[start : start + 2] for start in range(0, 16, 2)]),
    ],
)
def test_a_card_number_is_replaced_and_counted_wherever_it_stands(value: str) -> None:
    for text in (value, f"[1, {value}]", f'{{"a": {value}, "b": [[[[{value}]]]]}}', f'[{{"x": "y"}}, {value}, "z"]'):
        count = text.count(value)
        for size in (1, 3, 10, 10_000):
            result, replaced = screened(text.encode(), size)
            assert (replaced, result.count(REPLACEMENT.encode())) == (count, count), (text, size)
            json.loads(result)


@pytest.mark.parametrize(
    "value",
    [
        "4111111111111112",
        '"4111111111111112"',
        "1e999999999",
        "-1E-999999999",
        "4111111111111111e9",
        '"2026-01-31T12:00:00.123456Z"',
        '"0192f3a1-4111-1111-1111-111111111111"',
        json.dumps(["2026", "2027", "2028", "2029"]),
        json.dumps(["4111", "1111", "1111"]),
        json.dumps([*GROUPS, "1111", "1111", "1111"]),
        "[4111, 1111, 1111, 1111]",
        '["a[", "4111", "1111"]',
    ],
)
def test_what_is_no_card_number_stays(value: str) -> None:
    assert replace_card_numbers(value) == (value, 0)
    for size in (1, 5, 1000):
        assert screened(f'{{"a": [{value}, 7]}}'.encode(), size) == (f'{{"a": [{value}, 7]}}'.encode(), 0)


def test_names_are_replaced_as_values_are() -> None:
    text = f'{{"{CARD}": 1, "a": {{"{CARD}": [], "{CARD}":{{}}}}}}'
    result, replaced = screened(text.encode(), 7)
    assert replaced == 3
    assert CARD.encode() not in result
    assert json.loads(result)[REPLACEMENT] == 1


def test_long_lists_and_objects_are_screened_as_short_ones() -> None:
    card = {"id": 7, "card": CARD, "deep": [[[[CARD]]]], "text": "a\\b"}
    records = [{"id": number, "at": "2026-01-31T12:00:00Z", "list": [1, 2, [3]]} for number in range(3000)]
    content = json.dumps([*records, card, *records, int(CARD), {"more": dict.fromkeys("abc", records[:200])}])
    result, replaced = screened(content.encode(), 16 * 1024)
    assert replaced == 3
    expected = content.replace(f'"{CARD}"', f'"{REPLACEMENT}"').replace(CARD, f'"{REPLACEMENT}"')
    assert result.decode() == expected
