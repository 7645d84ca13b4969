"""Webhook deliveries of erasure steps: claim the steps that are due, and record the result of each attempt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from models.encryption.keyring import Keyring
from models.erasure import step_references
from models.erasure.step_references import REFERENCE, REFERENCE_LIST
from models.erasure.steps import ERROR
from models.erasure.systems import SystemRow
from models.storage.database import Database
from models.storage.statement import Statement

RETRY_BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 300, 900, 3600, 7200, 14400, 28800))
"""Delay before the next attempt, by attempt; the last delay repeats until the step's retry period ends."""


class WebhookDelivery(NamedTuple):
    """One step whose webhook is due, with the system that receives it."""

    id: UUID
    request_id: UUID
    subject_id: UUID
    attempt: int
    system: SystemRow
    created_at: datetime
    references: Sequence[str]
    export_kind: str | None = None
    """The kind of the request of an export step; None for an erasure step."""
    due_at: datetime | None = None
    """When the part of an export step is due."""


# The time of the next attempt is committed before this attempt starts, so that a killed worker's step is retried.
CLAIM = Statement("""
WITH due AS (
    SELECT s.subject_id, s.id, y.name, y.webhook_url, y.is_always_concerned, y.secret_generation
    FROM erasure_steps AS s
    JOIN systems AS y ON y.name = s.system AND y.webhook_url IS NOT NULL
    JOIN rights_requests AS r ON r.subject_id = s.subject_id AND r.id = s.request_id AND r.erased_at IS NOT NULL
    WHERE s.state = 'PENDING'
    AND s.next_attempt_at <= clock_timestamp()
    ORDER BY s.next_attempt_at
    LIMIT :most
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE erasure_steps AS s
SET attempts = s.attempts + 1,
    next_attempt_at = clock_timestamp() + w.wait * (0.8 + 0.4 * random())
FROM due AS d, unnest(CAST(:waits AS interval[])) WITH ORDINALITY AS w (wait, ordinal)
WHERE s.subject_id = d.subject_id
AND s.id = d.id
AND w.ordinal = LEAST(s.attempts + 1, cardinality(CAST(:waits AS interval[])))
RETURNING s.id, s.request_id, s.subject_id, s.attempts, s.account_reference, s.reference_list, s.created_at,
    d.name, d.webhook_url, d.is_always_concerned, d.secret_generation
""")

CLEAR_ERROR = Statement("""
UPDATE erasure_steps
SET error = NULL
WHERE id = :id
AND state = 'PENDING'
""")

SET_ERROR = Statement("""
UPDATE erasure_steps
SET error = :error
WHERE id = :id
AND state = 'PENDING'
""")

GIVE_UP = Statement("""
UPDATE erasure_steps
SET state = 'FAILED', next_attempt_at = NULL
WHERE state = 'PENDING'
AND next_attempt_at <= clock_timestamp()
AND give_up_at <= clock_timestamp()
RETURNING id, request_id
""")


async def claim(database: Database, keyring: Keyring, most: int) -> list[WebhookDelivery]:
    """Claim at most ``most`` due steps. Their next attempt is committed when this returns."""
    async with database.transaction() as connection:
        rows = await CLAIM.rows(connection, most=most, waits=list(RETRY_BACKOFF))
    async with keyring.pool.acquire() as ring:
        keys = await keyring.of_subjects(ring, list({row["request_id"] for row in rows}))
    deliveries = []
    for row in rows:
        key, first, every = keys[row["request_id"]], row["account_reference"], row["reference_list"]
        system = SystemRow(row["name"], row["webhook_url"], row["is_always_concerned"], row["secret_generation"])
        references = step_references.parse_references(
            REFERENCE_LIST.decrypt(key, every) if key and every else None,
            REFERENCE.decrypt(key, first) if key and first else None,
        )
        deliveries.append(
            WebhookDelivery(
                row["id"],
                row["request_id"],
                row["subject_id"],
                row["attempts"],
                system,
                row["created_at"],
                references,
            )
        )
    return deliveries


async def record_result(database: Database, keyring: Keyring, delivery: WebhookDelivery, problem: str | None) -> None:
    """Record the result of an attempt. The step stays PENDING until the system reports its completion.

    Raise SubjectErased when the request was completed meanwhile and its key is destroyed.
    """
    if problem is None:
        async with database.transaction() as connection:
            await CLEAR_ERROR.run(connection, id=delivery.id)
        return
    key = await keyring.key_of(delivery.request_id)
    async with database.transaction() as connection:
        await SET_ERROR.run(connection, id=delivery.id, error=ERROR.encrypt(key, problem))


async def give_up(database: Database) -> Sequence[UUID]:
    """Mark as FAILED the steps whose retry period has ended. Return their ids."""
    async with database.transaction() as connection:
        return [row["id"] for row in await GIVE_UP.rows(connection)]
