"""Texts that a machine reports."""

from models.storage.reported_texts import REPLACED_TEXTS, REPLACEMENT, replace_card_number


def test_a_card_number_is_replaced_and_counted_and_other_texts_are_not() -> None:
    before = REPLACED_TEXTS._value.get()
    assert replace_card_number("account 4111 1111 1111 1111 is locked") == REPLACEMENT
    assert replace_card_number("account 12 is locked") == "account 12 is locked"
    assert REPLACED_TEXTS._value.get() - before == 1
