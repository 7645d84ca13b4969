"""Verification codes that are sent by email. A code is stored as a keyed hash and is valid for 15 minutes."""

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
"""Digits and capitals that are not easily confused: 0, 1, I, L, O and U are left out."""
CODE_LENGTH = 8
CODE_LIFETIME = timedelta(minutes=15)
MAX_ATTEMPTS = 5
MAX_CODES = 10
"""The codes that one request may have. After that, only attestation proves identity."""


class IdentityCode(Table, table=True):
    """The latest code of a request, as a keyed hash, with the number of attempts."""

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
    address_id: UUID | None = column(Uuid, ErasureAction.DELETED, nullable=True)
    """The row of the email address that the code was mailed to."""


# A valid code stays; an expired or exhausted code is replaced, up to the limit.
ISSUE = Statement("""
INSERT INTO identity_codes AS c (subject_id, request_id, code_hash, expires_at, address_id)
VALUES (:subject_id, :request_id, :hash, clock_timestamp() + CAST(:life AS interval), :address_id)
ON CONFLICT (subject_id, request_id) DO UPDATE
SET code_hash = excluded.code_hash, attempts = 0, issued = c.issued + 1, expires_at = excluded.expires_at,
    address_id = excluded.address_id
WHERE (c.expires_at <= clock_timestamp() OR c.attempts >= :max_attempts)
AND c.issued < :max_codes
RETURNING issued, expires_at
""")

ATTEMPT = Statement("""
UPDATE identity_codes
SET attempts = attempts + 1
WHERE subject_id = :subject_id
AND request_id = :request_id
AND attempts < :max_attempts
RETURNING code_hash, expires_at > clock_timestamp() AS is_good
""")

IS_EXHAUSTED = Statement("""
SELECT attempts >= :max_attempts
FROM identity_codes
WHERE subject_id = :subject_id
AND request_id = :request_id
""")

HAS_NO_CODE_LEFT = Statement("""
SELECT issued >= :max_codes AND (expires_at <= clock_timestamp() OR attempts >= :max_attempts)
FROM identity_codes
WHERE subject_id = :subject_id
AND request_id = :request_id
""")

# The address may have been removed, or may be another person's since: its row is found by id and subject.
VERIFY_ADDRESS = Statement("""
UPDATE email_addresses AS e
SET verified_at = :at
FROM identity_codes AS c
WHERE c.subject_id = :subject_id
AND c.request_id = :request_id
AND e.subject_id = c.subject_id
AND e.id = c.address_id
""")

FIND_CODE_HASH = Statement("""
SELECT code_hash
FROM identity_codes
WHERE subject_id = :subject_id
AND request_id = :request_id
""")


class IssuedCode(NamedTuple):
    """A new code in plain text. Only the email contains it."""

    code: str
    expires_at: datetime


def _digests(unit: UnitOfWork, request_id: UUID, code: str) -> list[bytes]:
    """Hash a code as typed. Case, spaces and dashes make no difference."""
    typed = code[: 4 * CODE_LENGTH].upper().replace(" ", "").replace("-", "")
    return [hashed.digest for hashed in unit.keyring.lookup_hashes("code", f"{request_id}\x00{typed}")]


async def issue_code(
    unit: UnitOfWork, subject_id: UUID, request_id: UUID, address_id: UUID | None = None
) -> IssuedCode | None:
    """Issue a code for the address that it will be mailed to. None while another code is valid.

    TOO_MANY_ATTEMPTS when the request has had ten codes and none of them is valid.
    """
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    row = await ISSUE.row(
        unit.connection,
        subject_id=subject_id,
        request_id=request_id,
        hash=_digests(unit, request_id, code)[0],
        life=CODE_LIFETIME,
        max_attempts=MAX_ATTEMPTS,
        max_codes=MAX_CODES,
        address_id=address_id,
    )
    if row is not None:
        return IssuedCode(code, row["expires_at"])
    if await HAS_NO_CODE_LEFT.value(
        unit.connection,
        subject_id=subject_id,
        request_id=request_id,
        max_attempts=MAX_ATTEMPTS,
        max_codes=MAX_CODES,
    ):
        raise TooManyAttempts(argument="identity")
    return None


async def verify_address(unit: UnitOfWork, subject_id: UUID, request_id: UUID) -> None:
    """Record that the person controls the address that the confirmed code was mailed to."""
    await VERIFY_ADDRESS.run(unit.connection, subject_id=subject_id, request_id=request_id, at=unit.at)


async def attempt_code(unit: UnitOfWork, subject_id: UUID, request_id: UUID, code: str) -> Refusal | None:
    """Count an attempt, and return the refusal of a wrong code, or None for the right one.

    The refusal is returned, not raised, so that the count is committed. The database counts at most five attempts,
    for any number of aliases, connections and processes.
    """
    row = await ATTEMPT.row(unit.connection, subject_id=subject_id, request_id=request_id, max_attempts=MAX_ATTEMPTS)
    if row is None:
        is_exhausted = await IS_EXHAUSTED.value(
            unit.connection, subject_id=subject_id, request_id=request_id, max_attempts=MAX_ATTEMPTS
        )
        return TooManyAttempts(argument="code") if is_exhausted else IdentityUnverified(argument="code")
    is_right = any(hmac.compare_digest(row["code_hash"], digest) for digest in _digests(unit, request_id, code))
    return None if is_right and row["is_good"] else IdentityUnverified(argument="code")


async def is_accepted_code(unit: UnitOfWork, subject_id: UUID, request_id: UUID, code: str) -> bool:
    """Return whether this code was accepted before, so that repeating a confirmation changes nothing."""
    code_hash = await FIND_CODE_HASH.value(unit.connection, subject_id=subject_id, request_id=request_id)
    return code_hash is not None and any(
        hmac.compare_digest(code_hash, digest) for digest in _digests(unit, request_id, code)
    )
