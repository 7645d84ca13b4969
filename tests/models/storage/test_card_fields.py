"""Tests of card numbers in several fields of one input, and in parsed JSON."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.storage.card_fields import contains_card_number, fields_contain_card_number
from tests.models.storage.test_card_numbers import card_numbers


@given(
    st.recursive(
        card_numbers(),
        lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.text(), inner, min_size=1),
        max_leaves=12,
    )
)
def test_a_number_is_found_at_any_depth(value: object) -> None:
    assert contains_card_number(value)


def test_a_number_is_found_in_a_key_and_far_below_the_stack() -> None:
    assert contains_card_number({"a": [{"4111111111111111": None}]})
    deep: object = "4111 1111 1111 1111"
    for _ in range(100_000):
        deep = [deep]
    assert contains_card_number(deep)
    while isinstance(deep, list):  # Taken apart by hand: the interpreter would take it apart by recursion.
        deep = deep.pop()


@pytest.mark.parametrize("value", [None, True, 4111111111111111, 4111111111111111.0, [], {}, "", {"a": [1, None, "b"]}])
def test_numbers_and_empty_values_hold_no_card_number(value: object) -> None:
    assert not contains_card_number(value)


@given(card_numbers(), st.data())
def test_a_number_divided_between_fields_is_found_in_any_order(number: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(number) - 1), min_size=1, max_size=3)))
    parts = [number[start:end] for start, end in zip([0, *cuts], [*cuts, len(number)], strict=True)]
    texts = data.draw(st.permutations(["store", "Ada", *parts]))
    assert fields_contain_card_number(texts)


@pytest.mark.parametrize(
    "fields",
    [
        {"reference": "411111111111", "lastDigits": "1111"},
        {"lastDigits": "4111", "reference": "1111-1111-1111"},
        {"reference": "4111.1111.1111", "lastDigits": "1111"},
        {"reference": "card 411111111111", "lastDigits": "1111"},
        {"displayName": "Ada 41111111", "account": {"system": "store", "reference": "11111111"}},
        {"app": "411111", "version": "11111", "platform": "11111", "userAgent": "Mozilla/5.0 (X11) Firefox/128.0"},
        {"reference": "a" * 1000 + " 411111111111", "lastDigits": "1111 " + "a" * 1000},
        {"reference": "40000566_5566", "lastDigits": "5556"},
        {"reference": "4000e0566e5566", "lastDigits": "5556"},
        {"reference": "4a0b0c0d0a5b6c6d5a5b6c6", "lastDigits": "5556"},
        {"reference": "4000:05665566", "lastDigits": "5556"},
        {"reference": "ref_400005665566_x", "lastDigits": "5556"},
        {"reference": "0400005665566", "lastDigits": " 5556"},
        {"reference": "4000056655665", "lastDigits": "5556"},
        {"reference": "40000566556655", "lastDigits": "5556"},
        {"reference": "4000.0566.5566.555", "lastDigits": "5556"},
        {"reference": "4111@1111@1111", "lastDigits": "1111"},
        {"reference": "4111@11111111", "lastDigits": "1111"},
        {"reference": "g" * 20_000 + " 4111", "lastDigits": "1111" + "g" * 20_000, "version": "1111-1111"},
        {"reference": "\u0664\u0661\u0661\u0661 \uff11\uff11\uff11\uff11", "lastDigits": "\u246011\u2460-1111"},
    ],
)
def test_fields_of_one_object_are_read_together(fields: dict[str, object]) -> None:
    assert contains_card_number({"deep": [fields]})
    for order in permutations(fields):
        assert contains_card_number({key: fields[key] for key in order})


@pytest.mark.parametrize(
    "fields",
    [
        {"reference": "411111111111", "lastDigits": "1112"},
        {"reference": "ord-2026-000123", "lastDigits": "1111"},
        {"reference": "4000056655665", "lastDigits": "6556"},
        {"reference": "40000566_5566", "lastDigits": "5557"},
        {"reference": "pay_0192f3a0c1d27e3f8a9b0c1d2e3f4a5b", "lastDigits": "5556"},
        {"reference": "0192f3a0-c1d2-7e3f-8a9b-0c1d2e3f4a5b", "lastDigits": "5556"},
        {"email": "41111111@example.com", "account": {"system": "store", "reference": "11111111"}},
        {"email": "41111111@\u4f8b.\u516c\u53f8", "account": {"system": "store", "reference": "11111111"}},
        {"reference": "4111", "syncedAt": "2026-01-01T00:00:00Z", "modifiedAt": "2026-01-02T00:00:00.5+01:00"},
        {"app": "Outliner", "version": "3.2.1", "platform": "iOS 17", "userAgent": "Mozilla/5.0 (X11) Firefox/128.0"},
        {"ids": ["411111111111", "1111"]},
    ],
)
def test_other_fields_are_let_through(fields: dict[str, object]) -> None:
    assert not contains_card_number(fields)


def test_texts_of_any_length_and_number_are_checked_in_little_time() -> None:
    """A search of every order of whole texts would not end."""
    assert not fields_contain_card_number(["1" * 1_000_000] * 5)
    assert not fields_contain_card_number(["1 " * 500_000 + "a"] * 5)
    assert not fields_contain_card_number(["a" + " 1" * 500_000 + "é"] * 5)
    assert not fields_contain_card_number([f"1{number:03}a" for number in range(100)])
    assert fields_contain_card_number([*(f"a{number:03}a" for number in range(1000)), "411111111111", "1111"])
