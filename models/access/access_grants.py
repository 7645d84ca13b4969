"""Access grants (break-glass access): another actor approves that an actor reads a person's file names for minutes.

A grant is for one person, one actor and one case. It expires by itself: no process has to close it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint

from models.audit.events import AccessAction
from models.errors import BadInput, CaseRequired
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind
from models.storage.clock import now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.pagination import Page
from models.storage.statement import Connection, RowByKey, Statement, as_list, reads
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

MAX_MINUTES = 60
APPROVAL_TIMEOUT = timedelta(hours=24)
"""How long a grant can wait for approval until it is expired."""


class GrantState(StrEnum):
    """The state of an access grant."""

    WAITING = "WAITING"
    OPEN = "OPEN"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"
    ENDED = "ENDED"


class AccessGrant(Table, table=True):
    """A request of an actor for access to a person's file names, and the decision of another actor."""

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
    actor_identity: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    decided_by_identity: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    ended_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)


class AccessGrantRow(NamedTuple):
    """An access grant as queries return it. It was refused if it was decided and has no end."""

    id: UUID
    subject_id: UUID
    actor: str
    case: str
    minutes: int
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None


class GrantedPage(NamedTuple):
    """A page that requires an access grant. Without a grant ``grant_id`` is None and the page is empty."""

    subject_id: UUID | None
    grant_id: UUID | None
    page: Page[Any]


BY_IDS = Statement("""
SELECT id, subject_id, actor, case_reference, minutes, asked_at, decided_by, decided_at, expires_at, ended_at
FROM access_grants
WHERE id = ANY(:ids)
""")

# A repeated request returns the grant that waits or is open for this actor, person and case.
ACTIVE_GRANT = Statement("""
SELECT id
FROM access_grants
WHERE subject_id = :subject_id
AND actor = :actor
AND actor_identity IS NOT DISTINCT FROM CAST(:identity AS text)
AND case_reference = :case
AND ended_at IS NULL
AND (expires_at > clock_timestamp() OR (decided_at IS NULL AND asked_at > clock_timestamp() - CAST(:waits AS interval)))
ORDER BY asked_at DESC
LIMIT 1
""")

INSERT_GRANT = Statement("""
INSERT INTO access_grants (subject_id, id, actor, actor_identity, case_reference, minutes, asked_at)
VALUES (:subject_id, :id, :actor, :identity, :case, :minutes, clock_timestamp())
""")


def state_of(
    asked_at: datetime, decided_at: datetime | None, expires_at: datetime | None, ended_at: datetime | None
) -> GrantState:
    """Return the state of a grant now."""
    if ended_at is not None:
        return GrantState.ENDED
    if expires_at is not None:
        return GrantState.OPEN if expires_at > now() else GrantState.EXPIRED
    if decided_at is not None:
        return GrantState.REFUSED
    return GrantState.WAITING if asked_at + APPROVAL_TIMEOUT > now() else GrantState.EXPIRED


def approver_of(decided_by: str | None, expires_at: datetime | None) -> str | None:
    """Return the actor who approved a grant; None if it was not approved."""
    return decided_by if expires_at is not None else None


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, AccessGrantRow]:
    """Return the grants with these ids."""
    return RowByKey((row[0], AccessGrantRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


async def open_access_grant(unit: UnitOfWork, name: SubjectIdentifier, minutes: int) -> UUID:
    """Request a grant on a person for the actor's case. Another actor has to approve it.

    Raise CASE_REQUIRED without a case and BAD_INPUT for more than 60 minutes.
    """
    case = unit.actor.case
    if case is None:
        raise CaseRequired(access=[{"field": "Mutation.openAccessGrant"}])
    if not 1 <= minutes <= MAX_MINUTES:
        raise BadInput("minutes", f"it is not a number of minutes from 1 to {MAX_MINUTES}")
    subject = await resolution.lock(unit, name, "subject")
    grant_id: UUID | None = await ACTIVE_GRANT.value(
        unit.connection,
        subject_id=subject.subject_id,
        actor=unit.actor.name,
        identity=unit.actor.identity,
        case=case,
        waits=APPROVAL_TIMEOUT,
    )
    if grant_id is None:
        grant_id = new_id()
        await INSERT_GRANT.run(
            unit.connection,
            subject_id=subject.subject_id,
            id=grant_id,
            actor=unit.actor.name,
            identity=unit.actor.identity,
            case=case,
            minutes=minutes,
        )
        await staff_notices.enqueue(unit, StaffNoticeKind.ACCESS_GRANT_ASKED, grant_id)
    unit.action, unit.grant_id = AccessAction.GRANT, grant_id
    return grant_id
