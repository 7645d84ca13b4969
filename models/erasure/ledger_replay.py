"""Ledger replay after a restore: repeat every erasure of the ledger that the restored database lacks.

The restored rows of erased people are unreadable, because their keys are destroyed. The replay deletes these rows.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from models.encryption.keyring import Keyring
from models.erasure import ledger, ledger_marks, scope, step_planning
from models.erasure.ledger import LedgerEntry
from models.erasure.ledger_lag import BATCH, missing_entries
from models.storage.database import Database
from models.storage.statement import Connection, Statement


class ReplayResult(NamedTuple):
    """The counts of a replay."""

    known: int
    """Entries in the ledger."""
    erased_again: int
    """People whom the restored database contained, and who are erased again."""
    restored: int
    """Erasures that a restored ledger lacked, and that were appended again."""


INSERT_SUBJECTS = Statement("""
INSERT INTO subjects (id, status, registered_at, regime)
SELECT id, 'ERASED', registered_at, regime
FROM unnest(CAST(:ids AS uuid[]), CAST(:registered_at AS timestamptz[]), CAST(:regimes AS text[]))
    AS e (id, registered_at, regime)
ON CONFLICT DO NOTHING
""")

# These emails may have been sent after the backup was made. An operator decides, so that no person gets one twice.
HOLD_EMAILS = Statement("""
UPDATE letters
SET state = 'UNCERTAIN', reason = 'NO_ANSWER', lease = NULL
WHERE state = 'QUEUED'
""")

LOCK_SUBJECTS = Statement("""
SELECT id
FROM subjects
WHERE id = ANY(:ids)
ORDER BY id
FOR UPDATE
""")

INSERT_REQUESTS = Statement("""
INSERT INTO rights_requests (
    subject_id, id, kind, state, reason, channel, regime, requested_by, requested_as, identity, attested_by,
    verified_at, is_immediate, received_at, due_at, execute_at, started_at, prepared_at
)
SELECT subject_id, id, 'ERASURE', 'IN_PROGRESS', reason, channel, regime, 'erasure ledger', 'ADMIN', identity,
    CASE WHEN identity = 'ATTESTED' THEN 'erasure ledger' END, verified_at, false, received_at, due_at, verified_at,
    entered_at, entered_at
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:request_ids AS uuid[]), CAST(:reasons AS text[]), CAST(:channels AS text[]),
    CAST(:regimes AS text[]), CAST(:identities AS text[]), CAST(:received_at AS timestamptz[]),
    CAST(:verified_at AS timestamptz[]), CAST(:due_at AS timestamptz[])
) AS e (subject_id, id, reason, channel, regime, identity, received_at, verified_at, due_at)
CROSS JOIN (SELECT clock_timestamp() AS entered_at) AS n
ON CONFLICT DO NOTHING
""")

CANCEL_OTHER_REQUESTS = Statement("""
UPDATE rights_requests
SET state = 'CANCELLED', closed_by = 'erasure ledger', closed_at = clock_timestamp(), execute_at = NULL
WHERE subject_id = ANY(:ids)
AND id <> ALL(:request_ids)
AND state IN ('AWAITING_VERIFICATION', 'SCHEDULED')
""")

PLANNED_REQUESTS = Statement("""
SELECT DISTINCT request_id
FROM erasure_steps
WHERE request_id = ANY(:request_ids)
""")

MARK_STEPS_DONE = Statement("""
UPDATE erasure_steps
SET state = 'DONE', completed_at = clock_timestamp(), completed_by = 'erasure ledger', next_attempt_at = NULL,
    account_reference = NULL, reference_list = NULL, error = NULL
WHERE request_id = ANY(:request_ids)
AND state <> 'DONE'
""")

MARK_ERASED = Statement("""
UPDATE rights_requests AS r
SET erased_at = n.at, erased = COALESCE(r.erased, '{}'), prepared_at = COALESCE(r.prepared_at, n.at),
    started_at = COALESCE(r.started_at, n.at), claimed_until = NULL, farewell_to = NULL, farewell_address = NULL,
    identity = CASE WHEN r.verified_at IS NULL THEN e.identity ELSE r.identity END,
    verified_at = COALESCE(r.verified_at, e.verified_at),
    state = CASE WHEN e.is_completed OR NOT w.waits THEN 'IN_PROGRESS' ELSE 'PARTIALLY_COMPLETED' END,
    settled_at = CASE WHEN e.is_completed OR NOT w.waits THEN n.at END
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:request_ids AS uuid[]), CAST(:completed AS boolean[]), CAST(:identities AS text[]),
    CAST(:verified_at AS timestamptz[])
) AS e (subject_id, id, is_completed, identity, verified_at)
CROSS JOIN (SELECT clock_timestamp() AS at) AS n
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM erasure_steps AS s WHERE s.subject_id = e.subject_id AND s.request_id = e.id AND s.state <> 'DONE'
    ) AS waits
) AS w
WHERE r.subject_id = e.subject_id
AND r.id = e.id
AND r.erased_at IS NULL
""")

SET_ERASING = Statement("""
UPDATE subjects
SET status = 'ERASING'
WHERE id = ANY(:ids)
AND status <> 'ERASED'
""")

ERASED_REQUESTS = Statement("""
SELECT r.subject_id, r.id, r.reason, r.channel, r.regime, r.identity, s.registered_at, r.received_at, r.verified_at,
    r.due_at, r.state = 'COMPLETED' AS is_completed
FROM rights_requests AS r
JOIN subjects AS s ON s.id = r.subject_id
WHERE r.erased_at IS NOT NULL
AND r.id > :after
ORDER BY r.id
LIMIT :most
""")


async def replay_ledger(database: Database, keyring: Keyring) -> ReplayResult:
    """Erase again every person of the ledger whom the database still contains. A repeated replay changes nothing."""
    known = erased_again = position = 0
    restored = await _restore_entries(database, keyring)
    while True:
        async with keyring.pool.acquire() as ring:
            entries = await ledger.entries_after(ring, position, BATCH)
        if not entries:
            break
        position = entries[-1].position
        known += len(entries)
        async with database.transaction() as connection:
            missing = await missing_entries(connection, entries)
            if missing:
                erased_again += await _erase_again(connection, missing)
        await keyring.destroy([entry.subject_id for entry in missing])
        async with keyring.pool.acquire() as ring:
            await ledger.mark_erased(ring, [entry.subject_id for entry in missing])
    async with database.transaction() as connection:
        await ledger_marks.set_to(connection, position)
    return ReplayResult(known, erased_again, restored)


async def hold_emails(database: Database) -> int:
    """Mark every queued email of a restored database as UNCERTAIN, for an operator to decide. Return how many."""
    async with database.transaction() as connection:
        return await HOLD_EMAILS.run(connection)


async def _erase_again(connection: Connection, missing: Sequence[LedgerEntry]) -> int:
    """Erase the people of these entries. Return how many of them the database contained."""
    ids = [entry.subject_id for entry in missing]
    request_ids = [entry.request_id for entry in missing]
    shared: dict[str, Any] = {
        "ids": ids,
        "request_ids": request_ids,
        "identities": [entry.identity for entry in missing],
        "verified_at": [entry.verified_at for entry in missing],
    }
    subject_count = len(await LOCK_SUBJECTS.rows(connection, ids=ids))
    await INSERT_SUBJECTS.run(
        connection,
        ids=ids,
        registered_at=[entry.registered_at for entry in missing],
        regimes=[entry.regime for entry in missing],
    )
    await CANCEL_OTHER_REQUESTS.run(connection, ids=ids, request_ids=request_ids)
    await INSERT_REQUESTS.run(
        connection,
        **shared,
        reasons=[entry.reason for entry in missing],
        channels=[entry.channel for entry in missing],
        regimes=[entry.regime for entry in missing],
        received_at=[entry.received_at for entry in missing],
        due_at=[entry.due_at for entry in missing],
    )
    pending = {entry.subject_id: entry.request_id for entry in missing if entry.completed_at is None}
    planned = {row[0] for row in await PLANNED_REQUESTS.rows(connection, request_ids=list(pending.values()))}
    await step_planning.plan_steps_without_references(
        connection, {subject_id: request_id for subject_id, request_id in pending.items() if request_id not in planned}
    )
    await MARK_STEPS_DONE.run(
        connection, request_ids=[entry.request_id for entry in missing if entry.completed_at is not None]
    )
    await scope.erase(connection, ids)
    await SET_ERASING.run(connection, ids=ids)
    await MARK_ERASED.run(connection, **shared, completed=[entry.completed_at is not None for entry in missing])
    return subject_count


async def _restore_entries(database: Database, keyring: Keyring) -> int:
    """Append to a restored ledger the erasures that it lacks, and destroy the restored keys. Return how many."""
    count, after = 0, UUID(int=0)
    while True:
        async with database.writers.acquire() as connection:
            rows = [dict(row) for row in await ERASED_REQUESTS.rows(connection, after=after, most=BATCH)]
        if not rows:
            return count
        after = rows[-1]["id"]
        ids = [row["subject_id"] for row in rows]
        async with keyring.pool.acquire() as ring:
            before = await ledger.COUNT_ENTRIES.value(ring)
            await ledger.append(ring, rows, [])
            await ledger.mark_erased(ring, ids)
            count += await ledger.COUNT_ENTRIES.value(ring) - before
        completed = [row["id"] for row in rows if row["is_completed"]]
        await keyring.destroy([*ids, *completed])
        async with keyring.pool.acquire() as ring:
            await ledger.mark_completed(ring, completed)
