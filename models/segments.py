"""The chain over the record: events that are committed are sealed into signed segments, each naming the one before.

Events stand in the order of their places and then of their ids. Before the horizon nobody writes any more, so a segment
that ends there has no gap and gets no latecomer, and no writer ever waits for the sealer.
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

from models import eras, merkle
from models.audits import AccessEventRow
from models.base import Fate, Moment, Octets, Table, now, stored
from models.database import Connection, Statement

SEALED: Final = {"info": {"is_sealed": True}}
"""Marks a table that workers alone add to, and of which nobody but its owner changes or deletes a row."""
MOST: Final = 20_000
"""Events in a segment at most, unless one transaction alone wrote more."""
ENTRY: Final = 16 + merkle.DIGEST
"""Octets that a segment keeps of an event: its id and its leaf's hash."""
BEGINNING: Final = bytes(merkle.DIGEST)
"""What the first segment names as the one before it."""
KEY_FORM: Final = "PRIVACY_AUDIT_KEY is the base64 of 32 octets: `privacy audit key` makes one"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AuditSegment(Table, table=True):
    """A run of the record, sealed."""

    __tablename__ = "audit_segments"
    __table_args__ = (
        CheckConstraint("number > 0 AND event_count > 0", name="segment_holds_events"),
        CheckConstraint("from_transaction < until_transaction", name="segment_covers_transactions"),
        CheckConstraint(f"octet_length(entries) = {ENTRY} * event_count", name="every_event_has_its_entry"),
        SEALED,
    )

    number: int = stored(BigInteger, Fate.IMPERSONAL, primary_key=True)
    from_transaction: int = stored(BigInteger, Fate.IMPERSONAL)
    until_transaction: int = stored(BigInteger, Fate.IMPERSONAL)
    event_count: int = stored(Integer, Fate.IMPERSONAL)
    last_at: datetime = stored(Moment, Fate.IMPERSONAL)
    root: bytes = stored(Octets, Fate.IMPERSONAL)
    previous: bytes = stored(Octets, Fate.IMPERSONAL)
    sealed_at: datetime = stored(Moment, Fate.IMPERSONAL)
    key_id: bytes = stored(Octets, Fate.IMPERSONAL)
    signature: bytes = stored(Octets, Fate.IMPERSONAL)
    entries: bytes = stored(Octets, Fate.IMPERSONAL)


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


class Signer:
    """The key that signs; the processes that serve callers do not have it."""

    def __init__(self, text: str) -> None:
        """Read the base64 of 32 octets; ValueError with a sentence when it is not of that form."""
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            raise ValueError(KEY_FORM) from None
        self.public = self._key.public_key().public_bytes_raw()
        self.key_id = key_id(self.public)

    @staticmethod
    def made() -> str:
        """Make a new key, as the setting wants it."""
        return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class Trusted(dict[bytes, Ed25519PublicKey]):
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


def canonical(event: AccessEventRow) -> bytes:
    """Give an event in the one form that its leaf is the hash of."""
    identity, at, actor, role, case, subject_id, action, fields, operation, operation_hash, grant_id = event
    return orjson.dumps(
        [
            identity.hex,
            micros(at),
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


def micros(at: datetime) -> int:
    """Count the microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _plain(part: Any) -> Any:
    if isinstance(part, datetime):
        return micros(part)
    return part.hex() if isinstance(part, bytes) else part


LOCK = Statement("""
SELECT pg_try_advisory_xact_lock(7235469)
""")

# Where the chain ends: its last segment or, when all of them are pruned, the last of these.
TIP = Statement("""
SELECT number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, signature
FROM audit_segments
ORDER BY number DESC
LIMIT 1
""")

PRUNED = Statement("""
SELECT number, head, until_transaction
FROM audit_prunes
ORDER BY number DESC
LIMIT 1
""")

# What was written last stands at the newest transaction, which the horizon passes when one more has ended.
COUNT_ON = Statement("""
SELECT pg_current_xact_id()
WHERE EXISTS (
    SELECT
    FROM access_events
    WHERE written_in >= COALESCE(
        (SELECT until_transaction FROM audit_segments ORDER BY number DESC LIMIT 1),
        (SELECT until_transaction FROM audit_prunes ORDER BY number DESC LIMIT 1),
        0
    )
)
""")

COMMITTED = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id, written_in
FROM access_events
WHERE written_in >= :since
AND written_in < :until
ORDER BY written_in, id
LIMIT :most
""")

WRITTEN_IN = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id, written_in
FROM access_events
WHERE written_in = :transaction
ORDER BY id
""")

SEAL = Statement("""
INSERT INTO audit_segments
    (number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, signature,
    entries)
VALUES
    (:number, :from_transaction, :until_transaction, :event_count, :last_at, :root, :previous, :sealed_at, :key_id,
    :signature, :entries)
""")


class MovedError(Exception):
    """The record was restored onto another server, where its era has not begun: ``eras.begin`` begins it."""


class WentBackError(Exception):
    """The same server counts transactions anew, which no restore does: its chain cannot go on as it is."""


async def seal(connection: Connection, signer: Signer, most: int = MOST) -> Segment | None:
    """Seal what is committed and not sealed yet, as one segment; None when there is nothing, or another one seals."""
    await COUNT_ON.run(connection)
    async with connection.transaction():
        if not await LOCK.value(connection):
            return None
        number, previous, since = await _tip(connection)
        horizon = await eras.horizon(connection)
        if not horizon.is_here:
            raise MovedError
        if since > horizon.newest:
            raise WentBackError
        until = horizon.place
        rows = await COMMITTED.rows(connection, since=since, until=until, most=most)
        if not rows:
            return None
        if len(rows) == most:
            rows, until = await _cut(connection, rows)
        entries = [(row[0], merkle.leaf_hash(canonical(AccessEventRow._make(row[:11])))) for row in rows]
        segment = Segment(
            number=number + 1,
            from_transaction=since,
            until_transaction=until,
            event_count=len(rows),
            last_at=max(row[1] for row in rows),
            root=merkle.root([leaf for _, leaf in entries]),
            previous=previous,
            sealed_at=now(),
            key_id=signer.key_id,
        )
        segment = segment._replace(
            signature=signer.sign(segment.header),
            entries=b"".join(part for id_, leaf in entries for part in (id_.bytes, leaf)),
        )
        await SEAL.run(connection, **segment._asdict())
        return segment


async def head_now(connection: Connection) -> tuple[int, bytes] | None:
    """Give the number and the head of the last segment; None before the first."""
    row = await TIP.row(connection)
    last = Segment(*row) if row else None
    return (last.number, last.head) if last else None


async def _tip(connection: Connection) -> tuple[int, bytes, int]:
    """Give the last segment's number and head, and the transaction that the next one begins with."""
    row = await TIP.row(connection)
    if row is not None:
        last = Segment(*row)
        return last.number, last.head, last.until_transaction
    pruned = await PRUNED.row(connection)
    return (pruned[0], pruned[1], pruned[2]) if pruned else (0, BEGINNING, 0)


async def _cut(connection: Connection, rows: list[Any]) -> tuple[list[Any], int]:
    """Keep whole transactions only: those before the last one, or that one alone with all its events."""
    last = rows[-1][11]
    whole = [row for row in rows if row[11] < last]
    return (whole, last) if whole else (await WRITTEN_IN.rows(connection, transaction=last), last + 1)


def id_at(entries: bytes, place: int) -> UUID:
    """Give the id of the event at a place of a segment's entries."""
    return UUID(bytes=entries[place * ENTRY : place * ENTRY + 16])


def leaves_of(entries: bytes) -> list[bytes]:
    """Give the leaf hashes of a segment's entries."""
    return [entries[start + 16 : start + ENTRY] for start in range(0, len(entries), ENTRY)]
