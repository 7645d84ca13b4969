"""The emails about disclosures: the words for categories of data."""

from collections.abc import Iterable, Mapping
from typing import Final

from models.data_categories import DataCategory

CATEGORY_WORDS: Final[Mapping[DataCategory, str]] = {
    DataCategory.CONTACT: "mail addresses",
    DataCategory.PROFILE: "name and country",
    DataCategory.ACCOUNTS: "account references",
    DataCategory.CONSENTS: "your choices",
    DataCategory.PAYMENT_FRAGMENTS: "the last four digits and the expiry of cards",
    DataCategory.SYNC_METADATA: "what programs and how much storage you sync with",
    DataCategory.SYNC_FILE_NAMES: "names and sizes of synced files",
    DataCategory.LETTERS: "letters that we wrote to you",
    DataCategory.REQUESTS: "requests that you made about your data",
    DataCategory.ACCESS_EVENTS: "records of who read your data",
}


def category_words(categories: Iterable[str]) -> str:
    """Return categories as words for people, separated by semicolons."""
    return "; ".join(CATEGORY_WORDS[DataCategory(category)] for category in categories)
