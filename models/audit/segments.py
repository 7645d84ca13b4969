"""Segments: signed runs of the audit log, each of which contains the hash of the one before it.

This module defines what is signed, its canonical form, the keys, and the leaves of the Merkle tree.
``models.audit.sealing`` creates segments and ``models.audit.verification`` verifies them.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import BigInteger, CheckConstraint, Integer, SmallInteger, text

from models.audit import merkle
from models.audit.events import AccessEventRow
from models.storage.columns import Bytes, ErasureAction, Table, Timestamp, column
from models.storage.statement import Connection, Statement

SEALER_ONLY: Final = {"info": {"is_sealer_only": True}}
"""Marks a table that only workers insert into. Only the owner of the database updates or deletes its rows."""
ENTRY_LENGTH: Final = 16 + merkle.DIGEST
"""Octets that a segment stores for an event: its id and its leaf hash."""
VERSION: Final = 2
"""The version of new segments. Version 1 does not seal the identities of actors and the counts of occurrences."""
EVENT_LENGTH: Final = len(AccessEventRow._fields)
VERSION_1_LENGTH: Final = AccessEventRow._fields.index("actor_identity")
"""How many fields of an event a segment of version 1 seals."""
GENESIS_HEAD: Final = bytes(merkle.DIGEST)
"""The previous head in the first segment."""
AUDIT_KEY_FORMAT: Final = "PRIVACY_AUDIT_KEY is the base64 of 32 octets: `privacy audit key` makes one"
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AuditSegment(Table, table=True):
    """A sealed segment of the audit log."""

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
    version: int = column(SmallInteger, ErasureAction.IMPERSONAL, server_default=text("1"))
    signature: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    entries: bytes = column(Bytes, ErasureAction.IMPERSONAL)


class Segment(NamedTuple):
    """A sealed segment. All fields but the signature and the entries are signed."""

    number: int
    from_transaction: int
    until_transaction: int
    event_count: int
    last_at: datetime
    root: bytes
    previous: bytes
    sealed_at: datetime
    key_id: bytes
    version: int = VERSION
    signature: bytes = b""
    entries: bytes = b""

    @property
    def header(self) -> bytes:
        """The signed fields in their canonical form."""
        return orjson.dumps(["segment", self.version, *(_json_value(part) for part in self[:9])])

    @property
    def head(self) -> bytes:
        """The SHA-256 of the header, which the next segment contains."""
        return hashlib.sha256(self.header).digest()


class SegmentSigner:
    """The private key that signs segments (Ed25519). Processes that serve callers do not have it."""

    def __init__(self, text: str) -> None:
        """Parse the base64 of 32 octets. Raise ValueError with a sentence if the text does not have this form."""
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            raise ValueError(AUDIT_KEY_FORMAT) from None
        self.public = self._key.public_key().public_bytes_raw()
        self.key_id = key_id(self.public)

    @staticmethod
    def generate() -> str:
        """Return a new key in the form of the setting."""
        return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        return self._key.sign(message)


class TrustedKeys(dict[bytes, Ed25519PublicKey]):
    """The public keys that signatures are verified with, by key id."""

    @classmethod
    def from_public_keys(cls, keys: Sequence[bytes]) -> Self:
        """Return the keys of these raw public keys, 32 octets each."""
        return cls((key_id(key), Ed25519PublicKey.from_public_bytes(key)) for key in keys)

    def has_signed(self, signer_id: bytes, message: bytes, signature: bytes) -> bool:
        """Return whether the key of this id is trusted and signed the message."""
        try:
            self[signer_id].verify(signature, message)
        except (KeyError, InvalidSignature):
            return False
        return True


def key_id(public: bytes) -> bytes:
    """Return the id of a public key: the first eight octets of its SHA-256."""
    return hashlib.sha256(public).digest()[:8]


def canonical_bytes(event: AccessEventRow, version: int = VERSION) -> bytes:
    """Return the canonical form of an event in a segment of a version, from which its leaf hash is computed."""
    parts = [
        event.id.hex,
        to_microseconds(event.at),
        event.actor,
        event.role,
        event.case,
        event.subject_id and event.subject_id.hex,
        event.action,
        event.fields,
        event.operation,
        event.operation_hash and event.operation_hash.hex(),
        event.grant_id and event.grant_id.hex,
    ]
    return orjson.dumps(parts if version == 1 else [*parts, event.actor_identity, event.occurrences])


def to_microseconds(at: datetime) -> int:
    """Return the microseconds since 1970."""
    elapsed = at - _UNIX_EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds


def from_microseconds(count: int) -> datetime:
    """Return the time that is this many microseconds after 1970."""
    return _UNIX_EPOCH + timedelta(microseconds=count)


def _json_value(part: Any) -> Any:
    """Return a signed field as JSON has it."""
    if isinstance(part, datetime):
        return to_microseconds(part)
    return part.hex() if isinstance(part, bytes) else part


LAST_SEGMENT = Statement("""
SELECT number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, version,
    signature
FROM audit_segments
ORDER BY number DESC
LIMIT 1
""")


async def last_segment(connection: Connection) -> Segment | None:
    """Return the last segment of the chain without its entries; None before the first one."""
    row = await LAST_SEGMENT.row(connection)
    return Segment(*row) if row else None


def event_id_at(entries: bytes, index: int) -> UUID:
    """Return the id of the event at an index of a segment's entries."""
    return UUID(bytes=entries[index * ENTRY_LENGTH : index * ENTRY_LENGTH + 16])


def parse_leaves(entries: bytes) -> list[bytes]:
    """Return the leaf hashes of a segment's entries."""
    return [entries[start + 16 : start + ENTRY_LENGTH] for start in range(0, len(entries), ENTRY_LENGTH)]
