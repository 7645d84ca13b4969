"""Texts that a machine reports: a card number in one is replaced, so that it does not cost the rest of the report."""

from typing import Final

from prometheus_client import Counter

from models.storage.card_numbers import looks_like_card_number

REPLACEMENT: Final = "[card number removed]"
REPLACED_TEXTS = Counter(
    "privacy_reported_texts_replaced", "User agents and errors of internal systems that looked like a card number."
)


def replace_card_number(text: str) -> str:
    """Return the text, or a placeholder for one that looks like a card number, which is counted."""
    if not looks_like_card_number(text):
        return text
    REPLACED_TEXTS.inc()
    return REPLACEMENT
