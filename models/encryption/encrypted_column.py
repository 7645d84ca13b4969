"""Encrypted columns: values that only the owner's data key decrypts (AES-256-GCM, NIST SP 800-38D)."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import Unavailable

FORMAT_VERSION = b"\x01"
NONCE_LENGTH = 12
TAG_LENGTH = 16
CIPHERTEXT_OFFSET = len(FORMAT_VERSION) + NONCE_LENGTH
"""The position of the ciphertext, after the format version and the nonce."""
ENCRYPTION_OVERHEAD = len(FORMAT_VERSION) + NONCE_LENGTH + TAG_LENGTH
"""Octets that encryption adds to a value."""


class DataKey(NamedTuple):
    """The data key of one person or one email, ready to encrypt and decrypt."""

    owner_id: UUID
    cipher: AESGCM


class DataKeys(dict[UUID, DataKey]):
    """Data keys by owner. A destroyed one is UNAVAILABLE: the erasure has not removed the values everywhere yet."""

    def __missing__(self, owner_id: UUID) -> DataKey:
        raise Unavailable


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """An encrypted column. Its name and the owner's id are associated data, so that a moved value is not decrypted."""

    column: str
    _prefix: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_prefix", self.column.encode() + b"\x00")

    def encrypt(self, key: DataKey, text: str) -> bytes:
        """Return the format version, the nonce, the ciphertext and the tag."""
        nonce = os.urandom(NONCE_LENGTH)
        return FORMAT_VERSION + nonce + key.cipher.encrypt(nonce, text.encode(), self._prefix + key.owner_id.bytes)

    def decrypt(self, key: DataKey, encrypted: bytes) -> str:
        """Return the text. Raise ``InvalidTag`` if the value was moved or changed, or belongs to another key."""
        associated_data = self._prefix + key.owner_id.bytes
        nonce, ciphertext = encrypted[1:CIPHERTEXT_OFFSET], encrypted[CIPHERTEXT_OFFSET:]
        return key.cipher.decrypt(nonce, ciphertext, associated_data).decode()

    def decrypt_all(self, key: DataKey, values: Iterable[bytes]) -> list[str]:
        """Return the texts of several values of one owner. Raise ``InvalidTag`` as ``decrypt`` does."""
        decrypt, associated_data = key.cipher.decrypt, self._prefix + key.owner_id.bytes
        return [
            decrypt(value[1:CIPHERTEXT_OFFSET], value[CIPHERTEXT_OFFSET:], associated_data).decode() for value in values
        ]

    def decryptor(self) -> Callable[[Any, UUID, bytes | None], str | None]:
        """Return a function of the data keys, an owner's id and an encrypted value that returns the text.

        If the exception that reading the keys raised is passed instead of the keys, the function raises it.
        """
        prefix = self._prefix

        def decrypt(keys: Any, owner_id: UUID, encrypted: bytes | None) -> str | None:
            # A copy of the method ``decrypt``: calling it would add a third to the time.
            if encrypted is None:
                return None
            try:
                cipher = keys[owner_id].cipher
            except TypeError:
                raise keys from None
            nonce, ciphertext = encrypted[1:CIPHERTEXT_OFFSET], encrypted[CIPHERTEXT_OFFSET:]
            return cipher.decrypt(nonce, ciphertext, prefix + owner_id.bytes).decode()

        return decrypt


@cache
def encrypted_columns(row: type) -> Mapping[str, EncryptedColumn]:
    """Return the encrypted columns of a row type, annotated ``Annotated[bytes, EncryptedColumn("table.column")]``."""
    columns = {}
    if issubclass(row, tuple):
        for name, hint in get_type_hints(row, include_extras=True).items():
            for alternative in (hint, *get_args(hint)):
                for annotation in getattr(alternative, "__metadata__", ()):
                    if isinstance(annotation, EncryptedColumn):
                        columns[name] = annotation
    return columns
