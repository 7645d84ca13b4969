"""The link to an export: a token with the id of the request, signed under a lookup key. It names no person."""

import base64
import binascii
import hmac
from typing import Final
from uuid import UUID

from models.encryption.keyring import Keyring

HASH_KIND: Final = "export link"
MAC_LENGTH: Final = 16
ID_LENGTH: Final = 16
TOKEN_LENGTH: Final = 43
_INVALID: Final = bytes(ID_LENGTH + MAC_LENGTH)


def make_token(keyring: Keyring, request_id: UUID) -> str:
    """Return the token of an export. It is the same each time under the same lookup key."""
    return base64.urlsafe_b64encode(request_id.bytes + _macs(keyring, request_id.bytes)[0]).rstrip(b"=").decode()


def verify_token(keyring: Keyring, text: str) -> UUID:
    """Verify a token; return its request, or an id that no request has. Every token takes the same time."""
    try:
        raw = base64.b64decode(text[:TOKEN_LENGTH] + "=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = _INVALID
    if len(raw) != len(_INVALID) or len(text) != TOKEN_LENGTH:
        raw = _INVALID
    content, mac = raw[:ID_LENGTH], raw[ID_LENGTH:]
    matches = [hmac.compare_digest(mac, known) for known in _macs(keyring, content)]
    return UUID(bytes=content if any(matches) else bytes(ID_LENGTH))


def _macs(keyring: Keyring, content: bytes) -> list[bytes]:
    return [hashed.digest[:MAC_LENGTH] for hashed in keyring.lookup_hashes(HASH_KIND, content.hex())]
