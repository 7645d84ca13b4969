"""Deliveries of feed webhooks: claim the next message of each system, and record the result of each attempt.

A system has one message in delivery at a time, so that it gets changes in the order of the feed. A repetition has the
same id and the same changes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.actors import Role
from models.erasure.systems import SystemRow
from models.storage.database import Database
from models.storage.statement import Connection, Statement

BATCH: Final = 100
"""Changes of one message, at most."""
RETRY_BACKOFF: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 300, 900, 3600))
"""Delay before the next attempt, by attempt; the last delay repeats until the system answers."""


class DeliveredChange(NamedTuple):
    """A change of a message."""

    position: int
    at: datetime
    subject_id: UUID
    kind: str
    purpose: str | None
    state: str | None
    noted_at: datetime


class FeedDelivery(NamedTuple):
    """The message that a system gets next: all changes after ``start`` up to ``end``.

    ``starts_over`` means that changes before the first one are lost to the system, or numbered anew by a restore.
    """

    system: SystemRow
    role: Role
    feed: UUID
    start: int
    end: int
    starts_over: bool
    attempt: int
    changes: Sequence[DeliveredChange]


# The time of the next attempt is committed before this attempt starts, so that a killed worker's message is repeated.
CLAIM = Statement("""
WITH due AS (
    SELECT s.name, y.webhook_url, y.is_always_concerned, y.secret_generation,
        c.feed AS current_feed, c.last_position, c.pruned_position
    FROM feed_subscriptions AS s
    JOIN systems AS y ON y.name = s.name AND y.webhook_url IS NOT NULL
    JOIN change_feed AS c ON c.last_position > s.position OR c.feed <> s.feed
    WHERE s.next_attempt_at <= clock_timestamp()
    AND s.role = ANY(CAST(:roles AS text[]))
    AND (CAST(:name AS text) IS NULL OR s.name = :name)
    ORDER BY s.next_attempt_at
    LIMIT :most
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE feed_subscriptions AS s
SET attempts = s.attempts + 1, next_attempt_at = clock_timestamp() + CAST(:lease AS interval)
FROM due AS d
WHERE s.name = d.name
RETURNING s.name, s.role, s.feed, s.position, s.batch_end, s.starts_over, s.attempts,
    d.webhook_url, d.is_always_concerned, d.secret_generation, d.current_feed, d.last_position, d.pruned_position
""")

CHANGES = Statement("""
SELECT position, at, subject_id, kind, purpose, state, noted_at
FROM consent_changes
WHERE position > :start
AND position <= :last
ORDER BY position
LIMIT :most
""")

SET_BATCH = Statement("""
UPDATE feed_subscriptions
SET feed = :feed, position = :start, batch_end = :batch_end, starts_over = :starts_over
WHERE name = :name
""")

ACKNOWLEDGE = Statement("""
UPDATE feed_subscriptions
SET position = :last, batch_end = NULL, starts_over = FALSE, attempts = 0, next_attempt_at = clock_timestamp(),
    error = NULL
WHERE name = :name
AND feed = :feed
AND position = :start
""")

SET_ERROR = Statement("""
UPDATE feed_subscriptions AS s
SET error = :error, next_attempt_at = clock_timestamp() + w.wait * (0.8 + 0.4 * random())
FROM unnest(CAST(:waits AS interval[])) WITH ORDINALITY AS w (wait, ordinal)
WHERE s.name = :name
AND s.feed = :feed
AND s.position = :start
AND s.attempts = :attempt
AND w.ordinal = LEAST(s.attempts, cardinality(CAST(:waits AS interval[])))
""")


async def claim(
    database: Database, roles: Sequence[Role], lease: timedelta, most: int, name: str | None = None
) -> list[FeedDelivery]:
    """Claim the next message of at most ``most`` systems in these roles, or of one system.

    No other worker claims it before the lease ends.
    """
    async with database.transaction() as connection:
        rows = await CLAIM.rows(connection, roles=[role.value for role in roles], lease=lease, most=most, name=name)
        deliveries = [await _prepare(connection, row) for row in rows]
    return [delivery for delivery in deliveries if delivery is not None]


async def _prepare(connection: Connection, row: Any) -> FeedDelivery | None:
    """Return the message of a claimed subscription, or None where nothing is left of the changes that waited."""
    feed, start, batch_end, starts_over = row["feed"], row["position"], row["batch_end"], row["starts_over"]
    if feed != row["current_feed"]:
        feed, start, batch_end, starts_over = row["current_feed"], row["pruned_position"], None, True
    elif start < row["pruned_position"]:
        start, batch_end, starts_over = row["pruned_position"], None, True
    last = batch_end or row["last_position"]
    changes = [
        DeliveredChange._make(each) for each in await CHANGES.rows(connection, start=start, last=last, most=BATCH)
    ]
    if not changes:
        start = max(start, last)
    end = batch_end or (changes[-1].position if changes else start)
    await SET_BATCH.run(
        connection,
        name=row["name"],
        feed=feed,
        start=start,
        batch_end=end if changes else None,
        starts_over=starts_over,
    )
    if not changes:
        return None
    system = SystemRow(row["name"], row["webhook_url"], row["is_always_concerned"], row["secret_generation"])
    return FeedDelivery(system, Role(row["role"]), feed, start, end, starts_over, row["attempts"], changes)


async def record_result(database: Database, delivery: FeedDelivery, problem: str | None) -> None:
    """Record the result of an attempt: the position of the system, or when the same message is sent again."""
    name, feed, start = delivery.system.name, delivery.feed, delivery.start
    async with database.transaction() as connection:
        if problem is None:
            await ACKNOWLEDGE.run(connection, name=name, feed=feed, start=start, last=delivery.end)
        else:
            await SET_ERROR.run(
                connection,
                name=name,
                feed=feed,
                start=start,
                attempt=delivery.attempt,
                error=problem,
                waits=list(RETRY_BACKOFF),
            )
