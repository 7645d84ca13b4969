"""Break glass: one person's file names open to one actor, for a case, for minutes, once somebody else approved.

A grant ends by itself: nothing has to run for it to close.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint

from models.audit.events import AccessAction
from models.errors import BadInput, CaseRequired, Forbidden, NotFound, StateConflict
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind
from models.storage.clock import now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.pagination import Page
from models.storage.statement import Connection, RowByKey, Statement, as_list
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

MAX_MINUTES = 60
APPROVAL_TIMEOUT = timedelta(hours=24)
"""How long a grant waits for somebody's approval before it counts as expired."""


class GrantState(StrEnum):
    """Where an access grant stands."""

    WAITING = "WAITING"
    OPEN = "OPEN"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"


class AccessGrant(Table, table=True):
    """One actor's way, asked for and approved by two people, to what opens in rare cases only."""

    __tablename__ = "access_grants"
    __table_args__ = (
        UniqueConstraint("id", name="access_grant_id_is_one"),
        CheckConstraint(f"minutes BETWEEN 1 AND {MAX_MINUTES}", name="grant_is_short"),
        CheckConstraint("case_reference ~ '^[A-Za-z0-9#\\:_/-]{3,64}$'", name="case_is_a_reference"),
        CheckConstraint("decided_by <> actor", name="nobody_decides_alone"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="a_decision_has_its_time"),
        CheckConstraint(
            "expires_at <= decided_at + make_interval(mins => minutes)", name="grant_ends_when_its_minutes_are_over"
        ),
        Index("access_grants_by_time", "asked_at", "id"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    actor: str = column(Text, ErasureAction.KEPT)
    case_reference: str = column(Text, ErasureAction.KEPT)
    minutes: int = column(SmallInteger, ErasureAction.KEPT)
    asked_at: datetime = column(Timestamp, ErasureAction.KEPT)
    decided_by: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    decided_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    expires_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)


class AccessGrantRow(NamedTuple):
    """An access grant as it is read: refused when it was decided and never opened."""

    id: UUID
    subject_id: UUID
    actor: str
    case: str
    minutes: int
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    expires_at: datetime | None


class GrantedPage(NamedTuple):
    """A page of what opens only under a grant; without one ``grant_id`` is None and the page is empty."""

    subject_id: UUID | None
    grant_id: UUID | None
    page: Page[Any]


BY_IDS = Statement("""
SELECT id, subject_id, actor, case_reference, minutes, asked_at, decided_by, decided_at, expires_at
FROM access_grants
WHERE id = ANY(:ids)
""")

SINCE = Statement("""
SELECT id, subject_id, actor, case_reference, minutes, asked_at, decided_by, decided_at, expires_at
FROM access_grants
WHERE asked_at >= :since
ORDER BY asked_at, id
""")

# The same deed twice is one deed: what waits or is open for this actor, person and case is given again.
ACTIVE_GRANT = Statement("""
SELECT id
FROM access_grants
WHERE subject_id = :subject_id
AND actor = :actor
AND case_reference = :case
AND (expires_at > clock_timestamp() OR (decided_at IS NULL AND asked_at > clock_timestamp() - CAST(:waits AS interval)))
ORDER BY asked_at DESC
LIMIT 1
""")

INSERT_GRANT = Statement("""
INSERT INTO access_grants (subject_id, id, actor, case_reference, minutes, asked_at)
VALUES (:subject_id, :id, :actor, :case, :minutes, clock_timestamp())
""")

LOCK_GRANT = Statement("""
SELECT id, subject_id, actor, case_reference, minutes, asked_at, decided_by, decided_at, expires_at
FROM access_grants
WHERE id = :id
FOR UPDATE
""")

# By the database's clock, which the reads under the grant go by.
DECIDE = Statement("""
UPDATE access_grants
SET decided_by = :actor,
    decided_at = now.at,
    expires_at = CASE WHEN :opens THEN now.at + make_interval(mins => minutes) END
FROM (SELECT clock_timestamp()) AS now (at)
WHERE id = :id
""")


def state_of(asked_at: datetime, decided_at: datetime | None, expires_at: datetime | None) -> GrantState:
    """Say where a grant stands now."""
    if expires_at is not None:
        return GrantState.OPEN if expires_at > now() else GrantState.EXPIRED
    if decided_at is not None:
        return GrantState.REFUSED
    return GrantState.WAITING if asked_at + APPROVAL_TIMEOUT > now() else GrantState.EXPIRED


def approver_of(decided_by: str | None, expires_at: datetime | None) -> str | None:
    """Say who approved a grant; nobody approved one that never opened."""
    return decided_by if expires_at is not None else None


async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, AccessGrantRow]:
    """Give the grants of these ids."""
    return RowByKey((row[0], AccessGrantRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


async def requested_since(connection: Connection, at: datetime) -> list[AccessGrantRow]:
    """Give the grants asked for since a time, the oldest first."""
    return [AccessGrantRow._make(row) for row in await SINCE.rows(connection, since=at)]


async def open_access_grant(unit: UnitOfWork, name: SubjectIdentifier, minutes: int) -> UUID:
    """Ask for a grant on one person, for the actor's case; it waits for somebody else's approval.

    CASE_REQUIRED without a case; BAD_INPUT for more than 60 minutes.
    """
    case = unit.actor.case
    if case is None:
        raise CaseRequired(access=[{"field": "Mutation.openAccessGrant"}])
    if not 1 <= minutes <= MAX_MINUTES:
        raise BadInput("minutes", f"it is not a count of minutes, 1 to {MAX_MINUTES}")
    subject = await resolution.lock(unit, name, "subject")
    grant_id: UUID | None = await ACTIVE_GRANT.value(
        unit.connection, subject_id=subject.subject_id, actor=unit.actor.name, case=case, waits=APPROVAL_TIMEOUT
    )
    if grant_id is None:
        grant_id = new_id()
        await INSERT_GRANT.run(
            unit.connection,
            subject_id=subject.subject_id,
            id=grant_id,
            actor=unit.actor.name,
            case=case,
            minutes=minutes,
        )
        await staff_notices.enqueue(unit, StaffNoticeKind.ACCESS_GRANT_ASKED, grant_id)
    unit.action, unit.grant_id = AccessAction.GRANT, grant_id
    return grant_id


async def approve_access_grant(unit: UnitOfWork, grant_id: UUID) -> UUID:
    """Open a grant from now on, for its minutes; FORBIDDEN to the one who asked, STATE_CONFLICT when it is over."""
    return await _decide(unit, grant_id, GrantState.OPEN)


async def refuse_access_grant(unit: UnitOfWork, grant_id: UUID) -> UUID:
    """Refuse a grant that waits; FORBIDDEN to the one who asked, STATE_CONFLICT when it was approved or is over."""
    return await _decide(unit, grant_id, GrantState.REFUSED)


async def _decide(unit: UnitOfWork, grant_id: UUID, wanted: GrantState) -> UUID:
    row = await LOCK_GRANT.row(unit.connection, id=grant_id)
    if row is None:
        raise NotFound(argument="id")
    grant = AccessGrantRow._make(row)
    if grant.actor == unit.actor.name:
        raise Forbidden(argument="id", access=[])
    state = state_of(grant.asked_at, grant.decided_at, grant.expires_at)
    if state is GrantState.WAITING:
        await DECIDE.run(unit.connection, id=grant_id, actor=unit.actor.name, opens=wanted is GrantState.OPEN)
    elif state is not wanted:
        raise StateConflict(state=state)
    unit.subject_ids.append(grant.subject_id)
    unit.action, unit.grant_id = AccessAction.GRANT, grant_id
    return grant_id
