"""Webhooks of export steps: claim those that are due. They repeat until the part is handed in or the request ends."""

from collections.abc import Sequence

import orjson

from models.encryption.keyring import Keyring
from models.erasure.systems import SystemRow
from models.erasure.webhook_deliveries import RETRY_BACKOFF, WebhookDelivery
from models.exports.steps import ERROR, REFERENCE_LIST
from models.storage.database import Database
from models.storage.statement import Statement

EVENT_TYPE = "export.requested"

CLAIM = Statement("""
WITH due AS (
    SELECT s.subject_id, s.id, r.kind, COALESCE(r.extended_until, r.due_at) - interval '1 day' AS due_at,
        y.name, y.webhook_url, y.is_always_concerned, y.secret_generation
    FROM export_steps AS s
    JOIN systems AS y ON y.name = s.system AND y.webhook_url IS NOT NULL
    JOIN rights_requests AS r ON r.subject_id = s.subject_id AND r.id = s.request_id AND r.state = 'IN_PROGRESS'
    WHERE s.state = 'PENDING'
    AND s.next_attempt_at <= clock_timestamp()
    ORDER BY s.next_attempt_at
    LIMIT :most
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE export_steps AS s
SET attempts = s.attempts + 1,
    next_attempt_at = clock_timestamp() + w.wait * (0.8 + 0.4 * random())
FROM due AS d, unnest(CAST(:waits AS interval[])) WITH ORDINALITY AS w (wait, ordinal)
WHERE s.subject_id = d.subject_id
AND s.id = d.id
AND w.ordinal = LEAST(s.attempts + 1, cardinality(CAST(:waits AS interval[])))
RETURNING s.id, s.request_id, s.subject_id, s.attempts, s.reference_list, s.created_at, d.kind, d.due_at,
    d.name, d.webhook_url, d.is_always_concerned, d.secret_generation
""")

SET_ERROR = Statement("""
UPDATE export_steps
SET error = :error
WHERE id = :id
AND state = 'PENDING'
""")


async def claim(database: Database, keyring: Keyring, most: int) -> Sequence[WebhookDelivery]:
    """Claim at most ``most`` due steps. Their next attempt is committed when this returns."""
    async with database.transaction() as connection:
        rows = await CLAIM.rows(connection, most=most, waits=list(RETRY_BACKOFF))
    if not rows:
        return []
    async with keyring.pool.acquire() as ring:
        keys = await keyring.of_subjects(ring, list({row["subject_id"] for row in rows}))
    deliveries = []
    for row in rows:
        key, encrypted = keys[row["subject_id"]], row["reference_list"]
        deliveries.append(
            WebhookDelivery(
                row["id"],
                row["request_id"],
                row["subject_id"],
                row["attempts"],
                SystemRow(row["name"], row["webhook_url"], row["is_always_concerned"], row["secret_generation"]),
                row["created_at"],
                orjson.loads(REFERENCE_LIST.decrypt(key, encrypted)) if key and encrypted else [],
                row["kind"],
                row["due_at"],
            )
        )
    return deliveries


async def record_result(database: Database, keyring: Keyring, delivery: WebhookDelivery, problem: str | None) -> None:
    """Record the result of an attempt. Raise SubjectErased when the person was erased meanwhile."""
    key = await keyring.key_of(delivery.subject_id)
    async with database.transaction() as connection:
        await SET_ERROR.run(connection, id=delivery.id, error=ERROR.encrypt(key, problem) if problem else None)
