"""The erasure ledger: every erased person, in the keyring database, which no restore of the other database rolls back.

It holds ids, enums, times, numbers and keyed hashes. CHECK constraints exclude any other text.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB

from models.consent.ledger import Channel
from models.encryption.keyring import LookupHash
from models.requests.vocabulary import ErasureReason, IdentityProof
from models.storage.columns import (
    APPEND_ONLY,
    Bytes,
    ErasureAction,
    KeyringTable,
    Text,
    Timestamp,
    Uuid,
    column,
    enum_check,
)
from models.storage.statement import Connection, Statement
from models.subjects.subjects import Regime

JWS: Final = r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
"""The pattern of a compact JSON Web Signature (RFC 7515)."""


class IdentifierKind(StrEnum):
    """The kind of a hashed identifier."""

    EMAIL = "email"
    ACCOUNT = "account"


class ErasureEntry(KeyringTable, table=True):
    """One erased person: the values needed to repeat the erasure after a restore, none of which identifies a person."""

    __tablename__ = "erasures"
    __table_args__ = (
        enum_check("reason", ErasureReason),
        enum_check("channel", Channel),
        enum_check("regime", Regime),
        enum_check("identity", IdentityProof),
        CheckConstraint("position > 0", name="position_is_counted"),
        Index("erasures_not_done", "position", postgresql_where=text("erased_at IS NULL")),
        Index("erasures_not_completed", "position", postgresql_where=text("completed_at IS NULL")),
        Index(
            "erasures_without_certificate",
            "position",
            postgresql_where=text("completed_at IS NOT NULL AND certificate IS NULL"),
        ),
        CheckConstraint(
            "CAST(erased AS text) ~ '^\\{(\"[a-z ]{1,60}\"\\: [0-9]+(, )?)*\\}$'", name="counts_are_numbers"
        ),
        CheckConstraint(
            "array_to_string(systems, ' ') ~ '^([a-z][a-z0-9-]*( [a-z][a-z0-9-]*)*)?$'", name="systems_are_names"
        ),
        CheckConstraint(f"certificate ~ '^{JWS}$'", name="certificate_is_a_jws"),
        CheckConstraint(f"array_to_string(replays, ' ') ~ '^{JWS}( {JWS})*$'", name="replays_are_jws"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    request_id: UUID = column(Uuid, ErasureAction.KEPT, unique=True)
    position: int = column(BigInteger, ErasureAction.KEPT, unique=True)
    reason: str = column(Text, ErasureAction.KEPT)
    channel: str = column(Text, ErasureAction.KEPT)
    regime: str = column(Text, ErasureAction.KEPT)
    identity: str = column(Text, ErasureAction.KEPT)
    registered_at: datetime = column(Timestamp, ErasureAction.KEPT)
    received_at: datetime = column(Timestamp, ErasureAction.KEPT)
    verified_at: datetime = column(Timestamp, ErasureAction.KEPT)
    due_at: datetime = column(Timestamp, ErasureAction.KEPT)
    entered_at: datetime = column(Timestamp, ErasureAction.KEPT, server_default=text("clock_timestamp()"))
    erased_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    completed_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    erased: str | None = column(JSONB, ErasureAction.KEPT, nullable=True)
    systems: list[str] | None = column(ARRAY(Text), ErasureAction.KEPT, nullable=True)
    certificate: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    certified_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    replays: list[str] | None = column(ARRAY(Text), ErasureAction.KEPT, nullable=True)


class ErasedIdentifier(KeyringTable, table=True):
    """The keyed hash of an erased person's identifier, by which an import refuses to restore the person."""

    __tablename__ = "erased_names"
    __table_args__ = (
        enum_check("kind", IdentifierKind),
        CheckConstraint("octet_length(lookup_hash) = 32", name="erased_hash_is_one"),
        APPEND_ONLY,
    )

    lookup_hash: bytes = column(Bytes, ErasureAction.KEPT, primary_key=True)
    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="erasures.subject_id", primary_key=True)
    kind: str = column(Text, ErasureAction.KEPT)
    lookup_version: int = column(SmallInteger, ErasureAction.KEPT)


# Held to the end of the transaction, so that positions are assigned in sequence and become visible in that order.
LOCK_LEDGER = Statement("""
SELECT pg_advisory_xact_lock(5301)
""")

INSERT_ENTRIES = Statement("""
INSERT INTO erasures (
    subject_id, request_id, position, reason, channel, regime, identity, registered_at, received_at, verified_at, due_at
)
SELECT
    e.subject_id, e.request_id, (SELECT COALESCE(max(position), 0) FROM erasures) + row_number() OVER (),
    e.reason, e.channel, e.regime, e.identity, e.registered_at, e.received_at, e.verified_at, e.due_at
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:request_ids AS uuid[]), CAST(:reasons AS text[]), CAST(:channels AS text[]),
    CAST(:regimes AS text[]), CAST(:identities AS text[]), CAST(:registered_at AS timestamptz[]),
    CAST(:received_at AS timestamptz[]), CAST(:verified_at AS timestamptz[]), CAST(:due_at AS timestamptz[])
) AS e (
    subject_id, request_id, reason, channel, regime, identity, registered_at, received_at, verified_at, due_at
)
ON CONFLICT (subject_id) DO NOTHING
""")

INSERT_IDENTIFIERS = Statement("""
INSERT INTO erased_names (subject_id, lookup_hash, kind, lookup_version)
SELECT subject_id, lookup_hash, kind, lookup_version
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:hashes AS bytea[]), CAST(:kinds AS text[]), CAST(:versions AS smallint[])
) AS n (subject_id, lookup_hash, kind, lookup_version)
ON CONFLICT DO NOTHING
""")

LAST_POSITION = Statement("""
SELECT COALESCE(max(position), 0)
FROM erasures
""")

COUNT_ENTRIES = Statement("""
SELECT count(*)
FROM erasures
""")

ENTRIES_AFTER = Statement("""
SELECT position, subject_id, request_id, reason, channel, regime, identity, registered_at, received_at, verified_at,
    due_at, erased_at, completed_at, erased, systems, certificate, certified_at, replays
FROM erasures
WHERE position > :position
ORDER BY position
LIMIT :most
""")

ERASED_HASHES = Statement("""
SELECT DISTINCT lookup_hash
FROM erased_names
WHERE lookup_hash = ANY(:hashes)
""")


class LedgerEntry(NamedTuple):
    """A ledger entry as read from the table."""

    position: int
    subject_id: UUID
    request_id: UUID
    reason: str
    channel: str
    regime: str
    identity: str
    registered_at: datetime
    received_at: datetime
    verified_at: datetime
    due_at: datetime
    erased_at: datetime | None
    completed_at: datetime | None
    erased: str | None = None
    systems: Sequence[str] | None = None
    certificate: str | None = None
    certified_at: datetime | None = None
    replays: Sequence[str] | None = None


async def append(
    keyring: Connection, people: Sequence[Mapping[str, Any]], identifiers: Sequence[tuple[UUID, bytes, str, int]]
) -> None:
    """Append people and the hashes of their identifiers, each once. They are committed when this returns.

    An identifier is (subject id, hash, kind, version of the lookup key).
    """
    async with keyring.transaction():
        await LOCK_LEDGER.value(keyring)
        await INSERT_ENTRIES.run(
            keyring,
            subject_ids=[person["subject_id"] for person in people],
            request_ids=[person["id"] for person in people],
            reasons=[person["reason"] for person in people],
            channels=[person["channel"] for person in people],
            regimes=[person["regime"] for person in people],
            identities=[person["identity"] for person in people],
            registered_at=[person["registered_at"] for person in people],
            received_at=[person["received_at"] for person in people],
            verified_at=[person["verified_at"] for person in people],
            due_at=[person["due_at"] for person in people],
        )
        await INSERT_IDENTIFIERS.run(
            keyring,
            subject_ids=[row[0] for row in identifiers],
            hashes=[row[1] for row in identifiers],
            kinds=[row[2] for row in identifiers],
            versions=[row[3] for row in identifiers],
        )


async def erased_hashes(keyring: Connection, hashes: Sequence[LookupHash]) -> list[bytes]:
    """Return those of the hashes that belong to an identifier of an erased person."""
    return [row[0] for row in await ERASED_HASHES.rows(keyring, hashes=[hashed.digest for hashed in hashes])]


async def entries_after(keyring: Connection, position: int, most: int) -> list[LedgerEntry]:
    """Return at most ``most`` entries after a position, in ledger order."""
    return [LedgerEntry._make(row) for row in await ENTRIES_AFTER.rows(keyring, position=position, most=most)]
