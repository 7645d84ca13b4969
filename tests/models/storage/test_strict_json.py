"""Tests of JSON without repeated keys: every repetition is found, at any depth, and nothing else is refused."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.storage.strict_json import RepeatedKeyError, parse


class Pairs(list[tuple[str, Any]]):
    """An object as it is written, perhaps with repeated keys."""


TEXT = st.text(st.sampled_from('ab:"\\{},é\U0001f600\x00'), max_size=4)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(TEXT, inner), max_size=3).map(Pairs),
)


def written(value: Any, *, escapes: bool) -> str:
    if isinstance(value, Pairs):
        pairs = (f"{written(key, escapes=escapes)}: {written(inner, escapes=escapes)}" for key, inner in value)
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(written(each, escapes=escapes) for each in value)}]"
    if isinstance(value, str) and escapes:
        return '"' + "".join(f"\\u{unit:04x}" for unit in utf_16(value)) + '"'
    return json.dumps(value, ensure_ascii=False)


def utf_16(text: str) -> list[int]:
    octets = text.encode("utf-16-be")
    return [int.from_bytes(octets[at : at + 2]) for at in range(0, len(octets), 2)]


def repeats(value: Any) -> bool:
    if isinstance(value, Pairs):
        return len(dict(value)) < len(value) or any(repeats(inner) for _, inner in value)
    return isinstance(value, list) and any(map(repeats, value))


@given(VALUE, st.booleans())
def test_exactly_the_texts_with_a_repeated_key_are_refused(value: Any, escapes: bool) -> None:  # noqa: FBT001
    octets = written(value, escapes=escapes).encode()
    if repeats(value):
        with pytest.raises(RepeatedKeyError):
            parse(octets)
    else:
        assert parse(octets) == orjson.loads(octets)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":2}',
        '{"a":"\\u003a","a":1}',
        '{"a":"\\u003A","a":"\\u003A"}',
        '[{"a":{"b":1,"b":{}}}]',
        '{"":1,"":2}',
        '{"a":":","a":null}',
        "[" * 300 + '{"a":1,"a":2}' + "]" * 300,
    ],
)
def test_a_repeated_key_is_found(text: str) -> None:
    with pytest.raises(RepeatedKeyError):
        parse(text.encode())


@pytest.mark.parametrize("depth", [200, 300, 900])
def test_deep_values_without_a_repeated_key_are_parsed(depth: int) -> None:
    octets = b'{"a":' * depth + b"1" + b"}" * depth
    assert parse(octets) == orjson.loads(octets)


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":1,}'])
def test_what_is_not_json_is_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(octets)
