"""Completion of erasures: once every step is done, sign the certificate, enqueue the email and destroy the keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from models.audit import segments
from models.encryption.keyring import Keyring
from models.erasure import completion_emails, ledger_facts, ledger_lag, replay_statements, scope, steps
from models.erasure.certificates import CertificateSigner
from models.erasure.completion_emails import CompletionEmail
from models.erasure.execution import ERASURE_WORKER
from models.erasure.ledger_facts import ErasureFacts
from models.erasure.steps import ErasureStepRow
from models.storage.clock import now
from models.storage.database import Database
from models.storage.ids import Prefix, format_id
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork


class CompletableErasure(NamedTuple):
    """A request whose steps are all done. ``address`` is encrypted under the request's key."""

    subject_id: UUID
    id: UUID
    reason: str
    received_at: datetime
    erased_at: datetime
    erased_counts: str | None
    replays: list[str] | None
    recipient: UUID | None
    address: bytes | None


class CompletionResult(NamedTuple):
    """The requests that were completed, and those of them whose email could not be enqueued."""

    request_ids: list[UUID]
    without_email: list[UUID]


class CleanupResult(NamedTuple):
    """The ledger mark, and the position up to which entries were scanned; 0 starts the next scan at the beginning."""

    mark: int
    scanned_to: int = 0


LOCK_COMPLETABLE = Statement("""
SELECT r.subject_id, r.id, r.reason, r.received_at, r.erased_at, r.erased, r.replay_statements,
    r.farewell_to, r.farewell_address
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
SET account_reference = NULL, reference_list = NULL, error = NULL
WHERE request_id = ANY(:ids)
AND (account_reference IS NOT NULL OR reference_list IS NOT NULL OR error IS NOT NULL)
""")

MARK_SUBJECTS_ERASED = Statement("""
UPDATE subjects
SET status = 'ERASED'
WHERE id = ANY(:ids)
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

CLEARED_COLUMNS = frozenset(
    {
        "rights_requests.farewell_to",
        "rights_requests.farewell_address",
        "erasure_steps.account_reference",
        "erasure_steps.reference_list",
        "erasure_steps.error",
    }
)
"""Columns with personal data, encrypted under the request's own key, that are cleared when a request is completed."""
CLEANUP_BATCH = 1000
"""How many uncompleted ledger entries one clean-up scans."""


async def complete(  # noqa: PLR0913 -- a certificate contains values from several sources
    database: Database, keyring: Keyring, signer: CertificateSigner, *, issuer: str, backup_life: timedelta, most: int
) -> CompletionResult:
    """Complete at most ``most`` requests: commit state, certificate and email; then destroy the requests' keys.

    An email that cannot be enqueued is skipped, because it must not delay an erasure.
    """
    async with database.transaction() as connection:
        ready = [CompletableErasure._make(row) for row in await LOCK_COMPLETABLE.rows(connection, most=most)]
        if not ready:
            return CompletionResult([], [])
        ids = [request.id for request in ready]
        at = now()
        clear_at = at + backup_life
        steps_by_request = await steps.of_requests(connection, ids)
        async with keyring.pool.acquire() as ring:
            keys = await keyring.of_subjects(ring, ids)
        last = await segments.last_segment(connection)
        audit_head = {"auditHead": {"segment": last.number, "head": last.head.hex()}} if last else {}
        certificates = [
            _claims(request, steps_by_request[request.id], issuer, at, clear_at) | audit_head for request in ready
        ]
        await COMPLETE.run(
            connection, ids=ids, jws=[signer.sign(claims) for claims in certificates], at=at, clear_at=clear_at
        )
        await CLEAR_STEPS.run(connection, ids=ids)
        await MARK_SUBJECTS_ERASED.run(connection, ids=[request.subject_id for request in ready])
        unit = UnitOfWork(connection, keyring, ERASURE_WORKER, at)
        emails = [
            CompletionEmail(request.subject_id, request.id, request.recipient, request.address)
            for request in ready
            if request.recipient and request.address
        ]
        enqueued = await completion_emails.enqueue_completion_emails(
            unit, emails, keys, completed_at=at, backups_clear_at=clear_at
        )
        facts = await ledger_facts.of_requests(connection, ids)
    await _destroy_request_keys(keyring, facts)
    return CompletionResult(ids, [email.request_id for email in emails if email.request_id not in enqueued])


def _claims(
    request: CompletableErasure, done: Sequence[ErasureStepRow], issuer: str, at: datetime, clear_at: datetime
) -> dict[str, Any]:
    """Return the claims of a certificate: ids, enums, numbers and times only.

    A claim whose facts were lost is absent, as after the replay of a ledger entry of an earlier version.
    """
    claims = {
        "iss": issuer,
        "iat": int(at.timestamp()),
        "jti": format_id(Prefix.RIGHTS_REQUEST, request.id),
        "sub": format_id(Prefix.SUBJECT, request.subject_id),
        "reason": request.reason,
        "receivedAt": request.received_at,
        "keyDestroyedAt": request.erased_at,
        "completedAt": at,
        "backupsClearAt": clear_at,
        "systems": [
            {"system": step.system, "recordsErased": step.records_erased, "completedAt": step.completed_at}
            for step in done
        ],
        "retained": [
            {"what": row.what, "ground": row.ground, "until": row.until}
            for row in scope.currently_retained(at.date(), at.date())
        ],
    }
    if request.erased_counts is not None:
        claims["erased"] = replay_statements.counted(orjson.loads(request.erased_counts))
    if request.replays:
        claims["replays"] = [replay_statements.digest(jws) for jws in request.replays]
    return claims


async def _destroy_request_keys(keyring: Keyring, completed: Sequence[ErasureFacts]) -> None:
    """Destroy the keys of completed requests and record their facts in the ledger."""
    await keyring.destroy([facts.request_id for facts in completed])
    async with keyring.pool.acquire() as connection:
        await ledger_facts.record_completed(connection, completed)


async def clean_up(
    database: Database, keyring: Keyring, previous: CleanupResult, most: int = CLEANUP_BATCH
) -> CleanupResult:
    """Finish what a killed worker left undone after its last commit, and advance the ledger mark.

    ``previous.mark`` is the mark at which the database was last known to match the ledger. Raise LedgerLagError if
    the database was rolled back since; the mark then stays. Each call scans at most ``most`` uncompleted entries, after
    those of the call before, because many may wait for systems.
    """
    async with keyring.pool.acquire() as ring:
        waiting = await NOT_COMPLETED.rows(ring, position=previous.scanned_to, most=most)
        unfinished = {row[0] for row in [*await NOT_ERASED.rows(ring, most=most), *waiting]}
        unfinished.update(await ledger_facts.entries_without_certificate(ring, most))
        async with database.writers.acquire() as connection:
            erased = await ledger_facts.of_requests(connection, list(unfinished))
        await ledger_facts.record_erased(ring, erased)
    if completed := [facts for facts in erased if facts.completed_at]:
        await _destroy_request_keys(keyring, completed)
    mark = await ledger_lag.advance_mark(database, keyring, previous.mark)
    return CleanupResult(mark, waiting[-1]["position"] if len(waiting) == most else 0)
