"""A section of an export: one list of records, with the information of Art. 15(1) GDPR."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.storage.statement import Statement

_NONE: Mapping[str, EncryptedColumn] = {}


class Section(NamedTuple):
    """One list of records. ``encrypted`` names the values of its statement that the person's key decrypts."""

    key: str
    title: str
    description: str
    purpose: str
    legal_basis: str
    retention: str
    source: str
    is_portable: bool
    """Whether the person gave these data, so that a request of portability includes them (Art. 20 GDPR)."""
    statement: Statement
    encrypted: Mapping[str, EncryptedColumn] = _NONE


CONTRACT = "contract (Art. 6(1)(b) GDPR)"
LAW = "legal obligation (Art. 6(1)(c) GDPR)"
INTERESTS = "legitimate interests (Art. 6(1)(f) GDPR)"
PERSON = "you"


def open_record(section: Section, key: DataKey, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with its values decrypted and its empty values left out."""
    return {
        name: section.encrypted[name].decrypt(key, value) if name in section.encrypted else value
        for name, value in row.items()
        if value is not None
    }
