"""JSON that arrives in pieces is accepted as Python accepts it, and card numbers in it are replaced."""

import json
import random
from typing import Any

import pytest

from models.errors import BadInput
from models.exports.json_screening import JsonScreen


def screened(content: bytes, size: int) -> tuple[bytes, int]:
    screen = JsonScreen()
    pieces = [screen.feed(content[start : start + size]) for start in range(0, len(content), size)]
    return b"".join(pieces) + screen.close(), screen.replaced


def is_json(content: bytes) -> bool:
    try:
        json.loads(content.decode(), parse_constant=lambda _name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        return False
    return True


def sample(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(7 if depth < 6 else 5)
    if kind == 5:
        return [sample(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 6:
        return {f"n{number}": sample(chance, depth + 1) for number in range(chance.randrange(4))}
    return [1, None, True, 's"\\\n\u00e9' * chance.randrange(3), -1.5e10][kind]


def test_any_json_passes_in_any_pieces_and_what_is_damaged_is_refused() -> None:
    chance = random.Random(17)
    for _ in range(1500):
        text = json.dumps(sample(chance), ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1])).encode()
        assert screened(text, chance.choice([1, 3, 50])) == (text, 0)
        damaged = bytearray(text)
        damaged[chance.randrange(len(text))] = chance.choice(b'{}[],:"0a\\ ')
        try:
            screened(bytes(damaged), 5)
        except BadInput:
            assert not is_json(bytes(damaged)), damaged
        else:
            assert is_json(bytes(damaged)), damaged


@pytest.mark.parametrize(
    "content", [b"", b" ", b"[1] x", b"\xff", b'"\\ud800"', b"NaN", b"01", b"1.", b"\xef\xbb\xbf{}", b'"a']
)
def test_what_is_no_json_in_utf_8_is_refused(content: bytes) -> None:
    for size in (1, 100):
        with pytest.raises(BadInput):
            screened(content, size)


def test_card_numbers_are_replaced_in_texts_names_and_numbers() -> None:
    content = (
        b'{"a": "4111 1111 1111 1111", "n": [4111111111111111, 17, -4111111111111111.0], "t": "2026-01-31T12:00:00Z", '
        b'"4111111111111111": {"x": "\\u0034111-1111-1111-1111"}, "phone": "+49 30 901820"}'
    )
    for size in (1, 7, 1000):
        result, replaced = screened(content, size)
        assert replaced == 5
        assert b"1111" not in result
        assert json.loads(result)["n"][1] == 17
        assert json.loads(result)["t"] == "2026-01-31T12:00:00Z"
