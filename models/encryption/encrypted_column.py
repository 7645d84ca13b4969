"""Seals: how a column's values are unreadable to whoever has not the person's key (AES-256-GCM, NIST SP 800-38D)."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT_VERSION = b"\x01"
NONCE_LENGTH = 12
TAG_LENGTH = 16
CIPHERTEXT_OFFSET = len(FORMAT_VERSION) + NONCE_LENGTH
"""Where what is sealed begins."""
ENCRYPTION_OVERHEAD = len(FORMAT_VERSION) + NONCE_LENGTH + TAG_LENGTH
"""Octets that sealing adds; AES-GCM keeps the length of what it seals."""


class DataKey(NamedTuple):
    """The key of one person, ready to seal and open."""

    owner_id: UUID
    cipher: AESGCM


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """How one column is sealed: its name and the person's id are bound in, so a value moved elsewhere does not open."""

    column: str
    _prefix: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_prefix", self.column.encode() + b"\x00")

    def encrypt(self, key: DataKey, text: str) -> bytes:
        nonce = os.urandom(NONCE_LENGTH)
        return FORMAT_VERSION + nonce + key.cipher.encrypt(nonce, text.encode(), self._prefix + key.owner_id.bytes)

    def decrypt(self, key: DataKey, sealed: bytes) -> str:
        """Give the text back; ``InvalidTag`` when it was moved, was changed, or is not this key's."""
        bound_to = self._prefix + key.owner_id.bytes
        return key.cipher.decrypt(sealed[1:CIPHERTEXT_OFFSET], sealed[CIPHERTEXT_OFFSET:], bound_to).decode()

    def decryptor(self) -> Callable[[Any, UUID, bytes | None], str | None]:
        """Give what opens the column of many people: it takes their keys, the person's id, and what is sealed.

        Where there are no keys but the exception that reading them raised, it raises that.
        """
        prefix = self._prefix

        def opened(keys: Any, owner: UUID, sealed: bytes | None) -> str | None:
            # As ``open`` does it: to call that costs a third of what it does.
            if sealed is None:
                return None
            try:
                cipher = keys[owner].cipher
            except TypeError:
                raise keys from None
            return cipher.decrypt(
                sealed[1:CIPHERTEXT_OFFSET], sealed[CIPHERTEXT_OFFSET:], prefix + owner.bytes
            ).decode()

        return opened


@cache
def encrypted_columns(row: type) -> Mapping[str, EncryptedColumn]:
    """Give the sealed columns of a row's type: those annotated ``Annotated[bytes, Seal("table.column")]``."""
    marks = {}
    if issubclass(row, tuple):
        for name, hint in get_type_hints(row, include_extras=True).items():
            for alternative in (hint, *get_args(hint)):
                for mark in getattr(alternative, "__metadata__", ()):
                    if isinstance(mark, EncryptedColumn):
                        marks[name] = mark
    return marks
