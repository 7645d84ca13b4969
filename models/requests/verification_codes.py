"""Identity codes: what a person reads in their mail and gives back. A keyed hash is kept, for a quarter of an hour."""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, SmallInteger

from models.errors import IdentityUnverified, Refusal, TooManyAttempts
from models.storage.columns import Bytes, ErasureAction, Table, Timestamp, Uuid, column
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and capitals that nobody mistakes for each other: no 0 and O, no 1, I and L, no U and V."""
CODE_LENGTH = 8
CODE_LIFETIME = timedelta(minutes=15)
MAX_ATTEMPTS = 5
MAX_CODES = 10
"""How many codes one request may have: after that, somebody has to vouch."""


class IdentityCode(Table, table=True):
    """The latest code of one request, as a keyed hash, with how often it was tried."""

    __tablename__ = "identity_codes"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "request_id"], ["rights_requests.subject_id", "rights_requests.id"]),
        CheckConstraint("octet_length(code_hash) = 32", name="code_hash_is_one"),
        CheckConstraint(f"attempts BETWEEN 0 AND {MAX_ATTEMPTS}", name="attempts_are_counted"),
        CheckConstraint(f"issued BETWEEN 1 AND {MAX_CODES}", name="codes_are_counted"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    request_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    code_hash: bytes = column(Bytes, ErasureAction.DELETED)
    attempts: int = column(SmallInteger, ErasureAction.DELETED, server_default="0")
    issued: int = column(SmallInteger, ErasureAction.DELETED, server_default="1")
    expires_at: datetime = column(Timestamp, ErasureAction.DELETED)


# A code that is still good stays the only one; a spent or expired one gives way, a few times.
ISSUE = Statement("""
INSERT INTO identity_codes AS c (subject_id, request_id, code_hash, expires_at)
VALUES (:subject_id, :request_id, :hash, clock_timestamp() + CAST(:life AS interval))
ON CONFLICT (subject_id, request_id) DO UPDATE
SET code_hash = excluded.code_hash, attempts = 0, issued = c.issued + 1, expires_at = excluded.expires_at
WHERE (c.expires_at <= clock_timestamp() OR c.attempts >= :most_attempts)
AND c.issued < :most_codes
RETURNING issued, expires_at
""")

ATTEMPT = Statement("""
UPDATE identity_codes
SET attempts = attempts + 1
WHERE subject_id = :subject_id
AND request_id = :request_id
AND attempts < :most
RETURNING code_hash, expires_at > clock_timestamp() AS is_good
""")

IS_EXHAUSTED = Statement("""
SELECT attempts >= :most
FROM identity_codes
WHERE subject_id = :subject_id
AND request_id = :request_id
""")

FIND_CODE_HASH = Statement("""
SELECT code_hash
FROM identity_codes
WHERE subject_id = :subject_id
AND request_id = :request_id
""")


class IssuedCode(NamedTuple):
    """A new code, which is written into a letter and kept nowhere else."""

    code: str
    expires_at: datetime


def _digests(unit: UnitOfWork, request_id: UUID, code: str) -> list[bytes]:
    """Hash a code as people type it: small letters, spaces and dashes make no difference."""
    typed = code[: 4 * CODE_LENGTH].upper().replace(" ", "").replace("-", "")
    return [hashed.digest for hashed in unit.keyring.lookup_hashes("code", f"{request_id}\x00{typed}")]


async def issue_code(unit: UnitOfWork, subject_id: UUID, request_id: UUID) -> IssuedCode | None:
    """Make a code, unless one is still good, or the request has had too many: then None."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    row = await ISSUE.row(
        unit.connection,
        subject_id=subject_id,
        request_id=request_id,
        hash=_digests(unit, request_id, code)[0],
        life=CODE_LIFETIME,
        most_attempts=MAX_ATTEMPTS,
        most_codes=MAX_CODES,
    )
    return None if row is None else IssuedCode(code, row["expires_at"])


async def attempt_code(unit: UnitOfWork, subject_id: UUID, request_id: UUID, code: str) -> Refusal | None:
    """Count an attempt and say why it is refused; None when the code is right.

    The refusal is given and not raised, so that the deed commits the count: however many aliases, connections and
    processes guess, the row counts to five and no further.
    """
    counted = await ATTEMPT.row(unit.connection, subject_id=subject_id, request_id=request_id, most=MAX_ATTEMPTS)
    if counted is None:
        spent = await IS_EXHAUSTED.value(
            unit.connection, subject_id=subject_id, request_id=request_id, most=MAX_ATTEMPTS
        )
        return TooManyAttempts(argument="code") if spent else IdentityUnverified(argument="code")
    is_right = any(hmac.compare_digest(counted[0], digest) for digest in _digests(unit, request_id, code))
    return None if is_right and counted[1] else IdentityUnverified(argument="code")


async def is_accepted_code(unit: UnitOfWork, subject_id: UUID, request_id: UUID, code: str) -> bool:
    """Say whether this is the code that was accepted: the same confirmation twice is one."""
    kept = await FIND_CODE_HASH.value(unit.connection, subject_id=subject_id, request_id=request_id)
    return kept is not None and any(hmac.compare_digest(kept, digest) for digest in _digests(unit, request_id, code))
