"""Incidents: personal data breaches, with the 72 hours for the notice to the authority (Art. 33 GDPR)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, text

from models.notifications import affected_people
from models.notifications.affected_people import NO_COUNTS
from models.storage.clock import now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.statement import Connection, RowByKey, Statement, as_list, reads

AUTHORITY_DEADLINE: Final = timedelta(hours=72)
"""Art. 33(1) GDPR: not later than 72 hours after having become aware of it."""
PREFIX: Final = "incident"
TEXT_LENGTH: Final = 1000


class IncidentKind(StrEnum):
    """What happened."""

    UNAUTHORISED_READ = "UNAUTHORISED_READ"
    CREDENTIAL_MISUSE = "CREDENTIAL_MISUSE"
    THEFT = "THEFT"
    LOSS = "LOSS"
    WRONG_RECIPIENT = "WRONG_RECIPIENT"
    OTHER = "OTHER"


class IncidentState(StrEnum):
    """Whether an incident is closed."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Incident(Table, table=True):
    """One incident. Its texts are quoted in the letters; they name no person."""

    __tablename__ = "incidents"
    __table_args__ = (
        enum_check("kind", IncidentKind),
        enum_check("state", IncidentState),
        CheckConstraint("since <= until", name="a_time_range_is_in_order"),
        CheckConstraint("(consequences IS NULL) = (notify_at IS NULL)", name="a_notice_has_its_text"),
        Index("incidents_by_time", "aware_at", "id"),
        Index("incidents_open", "aware_at", postgresql_where=text("state = 'OPEN'")),
    )

    id: UUID = column(Uuid, ErasureAction.IMPERSONAL, primary_key=True)
    kind: str = column(Text, ErasureAction.IMPERSONAL)
    state: str = column(Text, ErasureAction.IMPERSONAL, server_default=IncidentState.OPEN)
    aware_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    actor: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    token_id: UUID | None = column(Uuid, ErasureAction.IMPERSONAL, nullable=True)
    since: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    until: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    categories: list[str] = column(ARRAY(Text), ErasureAction.IMPERSONAL)
    reported_by: str = column(Text, ErasureAction.IMPERSONAL)
    reported_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, server_default=text("clock_timestamp()"))
    authority: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    authority_noticed_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    consequences: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    measures: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    notify_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    closed_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)


class IncidentRow(NamedTuple):
    """An incident as callers read it."""

    id: UUID
    kind: str
    state: str
    aware_at: datetime
    authority_noticed_at: datetime | None
    categories: list[str]
    notify_at: datetime | None
    affected_count: int = 0
    notices_sent: int = 0
    notices_pending: int = 0
    notices_failed: int = 0


BY_IDS: Final = Statement("""
SELECT id, kind, state, aware_at, authority_noticed_at, categories, notify_at
FROM incidents
WHERE id = ANY(:ids)
""")

# SUPPORT and ADMIN report incidents, and see nothing of them but the id.
IDS: Final = Statement("""
SELECT id
FROM incidents
WHERE id = ANY(:ids)
""")

PAGE: Final = Statement("""
SELECT id, kind, state, aware_at, authority_noticed_at, categories, notify_at
FROM incidents
WHERE (CAST(:state AS text) IS NULL OR state = CAST(:state AS text))
AND (aware_at, id) < (
    COALESCE(CAST(:after_at AS timestamptz), 'infinity'),
    COALESCE(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
)
ORDER BY aware_at DESC, id DESC
LIMIT :first
""")

COUNT_OPEN: Final = Statement("""
SELECT count(*), count(*) FILTER (
    WHERE authority_noticed_at IS NULL AND aware_at + interval '72 hours' <= clock_timestamp()
)
FROM incidents
WHERE state = 'OPEN'
""")

DUE_WITHIN: Final = Statement("""
SELECT id
FROM incidents
WHERE state = 'OPEN'
AND authority_noticed_at IS NULL
AND aware_at + interval '72 hours' - CAST(:rest AS interval) <= clock_timestamp()
ORDER BY aware_at
LIMIT 1000
""")


def authority_due_at(aware_at: datetime) -> datetime:
    """Return when the notice to the authority is due."""
    return aware_at + AUTHORITY_DEADLINE


def is_overdue(state: str, aware_at: datetime, authority_noticed_at: datetime | None) -> bool:
    """Return whether an open incident is not reported to the authority after 72 hours."""
    return state == IncidentState.OPEN and authority_noticed_at is None and authority_due_at(aware_at) <= now()


async def _with_counts(connection: Connection, rows: Sequence[IncidentRow]) -> list[IncidentRow]:
    counts = await affected_people.read_counts(connection, PREFIX, [row.id for row in rows])
    return [
        row._replace(
            affected_count=each.affected,
            notices_sent=each.sent,
            notices_pending=each.pending if row.notify_at else 0,
            notices_failed=each.failed,
        )
        for row in rows
        for each in [counts.get(row.id, NO_COUNTS)]
    ]


@reads(BY_IDS, affected_people.COUNTS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, IncidentRow]:
    """Return the incidents with these ids."""
    rows = [IncidentRow(*row) for row in await BY_IDS.rows(connection, ids=as_list(ids))]
    return RowByKey((row.id, row) for row in await _with_counts(connection, rows))


@reads(PAGE, affected_people.COUNTS)
async def find_incidents(
    connection: Connection, keys: Sequence[str | None], page: PageRequest
) -> Mapping[str | None, Page[IncidentRow]]:
    """Return a page of incidents for each state, or for all when it is None; the latest first."""
    after_at, after_id = page.after or (None, None)
    pages = {}
    for state in keys:
        rows = await PAGE.rows(connection, state=state, after_at=after_at, after_id=after_id, first=page.first + 1)
        pages[state] = build_page(await _with_counts(connection, [IncidentRow(*row) for row in rows]), page)
    return pages


async def count_open(connection: Connection) -> tuple[int, int]:
    """Return the number of open incidents, and of those whose notice to the authority is overdue."""
    row = await COUNT_OPEN.row(connection)
    return (row[0], row[1]) if row else (0, 0)


async def due_within(connection: Connection, rest: timedelta) -> list[UUID]:
    """Return the open incidents whose notice to the authority is due within this time, or overdue."""
    return [row[0] for row in await DUE_WITHIN.rows(connection, rest=rest)]
