"""Segments: the record of access events in signed runs, each of which names the one before it.

What is signed, and in which form; which key signed it; how events become the leaves of a tree. ``models.audit.sealing``
makes segments, ``models.audit.verification`` reads them back.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import BigInteger, CheckConstraint, Integer

from models.audit import merkle
from models.audit.events import AccessEventRow
from models.storage.columns import Bytes, ErasureAction, Table, Timestamp, column
from models.storage.statement import Connection, Statement

SEALER_ONLY: Final = {"info": {"is_sealer_only": True}}
"""Marks a table that workers alone add to, and of which nobody but its owner changes or deletes a row."""
ENTRY_LENGTH: Final = 16 + merkle.DIGEST
"""Octets that a segment keeps of an event: its id and its leaf's hash."""
GENESIS_HEAD: Final = bytes(merkle.DIGEST)
"""What the first segment names as the one before it."""
AUDIT_KEY_FORMAT: Final = "PRIVACY_AUDIT_KEY is the base64 of 32 octets: `privacy audit key` makes one"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AuditSegment(Table, table=True):
    """A run of the record, sealed."""

    __tablename__ = "audit_segments"
    __table_args__ = (
        CheckConstraint("number > 0 AND event_count > 0", name="segment_holds_events"),
        CheckConstraint("from_transaction < until_transaction", name="segment_covers_transactions"),
        CheckConstraint(f"octet_length(entries) = {ENTRY_LENGTH} * event_count", name="every_event_has_its_entry"),
        SEALER_ONLY,
    )

    number: int = column(BigInteger, ErasureAction.IMPERSONAL, primary_key=True)
    from_transaction: int = column(BigInteger, ErasureAction.IMPERSONAL)
    until_transaction: int = column(BigInteger, ErasureAction.IMPERSONAL)
    event_count: int = column(Integer, ErasureAction.IMPERSONAL)
    last_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    root: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    previous: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    sealed_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    key_id: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    signature: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    entries: bytes = column(Bytes, ErasureAction.IMPERSONAL)


class Segment(NamedTuple):
    """A sealed run of the record; all but its signature and entries is what is signed."""

    number: int
    from_transaction: int
    until_transaction: int
    event_count: int
    last_at: datetime
    root: bytes
    previous: bytes
    sealed_at: datetime
    key_id: bytes
    signature: bytes = b""
    entries: bytes = b""

    @property
    def header(self) -> bytes:
        """What is signed, in its one form."""
        return orjson.dumps(["segment", 1, *(_plain(part) for part in self[:9])])

    @property
    def head(self) -> bytes:
        """What the next segment names this one by."""
        return hashlib.sha256(self.header).digest()


class SegmentSigner:
    """The key that signs; the processes that serve callers do not have it."""

    def __init__(self, text: str) -> None:
        """Read the base64 of 32 octets; ValueError with a sentence when it is not of that form."""
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            raise ValueError(AUDIT_KEY_FORMAT) from None
        self.public = self._key.public_key().public_bytes_raw()
        self.key_id = key_id(self.public)

    @staticmethod
    def generate() -> str:
        """Make a new key, as the setting wants it."""
        return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class TrustedKeys(dict[bytes, Ed25519PublicKey]):
    """Public keys by their ids."""

    @classmethod
    def of(cls, keys: Sequence[bytes]) -> Self:
        return cls((key_id(key), Ed25519PublicKey.from_public_bytes(key)) for key in keys)

    def signed(self, by: bytes, message: bytes, signature: bytes) -> bool:
        """Say whether one of these keys, the one of this id, signed the message."""
        try:
            self[by].verify(signature, message)
        except (KeyError, InvalidSignature):
            return False
        return True


def key_id(public: bytes) -> bytes:
    """Name a public key."""
    return hashlib.sha256(public).digest()[:8]


def canonical_bytes(event: AccessEventRow) -> bytes:
    """Give an event in the one form that its leaf is the hash of."""
    identity, at, actor, role, case, subject_id, action, fields, operation, operation_hash, grant_id = event
    return orjson.dumps(
        [
            identity.hex,
            to_microseconds(at),
            actor,
            role,
            case,
            subject_id and subject_id.hex,
            action,
            fields,
            operation,
            operation_hash and operation_hash.hex(),
            grant_id and grant_id.hex,
        ]
    )


def to_microseconds(at: datetime) -> int:
    """Count the microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _plain(part: Any) -> Any:
    if isinstance(part, datetime):
        return to_microseconds(part)
    return part.hex() if isinstance(part, bytes) else part


LAST_SEGMENT = Statement("""
SELECT number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, signature
FROM audit_segments
ORDER BY number DESC
LIMIT 1
""")


async def head_now(connection: Connection) -> tuple[int, bytes] | None:
    """Give the number and the head of the last segment; None before the first."""
    row = await LAST_SEGMENT.row(connection)
    last = Segment(*row) if row else None
    return (last.number, last.head) if last else None


def event_id_at(entries: bytes, place: int) -> UUID:
    """Give the id of the event at a place of a segment's entries."""
    return UUID(bytes=entries[place * ENTRY_LENGTH : place * ENTRY_LENGTH + 16])


def parse_leaves(entries: bytes) -> list[bytes]:
    """Give the leaf hashes of a segment's entries."""
    return [entries[start + 16 : start + ENTRY_LENGTH] for start in range(0, len(entries), ENTRY_LENGTH)]
