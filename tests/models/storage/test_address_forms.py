"""Forms of email addresses: equal by case and by IDNA2008 alone, and lenient where an address is only refused."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.errors import BadInput
from models.storage import validation
from models.storage.address_forms import (
    MAX_LENIENT_LENGTH,
    former_lookup_form,
    is_merge_target,
    lenient_address,
    lookup_form,
    was_merged,
)

DIFFERENT = [
    ("kontakt@gie\u00dfen.example.com", "kontakt@giessen.example.com"),
    ("stra\u00dfe@example.com", "strasse@example.com"),
    ("\u03bd\u03af\u03ba\u03bf\u03c2@example.com", "\u03bd\u03af\u03ba\u03bf\u03c3@example.com"),
    ("o\ufb03ce@example.com", "office@example.com"),
    ("\u0130@example.com", "i\u0307@example.com"),
    ("\u0131@example.com", "i@example.com"),
    ("a@fa\u00df.example.com", "a@fass.example.com"),
]
EQUAL = [
    ("Ada@Example.COM", "ada@example.com"),
    ("\u00c4da@example.com", "\u00e4da@example.com"),
    ("a\u0308da@example.com", "\u00e4da@example.com"),
    ("ada@B\u00fccher.example", "ada@xn--bcher-kva.EXAMPLE"),
    ("ada@xn--Bcher-KVA.example", "ada@b\u00fccher.example"),
    ("\u03a3@example.com", "\u03c3@example.com"),
    ("ada@example.com.", "ada@example.com"),
]


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_letters_that_only_fold_alike_make_two_addresses(first: str, second: str) -> None:
    assert lookup_form(first) != lookup_form(second)
    assert was_merged(first) == (former_lookup_form(lookup_form(first)) == former_lookup_form(lookup_form(second)))


@pytest.mark.parametrize(("first", "second"), EQUAL)
def test_spellings_by_case_and_by_idna_are_one_address(first: str, second: str) -> None:
    assert lookup_form(first) == lookup_form(second)
    assert not was_merged(first)


def test_plain_letters_that_others_fold_to_are_targets_of_a_merge() -> None:
    assert is_merge_target("kontakt@giessen.example.com")
    assert not is_merge_target("ada@example.com")
    assert not is_merge_target("kontakt@gie\u00dfen.example.com")


@given(st.emails())
def test_an_address_is_found_by_every_case_of_its_letters(text: str) -> None:
    form = lookup_form(validation.email_address(text, ""))
    for again in (text.upper(), text.lower(), text.swapcase(), f" {text} "):
        assert lookup_form(validation.email_address(again, "")) == form


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_form_is_its_own_form_and_no_wider_than_the_former_one(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        address = lenient_address(address, "")
    except BadInput:
        assume(False)
    form = lookup_form(address)
    assert lookup_form(form) == form
    assert unicodedata.is_normalized("NFC", form)
    assert former_lookup_form(form) == former_lookup_form(lookup_form(address))
    form.encode()


@given(st.emails())
def test_a_valid_address_is_the_same_however_it_is_written(text: str) -> None:
    form = lookup_form(validation.email_address(text, ""))
    local, _, domain = text.rpartition("@")
    for again in (text, f" {text}\u00a0", f"<{text}>", f"Ada <{text}>", f'"{local}"@{domain}'):
        assert lookup_form(lenient_address(again, "")) == form


@pytest.mark.parametrize("text", ["hana..ko.@example.jp", ".a@example.com", "a b@example.com", "a@", "@b", "a@b_c.d"])
def test_an_address_that_breaks_the_rules_can_be_looked_up(text: str) -> None:
    assert lenient_address(text, "") == text


@pytest.mark.parametrize(
    "text", ["", "ada", "a\x00@example.com", "a\r\n@example.com", "\ud800@example.com", "a" * MAX_LENIENT_LENGTH + "@b"]
)
def test_a_text_that_is_no_address_at_all_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        lenient_address(text, "address")
