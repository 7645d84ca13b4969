"""Categories of personal data: each personal field, each column about a person and each retention rule has one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from models.storage.columns import ErasureAction


class DataCategory(StrEnum):
    """What personal data is about."""

    CONTACT = "CONTACT"
    PROFILE = "PROFILE"
    ACCOUNTS = "ACCOUNTS"
    CONSENTS = "CONSENTS"
    PAYMENT_FRAGMENTS = "PAYMENT_FRAGMENTS"
    SYNC_METADATA = "SYNC_METADATA"
    SYNC_FILE_NAMES = "SYNC_FILE_NAMES"
    LETTERS = "LETTERS"
    REQUESTS = "REQUESTS"
    ACCESS_EVENTS = "ACCESS_EVENTS"


CATEGORY_BY_TABLE: Final[Mapping[str, DataCategory]] = {
    "subjects": DataCategory.PROFILE,
    "email_addresses": DataCategory.CONTACT,
    "suppressions": DataCategory.CONTACT,
    "accounts": DataCategory.ACCOUNTS,
    "known_systems": DataCategory.ACCOUNTS,
    "consent_events": DataCategory.CONSENTS,
    "consent_changes": DataCategory.CONSENTS,
    "payment_fragments": DataCategory.PAYMENT_FRAGMENTS,
    "payment_removals": DataCategory.PAYMENT_FRAGMENTS,
    "sync_accounts": DataCategory.SYNC_METADATA,
    "sync_clients": DataCategory.SYNC_METADATA,
    "sync_files": DataCategory.SYNC_FILE_NAMES,
    "letters": DataCategory.LETTERS,
    "affected_people": DataCategory.LETTERS,
    "letter_keys": DataCategory.LETTERS,
    "disclosures": DataCategory.ACCESS_EVENTS,
    "rights_requests": DataCategory.REQUESTS,
    "erasure_steps": DataCategory.REQUESTS,
    "identity_codes": DataCategory.REQUESTS,
    "retention_holds": DataCategory.REQUESTS,
    "exports": DataCategory.REQUESTS,
    "export_steps": DataCategory.REQUESTS,
    "export_chunks": DataCategory.REQUESTS,
    "export_keys": DataCategory.REQUESTS,
    "erasures": DataCategory.REQUESTS,
    "erased_names": DataCategory.REQUESTS,
    "access_events": DataCategory.ACCESS_EVENTS,
    "access_grants": DataCategory.ACCESS_EVENTS,
    "subject_keys": DataCategory.PROFILE,
    "lifted_suppressions": DataCategory.CONTACT,
}
"""The category of each table with a column about a person, in both databases."""

CATEGORY_BY_COLUMN: Final[Mapping[str, DataCategory]] = {
    "subjects.choices": DataCategory.CONSENTS,
    "subjects.epoch": DataCategory.CONSENTS,
    "subjects.opted_out_at": DataCategory.CONSENTS,
    "subjects.opted_out_confirmed_at": DataCategory.CONSENTS,
    "subjects.refusals_confirmed_at": DataCategory.CONSENTS,
}
"""Columns whose category is not that of their table."""


def category_of(table: str, column: str) -> DataCategory | None:
    """Return the category of a column; None for a table that has none."""
    return CATEGORY_BY_COLUMN.get(f"{table}.{column}") or CATEGORY_BY_TABLE.get(table)


def concerns_people(erasure_action: ErasureAction) -> bool:
    """Return whether a column with this erasure action is about a person, so that it must have a category."""
    return erasure_action is not ErasureAction.IMPERSONAL
