"""Downloads of exports: by the person, with a link and a code by email, and by a privacy officer for a case."""

import enum
import hmac
import secrets
from collections.abc import AsyncIterator
from typing import Final, NamedTuple
from uuid import UUID

from models.actors import Actor, Role
from models.encryption import export_keys
from models.encryption.keyring import Keyring
from models.errors import IdentityUnverified, NotFound, Refusal, TooManyAttempts
from models.exports import chunks
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests.export_tables import MAX_CODE_ATTEMPTS, MAX_DOWNLOADS, MAX_LINK_CODES
from models.requests.verification_codes import ALPHABET, CODE_LENGTH, CODE_LIFETIME
from models.storage.database import Database
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement
from models.unit_of_work import UnitOfWork

LINK_ACTOR: Final = Actor("export link", Role.SERVICE, (Role.SERVICE,))
"""The actor in the audit log for what a person does with a link."""

FIND = Statement("""
SELECT e.subject_id, e.request_id, e.archive_id, e.size_bytes, e.downloads
FROM exports AS e
JOIN subjects AS s ON s.id = e.subject_id AND s.status IN ('ACTIVE', 'RESTRICTED')
WHERE e.request_id = :request_id
AND e.ready_at IS NOT NULL
AND e.ended_at IS NULL
AND e.expires_at > clock_timestamp()
""")

# A valid code stays; an expired or exhausted one is replaced, up to the limit.
ISSUE_CODE = Statement("""
UPDATE exports
SET code_hash = :hash, code_attempts = 0, codes_issued = codes_issued + 1,
    code_expires_at = clock_timestamp() + CAST(:life AS interval)
WHERE subject_id = :subject_id
AND request_id = :request_id
AND codes_issued < :max_codes
AND (code_hash IS NULL OR code_expires_at <= clock_timestamp() OR code_attempts >= :max_attempts)
RETURNING code_expires_at
""")

HAS_VALID_CODE = Statement("""
SELECT code_hash IS NOT NULL AND code_expires_at > clock_timestamp() AND code_attempts < :max_attempts
FROM exports
WHERE subject_id = :subject_id
AND request_id = :request_id
""")

ATTEMPT = Statement("""
UPDATE exports
SET code_attempts = code_attempts + 1
WHERE subject_id = :subject_id
AND request_id = :request_id
AND code_hash IS NOT NULL
AND code_attempts < :max_attempts
RETURNING code_hash, code_expires_at > clock_timestamp() AS is_good
""")

COUNT_DOWNLOAD = Statement("""
UPDATE exports
SET downloads = downloads + 1, downloaded_at = COALESCE(downloaded_at, clock_timestamp()), code_hash = NULL
WHERE subject_id = :subject_id
AND request_id = :request_id
AND downloads < :max_downloads
""")


class ReadyExport(NamedTuple):
    """An export that can be fetched."""

    subject_id: UUID
    request_id: UUID
    archive_id: UUID
    size_bytes: int
    downloads: int

    @property
    def is_fetchable_by_link(self) -> bool:
        """Whether downloads are left for the person."""
        return self.downloads < MAX_DOWNLOADS


class LinkCode(enum.Enum):
    """What became of a request for a code."""

    SENT = enum.auto()
    STILL_VALID = enum.auto()
    """An earlier code is valid, and no other one was sent."""
    USED_UP = enum.auto()
    """The link has had ``MAX_LINK_CODES`` codes."""
    NO_EXPORT = enum.auto()


class RedeemedCode(NamedTuple):
    """The export of a right code, or the refusal of a wrong one. The attempt is counted in both cases."""

    export: ReadyExport | None
    refusal: Refusal | None


async def find_ready(connection: Connection, request_id: UUID) -> ReadyExport | None:
    """Return an export that is ready and has not ended, or None."""
    row = await FIND.row(connection, request_id=request_id)
    return ReadyExport._make(row) if row else None


async def send_link_code(unit: UnitOfWork, request_id: UUID) -> LinkCode:
    """Enqueue an email with a code, unless a code is valid or no code is left."""
    export = await find_ready(unit.connection, request_id)
    if export is None or not export.is_fetchable_by_link:
        return LinkCode.NO_EXPORT
    unit.subject_ids.append(export.subject_id)
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    expires_at = await ISSUE_CODE.value(
        unit.connection,
        subject_id=export.subject_id,
        request_id=request_id,
        hash=_digests(unit.keyring, request_id, code)[0],
        life=CODE_LIFETIME,
        max_codes=MAX_LINK_CODES,
        max_attempts=MAX_CODE_ATTEMPTS,
    )
    if expires_at is None:
        is_valid = await HAS_VALID_CODE.value(
            unit.connection,
            subject_id=export.subject_id,
            request_id=request_id,
            max_attempts=MAX_CODE_ATTEMPTS,
        )
        return LinkCode.STILL_VALID if is_valid else LinkCode.USED_UP
    await emails.enqueue(
        unit,
        EmailKind.IDENTITY_CODE,
        export.subject_id,
        f"code:{new_id().hex}",
        code=code,
        expires_at=expires_at,
    )
    return LinkCode.SENT


async def redeem_link_code(unit: UnitOfWork, request_id: UUID, code: str) -> RedeemedCode:
    """Count an attempt, and count a download when the code is right. A code is good for one download.

    The refusal is returned, not raised, so that the attempt is committed.
    """
    export = await find_ready(unit.connection, request_id)
    if export is None or not export.is_fetchable_by_link:
        return RedeemedCode(None, NotFound(argument="token"))
    unit.subject_ids.append(export.subject_id)
    row = await ATTEMPT.row(
        unit.connection, subject_id=export.subject_id, request_id=request_id, max_attempts=MAX_CODE_ATTEMPTS
    )
    if row is None:
        return RedeemedCode(None, TooManyAttempts(argument="code"))
    is_right = any(hmac.compare_digest(row["code_hash"], digest) for digest in _digests(unit.keyring, request_id, code))
    if not (is_right and row["is_good"]):
        return RedeemedCode(None, IdentityUnverified(argument="code"))
    if not await COUNT_DOWNLOAD.run(
        unit.connection, subject_id=export.subject_id, request_id=request_id, max_downloads=MAX_DOWNLOADS
    ):
        return RedeemedCode(None, NotFound(argument="token"))
    return RedeemedCode(export, None)


def _digests(keyring: Keyring, request_id: UUID, code: str) -> list[bytes]:
    """Hash a code as typed. Case, spaces and dashes make no difference."""
    typed = code[: 4 * CODE_LENGTH].upper().replace(" ", "").replace("-", "")
    return [hashed.digest for hashed in keyring.lookup_hashes("export code", f"{request_id}\x00{typed}")]


async def open_archive(database: Database, keyring: Keyring, export: ReadyExport) -> AsyncIterator[bytes]:
    """Return the octets of an archive. Raise NOT_FOUND when its key is destroyed."""
    key = await export_keys.find(keyring, export.request_id)
    if key is None:
        raise NotFound(argument="id")
    return chunks.read_part(database, key, export.subject_id, export.archive_id, export.size_bytes)
