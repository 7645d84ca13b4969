"""Execution of erasures. Each phase ends in a commit and is idempotent, because a worker may be killed at any point.

The phases, in order: claim the request; encrypt what is needed later under the request's own key; append to the
ledger; close access grants; destroy the person's key; delete the rows.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import orjson

from models.actors import Actor, Role
from models.audit import events, known_systems
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.encryption.keyring import Keyring
from models.erasure import (
    erased_accounts,
    export_destruction,
    ledger,
    ledger_facts,
    recipient_notices,
    scope,
    step_planning,
)
from models.requests.requests import FINAL_EMAIL_ADDRESS
from models.storage.database import Database
from models.storage.statement import Connection, Statement
from models.subjects.email_addresses import ADDRESS

ERASURE_WORKER = Actor("erasure worker", Role.ADMIN, (Role.ADMIN,))
LEASE = timedelta(seconds=60)
"""How long a claimed request stays reserved for the worker that claimed it."""


class ClaimedErasure(NamedTuple):
    """A request claimed by a worker, with the values of its ledger entry."""

    subject_id: UUID
    id: UUID
    reason: str
    channel: str
    regime: str
    identity: str
    received_at: datetime
    verified_at: datetime
    due_at: datetime
    is_prepared: bool
    registered_at: datetime


# An export that is open, or was not fetched yet, is waited for, at most to its deadline; that of a child is not.
# Verification is checked here again, independent of how the request became SCHEDULED. A table constraint does so, too.
CLAIM = Statement("""
WITH due AS (
    SELECT r.subject_id, r.id, s.registered_at
    FROM rights_requests AS r
    JOIN subjects AS s ON s.id = r.subject_id
    WHERE r.kind = 'ERASURE'
    AND r.verified_at IS NOT NULL
    AND r.execute_at <= clock_timestamp()
    AND (r.state = 'SCHEDULED' OR (r.state = 'IN_PROGRESS' AND r.erased_at IS NULL))
    AND (r.claimed_until IS NULL OR r.claimed_until <= clock_timestamp())
    AND NOT EXISTS (
        SELECT FROM retention_holds AS h WHERE h.subject_id = r.subject_id AND h.released_at IS NULL
    )
    AND (r.reason = 'UNDERAGE' OR NOT EXISTS (
        SELECT FROM rights_requests AS x
        LEFT JOIN exports AS e ON e.subject_id = x.subject_id AND e.request_id = x.id
        WHERE x.subject_id = r.subject_id
        AND x.kind IN ('ACCESS', 'PORTABILITY')
        AND COALESCE(x.extended_until, x.due_at) > clock_timestamp()
        AND (
            x.state = 'IN_PROGRESS'
            OR (e.ready_at IS NOT NULL AND e.ended_at IS NULL AND e.downloads = 0 AND e.expires_at > clock_timestamp())
        )
    ))
    ORDER BY r.execute_at, r.id
    LIMIT :most
    FOR UPDATE OF s SKIP LOCKED
), claimed AS (
    UPDATE rights_requests AS r
    SET state = 'IN_PROGRESS', started_at = COALESCE(r.started_at, clock_timestamp()),
        claimed_until = clock_timestamp() + CAST(:lease AS interval)
    FROM due
    WHERE r.subject_id = due.subject_id
    AND r.id = due.id
    AND (r.state = 'SCHEDULED' OR (r.state = 'IN_PROGRESS' AND r.erased_at IS NULL))
    AND (r.claimed_until IS NULL OR r.claimed_until <= clock_timestamp())
    RETURNING r.subject_id, r.id, r.reason, r.channel, r.regime, r.identity, r.received_at, r.verified_at, r.due_at,
        r.prepared_at IS NOT NULL AS is_prepared, due.registered_at
), marked AS (
    UPDATE subjects AS s
    SET status = 'ERASING'
    FROM claimed AS t
    WHERE s.id = t.subject_id
)
SELECT subject_id, id, reason, channel, regime, identity, received_at, verified_at, due_at, is_prepared, registered_at
FROM claimed
""")

LOCK_UNPREPARED = Statement("""
SELECT subject_id, id
FROM rights_requests
WHERE id = ANY(:ids)
AND prepared_at IS NULL
ORDER BY subject_id
FOR UPDATE
""")

ADDRESSES = Statement("""
SELECT DISTINCT ON (subject_id) subject_id, id, address
FROM email_addresses
WHERE subject_id = ANY(:ids)
ORDER BY subject_id, stopped_at IS NOT NULL, is_primary DESC, added_at, id
""")

IDENTIFIER_HASHES = Statement("""
SELECT subject_id, lookup_hash, 'email', lookup_version
FROM email_addresses
WHERE subject_id = ANY(:ids)
UNION ALL
SELECT subject_id, lookup_hash, 'account', lookup_version
FROM accounts
WHERE subject_id = ANY(:ids)
""")

MARK_PREPARED = Statement("""
UPDATE rights_requests AS r
SET prepared_at = clock_timestamp(), farewell_to = f.recipient, farewell_address = f.address
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:recipients AS uuid[]), CAST(:addresses AS bytea[])
) AS f (subject_id, id, recipient, address)
WHERE r.subject_id = f.subject_id
AND r.id = f.id
""")

CLOSE_GRANTS = Statement("""
UPDATE access_grants
SET expires_at = LEAST(expires_at, clock_timestamp()),
    decided_by = COALESCE(decided_by, 'erasure'), decided_at = COALESCE(decided_at, clock_timestamp())
WHERE subject_id = ANY(:ids)
AND (expires_at > clock_timestamp() OR decided_at IS NULL)
""")

LOCK_UNERASED = Statement("""
SELECT r.subject_id
FROM rights_requests AS r
JOIN subjects AS s ON s.id = r.subject_id
WHERE r.id = ANY(:ids)
AND r.erased_at IS NULL
ORDER BY r.subject_id
FOR UPDATE OF s, r
""")

MARK_ERASED = Statement("""
UPDATE rights_requests AS r
SET erased_at = n.at, erased = CAST(f.counts AS jsonb), claimed_until = NULL,
    state = CASE WHEN w.waits THEN 'PARTIALLY_COMPLETED' ELSE r.state END,
    settled_at = CASE WHEN w.waits THEN NULL ELSE COALESCE(r.settled_at, n.at) END
FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:counts AS text[])) AS f (subject_id, counts)
CROSS JOIN (SELECT clock_timestamp() AS at) AS n
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM erasure_steps AS s WHERE s.subject_id = f.subject_id AND s.state <> 'DONE') AS waits
) AS w
WHERE r.subject_id = f.subject_id
AND r.id = ANY(:ids)
""")


async def claim_erasures(database: Database, most: int, lease: timedelta = LEASE) -> list[ClaimedErasure]:
    """Claim at most ``most`` requests that are due, or whose lease has expired, for the duration of the lease."""
    async with database.writers.acquire() as connection:
        return [ClaimedErasure._make(row) for row in await CLAIM.rows(connection, most=most, lease=lease)]


async def execute(database: Database, keyring: Keyring, claimed: Sequence[ClaimedErasure]) -> None:
    """Erase these people in this service, from whichever phase an earlier attempt reached.

    The steps of internal systems stay PENDING for the webhook worker.
    """
    ids = [request.subject_id for request in claimed]
    await _prepare(database, keyring, [request for request in claimed if not request.is_prepared])
    async with keyring.pool.acquire() as keyring_connection:
        subject_keys = {key.owner_id: key for key in (await keyring.of_subjects(keyring_connection, ids)).values()}
    async with database.writers.acquire() as connection:
        identifiers = [tuple(row) for row in await IDENTIFIER_HASHES.rows(connection, ids=ids)]
        identifiers += await erased_accounts.hash_references(connection, keyring, subject_keys)
    async with keyring.pool.acquire() as connection:
        await ledger.append(connection, [request._asdict() for request in claimed], identifiers)
    async with database.writers.acquire() as connection:
        await CLOSE_GRANTS.run(connection, ids=ids)
    await keyring.destroy(ids)
    await export_destruction.destroy_exports(database, keyring, ids)
    async with database.transaction() as connection:
        await _erase_rows(connection, [request.id for request in claimed])
        facts = await ledger_facts.of_requests(connection, [request.id for request in claimed])
    async with keyring.pool.acquire() as connection:
        await ledger_facts.record_erased(connection, facts)


async def _prepare(database: Database, keyring: Keyring, claimed: Sequence[ClaimedErasure]) -> None:
    """Encrypt the address of the completion email and the account references under each request's own key.

    A person whose key is destroyed already, as after a restore, is unreadable: nothing is kept of them.
    """
    if not claimed:
        return
    request_ids = [request.id for request in claimed]
    await known_systems.wait_for_reads(database)
    keys = await keyring.create_many(request_ids)
    async with keyring.pool.acquire() as connection:
        subject_keys = await keyring.of_subjects(connection, [request.subject_id for request in claimed])
    async with database.transaction() as connection:
        waiting = {row[0]: row[1] for row in await LOCK_UNPREPARED.rows(connection, ids=request_ids)}
        ids = list(waiting)
        recipients = {}
        for subject_id, recipient, encrypted in await ADDRESSES.rows(connection, ids=ids):
            if subject_key := subject_keys[subject_id]:
                address = FINAL_EMAIL_ADDRESS.encrypt(
                    keys[waiting[subject_id]], ADDRESS.decrypt(subject_key, encrypted)
                )
                recipients[subject_id] = recipient, address
        await step_planning.plan_steps(connection, waiting, keys, subject_keys)
        await MARK_PREPARED.run(
            connection,
            subject_ids=ids,
            ids=[waiting[subject_id] for subject_id in ids],
            recipients=[recipients.get(subject_id, (None, None))[0] for subject_id in ids],
            addresses=[recipients.get(subject_id, (None, None))[1] for subject_id in ids],
        )


async def _erase_rows(connection: Connection, request_ids: Sequence[UUID]) -> None:
    """Delete the rows of the people who are not erased yet, and record the counts and one audit event each."""
    subject_ids = [row[0] for row in await LOCK_UNERASED.rows(connection, ids=list(request_ids))]
    if not subject_ids:
        return
    await recipient_notices.keep_recipients(connection, request_ids, subject_ids)
    counts = await scope.erase(connection, subject_ids)
    await MARK_ERASED.run(
        connection,
        ids=list(request_ids),
        subject_ids=subject_ids,
        counts=[orjson.dumps(counts[subject_id]).decode() for subject_id in subject_ids],
    )
    await events.append(
        connection, [EventGroup(EventTemplate(ERASURE_WORKER, AccessAction.WRITE, ("erase",)), subject_ids)]
    )
