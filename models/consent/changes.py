"""The change feed: every change of what a subject allows, in one order for all readers.

Triggers append a row for each choice that counts, opt-out of everything, restriction and erasure, in the transaction
that makes the change. The feed's worker gives committed rows their positions. Writers take no lock for it, and a reader
of all rows after a position misses none that commits later.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, text

from models.consent.ledger import ConsentState
from models.errors import CursorExpired
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.pagination import Page, PageRequest
from models.storage.statement import Connection, Statement, reads

KEPT_FOR: Final = timedelta(days=90)
"""How long a choice stays in the feed at least."""


class ConsentChangeKind(StrEnum):
    """What changed."""

    CHOICE = "CHOICE"
    OPTED_OUT_OF_ALL = "OPTED_OUT_OF_ALL"
    RESTRICTED = "RESTRICTED"
    RESTRICTION_LIFTED = "RESTRICTION_LIFTED"
    ERASING = "ERASING"
    ERASED = "ERASED"


class FeedStart(StrEnum):
    """Where a reader without a cursor begins."""

    BEGINNING = "BEGINNING"
    NOW = "NOW"


class FeedReader(NamedTuple):
    """A reader of the feed. All readers have one list, so that a cursor is valid wherever its reader began."""

    start: FeedStart

    def __str__(self) -> str:
        return "feed"


class ConsentChange(Table, table=True):
    """One change. Its number orders the changes of a subject, its position those of the feed.

    It has no foreign keys: only triggers insert it, from rows that have them, and checking both again cost a seventh of
    what the feed costs a mutation.
    """

    __tablename__ = "consent_changes"
    __table_args__ = (
        enum_check("kind", ConsentChangeKind),
        enum_check("state", ConsentState),
        CheckConstraint(
            "(kind = 'CHOICE') = (purpose IS NOT NULL AND state IS NOT NULL)", name="a_choice_has_its_state"
        ),
        Index("consent_changes_by_position", "position"),
        Index("consent_changes_to_place", "subject_id", "number", postgresql_where=text("position IS NULL")),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    number: int = column(BigInteger, ErasureAction.KEPT, primary_key=True)
    kind: str = column(Text, ErasureAction.KEPT)
    purpose: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    state: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    at: datetime = column(Timestamp, ErasureAction.KEPT)
    noted_at: datetime = column(Timestamp, ErasureAction.KEPT)
    position: int | None = column(BigInteger, ErasureAction.KEPT, nullable=True)


class ChangeFeed(Table, table=True):
    """The state of the feed, in one row: its last position, and the position up to which choices were pruned.

    ``feed`` changes when the database is restored, so that older cursors are refused.
    """

    __tablename__ = "change_feed"
    __table_args__ = (CheckConstraint("is_one", name="there_is_one_feed"),)

    is_one: bool = column(Boolean, ErasureAction.IMPERSONAL, primary_key=True)
    feed: UUID = column(Uuid, ErasureAction.IMPERSONAL)
    last_position: int = column(BigInteger, ErasureAction.IMPERSONAL)
    pruned_position: int = column(BigInteger, ErasureAction.IMPERSONAL)


class ConsentChangeRow(NamedTuple):
    """A change as callers read it."""

    feed: str
    position: int
    at: datetime
    subject_id: UUID
    kind: str
    purpose: str | None
    state: str | None


AFTER = Statement("""
SELECT position, at, subject_id, kind, purpose, state
FROM consent_changes
WHERE position > :position
ORDER BY position
LIMIT :first
""")

FEED = Statement("""
SELECT feed, last_position, pruned_position
FROM change_feed
""")

TRY_LOCK = Statement("""
SELECT pg_try_advisory_xact_lock(hashtext('change_feed'))
""")

# A subject's changes become visible in the order of their numbers, since each is made under the lock of its row.
PLACE = Statement("""
WITH unplaced AS (
    SELECT subject_id, number
    FROM consent_changes
    WHERE position IS NULL
    ORDER BY subject_id, number
    LIMIT :limit
), numbered AS (
    SELECT subject_id, number,
        (SELECT last_position FROM change_feed) + row_number() OVER (ORDER BY subject_id, number) AS position
    FROM unplaced
), placed AS (
    UPDATE consent_changes AS c
    SET position = n.position
    FROM numbered AS n
    WHERE c.subject_id = n.subject_id
    AND c.number = n.number
    RETURNING c.position
)
UPDATE change_feed
SET last_position = last_position + (SELECT count(*) FROM placed)
""")

COUNT_UNPLACED = Statement("""
SELECT count(*)
FROM (SELECT FROM consent_changes WHERE position IS NULL LIMIT :limit) AS unplaced
""")

PRUNE = Statement("""
WITH pruned AS (
    DELETE FROM consent_changes
    WHERE (subject_id, number) IN (
        SELECT subject_id, number
        FROM consent_changes
        WHERE position IS NOT NULL
        AND kind = 'CHOICE'
        AND noted_at < clock_timestamp() - CAST(:kept_for AS interval)
        ORDER BY position
        LIMIT :limit
    )
    RETURNING position
)
UPDATE change_feed
SET pruned_position = GREATEST(pruned_position, (SELECT max(position) FROM pruned))
WHERE EXISTS (SELECT FROM pruned)
""")

RENEW = Statement("""
UPDATE change_feed
SET feed = gen_random_uuid()
""")


@reads(AFTER, FEED)
async def changes_after(
    connection: Connection, readers: Sequence[FeedReader], page: PageRequest
) -> Mapping[FeedReader, Page[ConsentChangeRow]]:
    """Return a page of the feed for each reader; a cursor overrides the start. CURSOR_EXPIRED for one that is too old.

    The rows are read before the state of the feed, so that a pruning in between is noticed.
    """
    pages = {}
    for reader in readers:
        feed, position = page.after or (None, 0)
        if page.after is None and reader.start is FeedStart.NOW:
            position = (await _state(connection))[1]
        rows = await AFTER.rows(connection, position=position, first=page.first + 1)
        current, last, pruned = await _state(connection)
        if page.after is not None and (feed != current or position < pruned or position > last):
            raise CursorExpired
        changes = [ConsentChangeRow(current, *row) for row in rows]
        pages[reader] = Page(changes[: page.first], len(changes) > page.first, (current, max(position, pruned)))
    return pages


async def _state(connection: Connection) -> tuple[str, int, int]:
    row = await FEED.row(connection)
    assert row is not None  # noqa: S101 -- a migration inserts it
    return row[0].hex, row[1], row[2]


async def place_changes(connection: Connection, limit: int) -> int:
    """Set the positions of at most ``limit`` committed changes, in a transaction; return how many had none.

    Of concurrent workers, one does it; the others return 0.
    """
    if not await TRY_LOCK.value(connection):
        return 0
    count: int = await COUNT_UNPLACED.value(connection, limit=limit)
    if count:
        await PLACE.run(connection, limit=limit)
    return count


async def prune_changes(connection: Connection, limit: int) -> bool:
    """Delete at most ``limit`` choices that were kept for long enough; return whether any was deleted."""
    return bool(await PRUNE.run(connection, kept_for=KEPT_FOR, limit=limit))


async def renew_feed(connection: Connection) -> None:
    """Refuse all cursors from before now. After a restore, positions may be given a second time."""
    await RENEW.run(connection)
