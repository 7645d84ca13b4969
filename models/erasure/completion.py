"""Completing erasures: once every system has answered, the certificate is signed and the last letter is posted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from models.audit import segments
from models.encryption.keyring import Keyring
from models.erasure import completion_emails, ledger, scope, steps
from models.erasure.certificates import CertificateSigner
from models.erasure.completion_emails import CompletionEmail
from models.erasure.execution import ERASURE_WORKER
from models.erasure.scope import SERVICE_NAME
from models.erasure.steps import ErasureStepRow
from models.storage.clock import now
from models.storage.database import Database
from models.storage.ids import Prefix, format_id
from models.storage.statement import Connection, Statement
from models.unit_of_work import UnitOfWork


class CompletableErasure(NamedTuple):
    """A request that nothing is left to do for, but to say so."""

    subject_id: UUID
    id: UUID
    reason: str
    received_at: datetime
    erased_at: datetime
    erased: str
    farewell_to: UUID | None
    farewell_address: bytes | None


class CompletionResult(NamedTuple):
    """What a round of completing came to: the requests, and those of them whose letter could not be posted."""

    request_ids: list[UUID]
    without_email: list[UUID]


class CleanupResult(NamedTuple):
    """Where the mark is, and up to which position entries were looked at; 0 begins anew."""

    mark: int
    scanned_to: int = 0


LOCK_COMPLETABLE = Statement("""
SELECT r.subject_id, r.id, r.reason, r.received_at, r.erased_at, r.erased, r.farewell_to, r.farewell_address
FROM subjects AS s
JOIN rights_requests AS r ON r.subject_id = s.id
WHERE r.state IN ('IN_PROGRESS', 'PARTIALLY_COMPLETED')
AND r.settled_at IS NOT NULL
AND r.erased_at IS NOT NULL
ORDER BY r.settled_at, r.id
LIMIT :most
FOR UPDATE OF s, r SKIP LOCKED
""")

COMPLETE = Statement("""
UPDATE rights_requests AS r
SET state = 'COMPLETED', completed_at = :at, backups_clear_at = :clear_at, certificate = c.jws, certified_at = :at,
    farewell_to = NULL, farewell_address = NULL
FROM unnest(CAST(:ids AS uuid[]), CAST(:jws AS text[])) AS c (id, jws)
WHERE r.id = c.id
""")

CLEAR_STEPS = Statement("""
UPDATE erasure_steps
SET account_reference = NULL, error = NULL
WHERE request_id = ANY(:ids)
AND (account_reference IS NOT NULL OR error IS NOT NULL)
""")

MARK_SUBJECTS_ERASED = Statement("""
UPDATE subjects
SET status = 'ERASED'
WHERE id = ANY(:ids)
""")

ERASED_REQUESTS = Statement("""
SELECT id, state = 'COMPLETED' AS is_completed, erased_at IS NOT NULL AS is_erased, subject_id
FROM rights_requests
WHERE id = ANY(:ids)
AND erased_at IS NOT NULL
""")

NOT_ERASED = Statement("""
SELECT request_id
FROM erasures
WHERE erased_at IS NULL
ORDER BY position
LIMIT :most
""")

NOT_COMPLETED = Statement("""
SELECT request_id, position
FROM erasures
WHERE completed_at IS NULL
AND position > :position
ORDER BY position
LIMIT :most
""")

# Up to where nothing is half done.
LAST_ERASED_POSITION = Statement("""
SELECT COALESCE(
    (SELECT min(position) - 1 FROM erasures WHERE erased_at IS NULL), (SELECT max(position) FROM erasures), 0
)
""")

CLEARED_COLUMNS = frozenset(
    {
        "rights_requests.farewell_to",
        "rights_requests.farewell_address",
        "erasure_steps.account_reference",
        "erasure_steps.error",
    }
)
"""The columns that hold something of a person until their request is completed, under the request's own key."""
CLEANUP_BATCH = 1000
"""How many entries that are not completed yet are looked at in one go."""


async def complete(  # noqa: PLR0913 -- what a certificate says comes from many sides
    database: Database, keyring: Keyring, signer: CertificateSigner, *, issuer: str, backup_life: timedelta, most: int
) -> CompletionResult:
    """Complete what is ready: state, certificate and letter in one commit; then destroy the keys of the requests.

    A letter that cannot be posted is left out: it never holds up an erasure.
    """
    async with database.transaction() as connection:
        ready = [CompletableErasure._make(row) for row in await LOCK_COMPLETABLE.rows(connection, most=most)]
        if not ready:
            return CompletionResult([], [])
        ids = [request.id for request in ready]
        at = now()
        clear_at = at + backup_life
        told = await steps.of_requests(connection, ids)
        async with keyring.pool.acquire() as ring:
            keys = await keyring.of_subjects(ring, ids)
        last = await segments.last_segment(connection)
        record = {"auditHead": {"segment": last.number, "head": last.head.hex()}} if last else {}
        certificates = [_claims(request, told[request.id], issuer, at, clear_at) | record for request in ready]
        await COMPLETE.run(
            connection, ids=ids, jws=[signer.sign(claims) for claims in certificates], at=at, clear_at=clear_at
        )
        await CLEAR_STEPS.run(connection, ids=ids)
        await MARK_SUBJECTS_ERASED.run(connection, ids=[request.subject_id for request in ready])
        unit = UnitOfWork(connection, keyring, ERASURE_WORKER, at)
        leaving = [
            CompletionEmail(request.subject_id, request.id, request.farewell_to, request.farewell_address)
            for request in ready
            if request.farewell_to and request.farewell_address
        ]
        said = await completion_emails.enqueue_completion_emails(
            unit, leaving, keys, completed_at=at, backups_clear_at=clear_at
        )
    await _destroy_keys(keyring, ids)
    return CompletionResult(ids, [one.request_id for one in leaving if one.request_id not in said])


def _claims(
    request: CompletableErasure, told: Sequence[ErasureStepRow], issuer: str, at: datetime, clear_at: datetime
) -> dict[str, Any]:
    """Say what was erased, where and when: ids, enums, numbers and times."""
    return {
        "iss": issuer,
        "iat": int(at.timestamp()),
        "jti": format_id(Prefix.RIGHTS_REQUEST, request.id),
        "sub": format_id(Prefix.SUBJECT, request.subject_id),
        "reason": request.reason,
        "receivedAt": request.received_at,
        "keyDestroyedAt": request.erased_at,
        "completedAt": at,
        "backupsClearAt": clear_at,
        "erased": [
            {"system": SERVICE_NAME, "what": what, "records": count}
            for what, count in orjson.loads(request.erased).items()
        ],
        "systems": [
            {"system": step.system, "recordsErased": step.records_erased, "completedAt": step.completed_at}
            for step in told
        ],
        "retained": [
            {"what": row.what, "ground": row.ground, "until": row.until}
            for row in scope.currently_retained(at.date(), at.date())
        ],
    }


async def _destroy_keys(keyring: Keyring, request_ids: list[UUID]) -> None:
    await keyring.destroy(request_ids)
    async with keyring.pool.acquire() as connection:
        await ledger.MARK_COMPLETED.run(connection, ids=request_ids)


async def clean_up(
    database: Database, keyring: Keyring, before: CleanupResult, most: int = CLEANUP_BATCH
) -> CleanupResult:
    """Make up for what a killed worker left undone after its last commit, and move the mark; give where that led.

    ``before.mark`` is where the mark was when the database was last known not to lag behind the ledger: when it is
    before that, somebody rolled the database back, and the mark stays where it is. Entries that wait for systems may be
    many: each call looks at some, after those of the call before.
    """
    async with keyring.pool.acquire() as ring:
        waiting = await NOT_COMPLETED.rows(ring, position=before.scanned_to, most=most)
        half = {row[0] for row in [*await NOT_ERASED.rows(ring, most=most), *waiting]}
        async with database.writers.acquire() as connection:
            noted = await ERASED_REQUESTS.rows(connection, ids=list(half))
        await ledger.mark_erased(ring, [row["subject_id"] for row in noted])
        settled = await LAST_ERASED_POSITION.value(ring)
    if completed := [row["id"] for row in noted if row["is_completed"]]:
        await _destroy_keys(keyring, completed)
    async with database.transaction() as connection:
        await move_ledger_mark(connection, settled, before.mark)
        return CleanupResult(await set_ledger_mark(connection), waiting[-1]["position"] if len(waiting) == most else 0)


async def set_ledger_mark(connection: Connection) -> int:
    """Give how far this database knows the ledger."""
    position: int = await ledger.MARK.value(connection)
    return position


async def move_ledger_mark(connection: Connection, position: int, seen: int) -> None:
    """Move the mark forward, unless it is before where it was seen."""
    if await set_ledger_mark(connection) >= seen and position > seen:
        await ledger.MOVE_MARK.run(connection, position=position, seen=seen)
