"""Subscriptions of internal systems to the change feed: in which role each gets changes, and how far it is."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Integer

from models.actors import Role
from models.consent.changes import FeedStart
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.statement import Connection, Statement


class FeedSubscription(Table, table=True):
    """A system that gets the changes by webhook. All changes up to ``position`` are acknowledged.

    ``batch_end`` is the last position of the message in delivery, so that a repetition has the same changes.
    """

    __tablename__ = "feed_subscriptions"
    __table_args__ = (
        CheckConstraint("position >= 0", name="position_is_counted"),
        CheckConstraint("batch_end > position", name="a_batch_has_changes"),
    )

    name: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    role: str = column(Text, ErasureAction.IMPERSONAL)
    feed: UUID = column(Uuid, ErasureAction.IMPERSONAL)
    position: int = column(BigInteger, ErasureAction.IMPERSONAL)
    batch_end: int | None = column(BigInteger, ErasureAction.IMPERSONAL, nullable=True)
    starts_over: bool = column(Boolean, ErasureAction.IMPERSONAL)
    attempts: int = column(Integer, ErasureAction.IMPERSONAL)
    next_attempt_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    error: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    subscribed_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)


class SubscriptionRow(NamedTuple):
    """A subscription as operators see it, with the number of positions of the feed that are not acknowledged."""

    name: str
    role: str
    waiting: int
    attempts: int
    error: str | None


SUBSCRIBE = Statement("""
INSERT INTO feed_subscriptions
    (name, role, feed, position, starts_over, attempts, next_attempt_at, subscribed_at)
SELECT :name, :role, feed, CASE WHEN CAST(:is_now AS boolean) THEN last_position ELSE pruned_position END, FALSE, 0,
    clock_timestamp(), clock_timestamp()
FROM change_feed
ON CONFLICT (name) DO UPDATE
SET role = excluded.role, attempts = 0, next_attempt_at = clock_timestamp()
""")

UNSUBSCRIBE = Statement("""
DELETE FROM feed_subscriptions
WHERE name = :name
""")

ALL = Statement("""
SELECT s.name, s.role, GREATEST(c.last_position - CASE WHEN c.feed = s.feed THEN s.position ELSE 0 END, 0),
    s.attempts, s.error
FROM feed_subscriptions AS s
CROSS JOIN change_feed AS c
ORDER BY s.name
""")


async def subscribe(connection: Connection, name: str, role: Role, start: FeedStart | None) -> None:
    """Subscribe a system, or change its role and deliver what waits at once.

    With a start it begins there, even if it has a subscription. Without one, a new subscription begins at the
    beginning, and an existing one stays where it is.
    """
    if start is not None:
        await UNSUBSCRIBE.run(connection, name=name)
    await SUBSCRIBE.run(connection, name=name, role=role.value, is_now=start is FeedStart.NOW)


async def unsubscribe(connection: Connection, name: str) -> None:
    """End the subscription of a system, if there is one."""
    await UNSUBSCRIBE.run(connection, name=name)


async def all_subscriptions(connection: Connection) -> list[SubscriptionRow]:
    """Return all subscriptions, ordered by name."""
    return [SubscriptionRow._make(row) for row in await ALL.rows(connection)]
