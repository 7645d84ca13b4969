"""After a restore: whether this database knows every erasure in the ledger, and erasing again whom it brought back.

A restored backup is unreadable where it holds the erased: their keys are gone. Replaying takes the rows away, too.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from models.encryption.keyring import Keyring
from models.erasure import ledger, scope
from models.erasure.ledger import LedgerEntry
from models.erasure.ledger_lag import BATCH, missing_entries
from models.storage.database import Database
from models.storage.statement import Connection, Statement


class ReplayResult(NamedTuple):
    """What a replay did."""

    known: int
    """Entries that the ledger has."""
    erased_again: int
    """People whom the database still held, and holds no more."""
    restored: int
    """Erasures that the ledger had lost, and knows again."""


INSERT_SUBJECTS = Statement("""
INSERT INTO subjects (id, status, registered_at, regime)
SELECT id, 'ERASED', registered_at, regime
FROM unnest(CAST(:ids AS uuid[]), CAST(:registered_at AS timestamptz[]), CAST(:regimes AS text[]))
    AS e (id, registered_at, regime)
ON CONFLICT DO NOTHING
""")

# They may have been sent since the backup was made: an operator looks at them, nobody writes to a person twice.
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

# Which systems have to be told is read off the rows that the backup brought back; what they call the person is not.
INSERT_STEPS = Statement("""
INSERT INTO erasure_steps (subject_id, id, request_id, system, state, created_at, next_attempt_at, give_up_at)
SELECT DISTINCT ON (e.subject_id, w.system) e.subject_id, gen_random_uuid(), e.id, w.system, 'PENDING', n.at,
    CASE WHEN w.is_told THEN n.at END, CASE WHEN w.is_told THEN n.at + interval '3 days' END
FROM unnest(CAST(:ids AS uuid[]), CAST(:request_ids AS uuid[])) AS e (subject_id, id)
CROSS JOIN (SELECT clock_timestamp() AS at) AS n
CROSS JOIN LATERAL (
    SELECT a.system, y.webhook_url IS NOT NULL AS is_told
    FROM accounts AS a
    LEFT JOIN systems AS y ON y.name = a.system
    WHERE a.subject_id = e.subject_id
    UNION
    SELECT y.name, y.webhook_url IS NOT NULL
    FROM systems AS y
    WHERE y.is_always_concerned
) AS w
WHERE NOT EXISTS (SELECT FROM erasure_steps AS s WHERE s.subject_id = e.subject_id AND s.request_id = e.id)
""")

MARK_STEPS_DONE = Statement("""
UPDATE erasure_steps
SET state = 'DONE', completed_at = clock_timestamp(), completed_by = 'erasure ledger', next_attempt_at = NULL,
    account_reference = NULL, error = NULL
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
    """Erase again everyone in the ledger whom the database still holds. Doing it twice does nothing twice."""
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
            left = await missing_entries(connection, entries)
            if left:
                erased_again += await _erase_again(connection, left)
        await keyring.destroy([entry.subject_id for entry in left])
        async with keyring.pool.acquire() as ring:
            await ledger.mark_erased(ring, [entry.subject_id for entry in left])
    async with database.transaction() as connection:
        await ledger.SET_MARK.run(connection, position=position)
    return ReplayResult(known, erased_again, restored)


async def hold_emails(database: Database) -> int:
    """Leave every letter that waited in a restored backup to an operator; give how many."""
    async with database.transaction() as connection:
        return await HOLD_EMAILS.run(connection)


async def _erase_again(connection: Connection, left: Sequence[LedgerEntry]) -> int:
    ids = [entry.subject_id for entry in left]
    request_ids = [entry.request_id for entry in left]
    given: dict[str, Any] = {
        "ids": ids,
        "request_ids": request_ids,
        "identities": [entry.identity for entry in left],
        "verified_at": [entry.verified_at for entry in left],
    }
    were_there = len(await LOCK_SUBJECTS.rows(connection, ids=ids))
    await INSERT_SUBJECTS.run(
        connection,
        ids=ids,
        registered_at=[entry.registered_at for entry in left],
        regimes=[entry.regime for entry in left],
    )
    await CANCEL_OTHER_REQUESTS.run(connection, ids=ids, request_ids=request_ids)
    await INSERT_REQUESTS.run(
        connection,
        **given,
        reasons=[entry.reason for entry in left],
        channels=[entry.channel for entry in left],
        regimes=[entry.regime for entry in left],
        received_at=[entry.received_at for entry in left],
        due_at=[entry.due_at for entry in left],
    )
    pending = [entry for entry in left if entry.completed_at is None]
    await INSERT_STEPS.run(
        connection,
        ids=[entry.subject_id for entry in pending],
        request_ids=[entry.request_id for entry in pending],
    )
    await MARK_STEPS_DONE.run(
        connection, request_ids=[entry.request_id for entry in left if entry.completed_at is not None]
    )
    await scope.erase(connection, ids)
    await SET_ERASING.run(connection, ids=ids)
    await MARK_ERASED.run(connection, **given, completed=[entry.completed_at is not None for entry in left])
    return were_there


async def _restore_entries(database: Database, keyring: Keyring) -> int:
    """Tell a keyring that was itself restored whom the database has erased since, and destroy their keys again."""
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
            await ledger.MARK_COMPLETED.run(ring, ids=completed)
