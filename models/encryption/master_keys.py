"""The master key in several versions: it wraps all other keys, so that rotating it re-encrypts no value."""

import base64
import binascii
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from models.encryption.encrypted_column import NONCE_LENGTH

KEY_LENGTH = 32
"""Octets of a key: AES-256."""
MASTER_KEY_FORMAT = "PRIVACY_MASTER_KEY is VERSION:BASE64 of 32 octets, several separated by commas"


class MasterKeys:
    """The versions of the master key. The highest wraps keys, and every version unwraps what it wrapped."""

    def __init__(self, text: str) -> None:
        """Parse ``2:BASE64,1:BASE64``. Raise ValueError with a sentence if the text does not have this form."""
        self._secrets: dict[int, bytes] = {}
        for part in text.split(","):
            number, _, secret = part.strip().partition(":")
            try:
                decoded = base64.b64decode(secret, validate=True)
                version = int(number)
            except (ValueError, binascii.Error):
                raise ValueError(MASTER_KEY_FORMAT) from None
            if len(decoded) != KEY_LENGTH or not 0 < version < 2**15 or version in self._secrets:
                raise ValueError(MASTER_KEY_FORMAT)
            self._secrets[version] = decoded
        self._ciphers = {version: AESGCM(secret) for version, secret in self._secrets.items()}
        self.current = max(self._secrets)

    @staticmethod
    def generate(version: int = 1) -> str:
        """Return a new master key in the form of the setting."""
        return f"{version}:{base64.b64encode(os.urandom(KEY_LENGTH)).decode()}"

    def wrap(self, secret: bytes, associated_data: bytes) -> bytes:
        """Return the nonce and the secret encrypted under the current version."""
        nonce = os.urandom(NONCE_LENGTH)
        return nonce + self._ciphers[self.current].encrypt(nonce, secret, associated_data)

    def unwrap(self, version: int, wrapped: bytes, associated_data: bytes) -> bytes:
        """Return a secret that this version wrapped. Raise LookupError if the version is missing."""
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise LookupError(f"a key is wrapped by master key version {version}, which PRIVACY_MASTER_KEY lacks")
        return cipher.decrypt(wrapped[:NONCE_LENGTH], wrapped[NONCE_LENGTH:], associated_data)

    def derive_keys(self, use: str) -> list[bytes]:
        """Derive a key for another use from each version (HKDF-SHA-256), the current version first."""
        return [
            HKDF(algorithm=SHA256(), length=KEY_LENGTH, salt=None, info=use.encode()).derive(self._secrets[version])
            for version in sorted(self._secrets, reverse=True)
        ]
