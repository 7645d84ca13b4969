"""The emails about disclosures, incidents and the privacy policy: each function builds a template context."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mailers.dates import day
from models.data_categories import DataCategory

CATEGORY_WORDS: Final[Mapping[DataCategory, str]] = {
    DataCategory.CONTACT: "email addresses",
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


def policy_changed(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first day of a new version of the privacy policy, where its text is, and what is asked again.

    Events of an earlier version do not list what is asked again.
    """
    purposes = event.get("purposes")
    return {
        "effective": day(event["effective_on"]),
        "url": event["url"],
        "is_list_known": purposes is not None,
        "purposes": "; ".join(purposes or ()),
    }


_FORCED_GROUNDS: Final = {
    "LEGAL_OBLIGATION": "a law obliged us to",
    "LEGAL_PROCESS": "a court or an authority ordered it",
    "PROTECTION_OF_RIGHTS": "it was needed to protect rights or property",
    "EMERGENCY": "it was needed to protect the safety of people in an emergency",
}


def forced_disclosure(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was disclosed, to whom, when and why."""
    return {
        "disclosed": day(event["disclosed_at"]),
        "authority": event["authority"],
        "ground": _FORCED_GROUNDS[event["ground"]],
        "categories": category_words(event["categories"]),
    }


_INCIDENTS: Final = {
    "UNAUTHORISED_READ": "Somebody read data about you without a right to.",
    "CREDENTIAL_MISUSE": "Somebody used a password or a key of ours without a right to.",
    "THEFT": "Data about you was stolen.",
    "LOSS": "Data about you was lost.",
    "WRONG_RECIPIENT": "Data about you went to a wrong recipient.",
    "OTHER": "The security of data about you was breached.",
}


def incident_notice(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what happened, its likely consequences, and the measures taken (Art. 34(2) GDPR)."""
    return {
        "aware": day(event["aware_at"]),
        "what": _INCIDENTS[event["kind"]],
        "categories": category_words(event["categories"]),
        "consequences": event["consequences"],
        "measures": event["measures"],
    }
