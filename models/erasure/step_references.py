"""The references of an erasure step: what its system calls the person, encrypted under the request's own key."""

from collections.abc import Sequence

import orjson

from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, DataKey, EncryptedColumn
from models.subjects.identifiers import REFERENCE_LENGTH

MAX_REFERENCES = 100
"""References in one step. A system that knows more of one person gets several steps."""
MAX_LIST_LENGTH = MAX_REFERENCES * (4 * REFERENCE_LENGTH + 3) + 2 + ENCRYPTION_OVERHEAD
"""Octets of an encrypted list: each reference has quotation marks and a comma."""

REFERENCE = EncryptedColumn("erasure_steps.account_reference")
REFERENCE_LIST = EncryptedColumn("erasure_steps.reference_list")


def encrypt_references(key: DataKey, references: Sequence[str]) -> tuple[bytes, bytes]:
    """Return the first of the references, and all of them as a JSON list, both encrypted."""
    return REFERENCE.encrypt(key, references[0]), REFERENCE_LIST.encrypt(key, orjson.dumps(references).decode())


def parse_references(reference_list: str | None, account_reference: str | None = None) -> list[str]:
    """Return the references of a step. Erasure steps of earlier versions have only an account reference."""
    if reference_list is not None:
        references: list[str] = orjson.loads(reference_list)
        return references
    return [] if account_reference is None else [account_reference]
