"""Ledger replay after a restore: repeat every erasure of the ledger that the restored database lacks.

The restored rows of erased people are unreadable, because their keys are destroyed. The replay deletes these rows.
The facts of the first erasure come back from the ledger; the replay adds a signed statement of its own.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from models.consent import changes
from models.encryption.keyring import Keyring
from models.erasure import certificates, ledger, ledger_facts, ledger_marks, restored_steps, scope
from models.erasure.ledger import LedgerEntry
from models.erasure.ledger_facts import ErasureFacts
from models.erasure.ledger_lag import BATCH, missing_entries
from models.erasure.restored_facts import Replay
from models.storage.clock import now
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

MARK_ERASED = Statement("""
UPDATE rights_requests AS r
SET erased_at = e.erased_at, erased = CAST(e.erased AS jsonb), prepared_at = COALESCE(r.prepared_at, e.erased_at),
    started_at = COALESCE(r.started_at, e.erased_at), claimed_until = NULL, farewell_to = NULL, farewell_address = NULL,
    identity = CASE WHEN r.verified_at IS NULL THEN e.identity ELSE r.identity END,
    verified_at = COALESCE(r.verified_at, e.verified_at),
    state = CASE
        WHEN e.completed_at IS NOT NULL THEN 'COMPLETED' WHEN w.waits THEN 'PARTIALLY_COMPLETED' ELSE 'IN_PROGRESS'
    END,
    settled_at = COALESCE(e.completed_at, CASE WHEN NOT w.waits THEN clock_timestamp() END),
    completed_at = e.completed_at, backups_clear_at = e.clear_at, certificate = e.certificate,
    certified_at = e.certified_at, replay_statements = string_to_array(e.replays, ' ')
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:request_ids AS uuid[]), CAST(:identities AS text[]),
    CAST(:verified_at AS timestamptz[]),
    CAST(:erased_at AS timestamptz[]), CAST(:erased AS text[]), CAST(:completed_at AS timestamptz[]),
    CAST(:clear_at AS timestamptz[]), CAST(:certificates AS text[]), CAST(:certified_at AS timestamptz[]),
    CAST(:replays AS text[])
) AS e (
    subject_id, id, identity, verified_at, erased_at, erased, completed_at, clear_at, certificate, certified_at, replays
)
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM erasure_steps AS s WHERE s.subject_id = e.subject_id AND s.request_id = e.id AND s.state <> 'DONE'
    ) AS waits
) AS w
WHERE r.subject_id = e.subject_id
AND r.id = e.id
AND r.erased_at IS NULL
""")

SET_STATUS = Statement("""
UPDATE subjects
SET status = CASE WHEN id = ANY(:completed) THEN 'ERASED' ELSE 'ERASING' END
WHERE id = ANY(:ids)
""")

ERASED_REQUESTS = Statement("""
SELECT r.subject_id, r.id, r.reason, r.channel, r.regime, r.identity, s.registered_at, r.received_at, r.verified_at,
    r.due_at
FROM rights_requests AS r
JOIN subjects AS s ON s.id = r.subject_id
WHERE r.erased_at IS NOT NULL
AND r.id > :after
ORDER BY r.id
LIMIT :most
""")


async def replay_ledger(database: Database, keyring: Keyring, *, issuer: str, backup_life: timedelta) -> ReplayResult:
    """Erase again every person of the ledger whom the database still contains. A repeated replay changes nothing.

    ``issuer`` signs the statements of the replay.
    """
    known = erased_again = position = 0
    signer = await certificates.current_signer(keyring)
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
                replay = Replay(signer, issuer, now(), backup_life)
                erased_again += await _erase_again(connection, missing, replay)
            facts = await ledger_facts.of_requests(connection, [entry.request_id for entry in entries])
        await keyring.destroy([entry.subject_id for entry in missing])
        async with keyring.pool.acquire() as ring:
            await _record(ring, facts)
    async with database.transaction() as connection:
        await ledger_marks.set_to(connection, position)
        await changes.renew_feed(connection)
    return ReplayResult(known, erased_again, restored)


async def _record(ring: Connection, facts: Sequence[ErasureFacts]) -> None:
    """Record in the ledger what it lacks of these erasures, after an earlier replay that was killed, too."""
    await ledger_facts.record_erased(ring, facts)
    await ledger_facts.record_completed(ring, facts)
    await ledger_facts.record_replays(ring, facts)


async def hold_emails(database: Database) -> int:
    """Mark every queued email of a restored database as UNCERTAIN, for an operator to decide. Return how many."""
    async with database.transaction() as connection:
        return await HOLD_EMAILS.run(connection)


async def _erase_again(connection: Connection, missing: Sequence[LedgerEntry], replay: Replay) -> int:
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
    await restored_steps.plan_open_steps(connection, [entry for entry in missing if entry.completed_at is None])
    counts = await scope.erase(connection, ids)
    facts = [replay.restore(entry, counts[entry.subject_id]) for entry in missing]
    await restored_steps.restore_done_steps(connection, [row for row in facts if row.completed_at])
    await SET_STATUS.run(connection, ids=ids, completed=[row.subject_id for row in facts if row.completed_at])
    await MARK_ERASED.run(
        connection,
        **shared,
        erased_at=[row.erased_at for row in facts],
        erased=[row.erased for row in facts],
        completed_at=[row.completed_at for row in facts],
        clear_at=[replay.backups_clear_at(row) for row in facts],
        certificates=[row.certificate for row in facts],
        certified_at=[row.certified_at for row in facts],
        replays=[row.replays for row in facts],
    )
    return subject_count


async def _restore_entries(database: Database, keyring: Keyring) -> int:
    """Append to a restored ledger the erasures that it lacks, and destroy the restored keys. Return how many."""
    count, after = 0, UUID(int=0)
    while True:
        async with database.writers.acquire() as connection:
            rows = [dict(row) for row in await ERASED_REQUESTS.rows(connection, after=after, most=BATCH)]
            facts = await ledger_facts.of_requests(connection, [row["id"] for row in rows])
        if not rows:
            return count
        after = rows[-1]["id"]
        ids = [row["subject_id"] for row in rows]
        async with keyring.pool.acquire() as ring:
            before = await ledger.COUNT_ENTRIES.value(ring)
            await ledger.append(ring, rows, [])
            await ledger_facts.record_erased(ring, facts)
            count += await ledger.COUNT_ENTRIES.value(ring) - before
        await keyring.destroy([*ids, *(row.request_id for row in facts if row.completed_at)])
        async with keyring.pool.acquire() as ring:
            await _record(ring, facts)
