"""Public ids: their form, what is refused, and that the check of many at once refuses the same as the check of one."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadInput, NotFound, Refusal
from models.storage.ids import Prefix, are_ids, format_id, id_formatter, new_id, parse_id, parse_id_of, parse_ids_of

HEX = "0192f3a00000700080000000000000ff"
IDS = st.one_of(
    st.uuids().map(lambda value: f"sub_{value.hex}"),
    st.uuids().map(lambda value: f"req_{value.hex}"),
    st.text("sub_0123456789abcdefABg,\n", max_size=40),
)


def test_a_new_id_is_a_version_7_uuid_and_later_ids_are_greater() -> None:
    ids = [new_id() for _ in range(1000)]
    assert {value.version for value in ids} == {7}
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("prefix", Prefix)
def test_an_id_is_parsed_to_what_it_was_formatted_from(prefix: Prefix) -> None:
    value = new_id()
    text = format_id(prefix, value)
    assert text == f"{prefix}_{value.hex}"
    assert parse_id(text) == (prefix, value)
    assert parse_id_of(prefix, text) == value
    assert parse_ids_of(prefix, [text, text]) == [value, value]
    assert id_formatter(prefix)(value) == text


def test_a_formatter_keeps_none() -> None:
    assert id_formatter(Prefix.SUBJECT)(None) is None


def test_prefixes_have_three_letters_and_differ() -> None:
    assert {len(prefix) for prefix in Prefix} == {3}
    assert len({*Prefix}) == len([*Prefix])


@pytest.mark.parametrize(
    "text",
    ["", "sub_", HEX, f"sub{HEX}", f"sub_{HEX[1:]}", f"sub_{HEX}0", f"sub_{HEX.upper()}", f"SUB_{HEX}", f"xyz_{HEX}"],
)
def test_a_malformed_id_is_refused_without_being_repeated(text: str) -> None:
    for parse in (lambda: parse_id(text, "input.id"), lambda: parse_id_of(Prefix.SUBJECT, text, "input.id")):
        with pytest.raises(BadInput) as refusal:
            parse()
        assert refusal.value.extensions["argument"] == "input.id"
        assert not text or text not in refusal.value.message


def test_an_id_of_another_type_is_not_found() -> None:
    with pytest.raises(NotFound):
        parse_id_of(Prefix.SUBJECT, f"req_{HEX}")


MALFORMED = ["su_" + "a" * 33, "sub_" + "a" * 31 + "_", "sub_" + "a" * 31 + "é", "sub_" + "a" * 31 + "\ud800"]


@given(st.lists(st.one_of(IDS, st.sampled_from(MALFORMED)), max_size=6))
def test_the_check_of_many_ids_agrees_with_that_of_each(texts: list[str]) -> None:
    is_each = [re.fullmatch(r"(sub|req)_[0-9a-f]{32}", text) for text in texts]
    assert are_ids(texts) == (all(is_each) and len({text[:4] for text in texts}) == 1)


@given(st.lists(IDS, max_size=6))
def test_many_ids_are_refused_exactly_when_one_of_them_is(texts: list[str]) -> None:
    expected: list[UUID] | tuple[str, object]
    actual: list[UUID] | tuple[str, object]
    try:
        expected = [parse_id_of(Prefix.SUBJECT, text, f"ids.{index}") for index, text in enumerate(texts)]
    except Refusal as refusal:
        expected = (refusal.code, refusal.extensions["argument"])
    try:
        actual = parse_ids_of(Prefix.SUBJECT, texts)
    except Refusal as refusal:
        actual = (refusal.code, refusal.extensions["argument"])
    assert actual == expected
