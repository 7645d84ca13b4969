"""Disclosures that law or an emergency forced: each person affected gets a letter, at once or after a lawful delay."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, UniqueConstraint

from models.data_categories import DataCategory
from models.errors import BadInput, NotFound, StateConflict, SubjectNotFound
from models.notifications import affected_people
from models.notifications.affected_people import NO_COUNTS
from models.storage import validation
from models.storage.clock import CLOCK_SKEW, now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.ids import new_id
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.statement import Connection, RowByKey, Statement, as_list, reads
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifiers
from models.unit_of_work import UnitOfWork

PREFIX: Final = "forced"
AUTHORITY_LENGTH: Final = 100
GROUND_LENGTH: Final = 200


class ForcedGround(StrEnum):
    """Why data had to be disclosed."""

    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"
    LEGAL_PROCESS = "LEGAL_PROCESS"
    PROTECTION_OF_RIGHTS = "PROTECTION_OF_RIGHTS"
    EMERGENCY = "EMERGENCY"


class ForcedDisclosure(Table, table=True):
    """One forced disclosure. Authority and reference identify it; they name no person."""

    __tablename__ = "forced_disclosures"
    __table_args__ = (
        enum_check("ground", ForcedGround),
        UniqueConstraint("authority", "reference", name="a_forced_disclosure_is_recorded_once"),
        CheckConstraint("(notice_delayed_until IS NULL) = (delay_ground IS NULL)", name="a_delay_has_a_ground"),
        Index("forced_disclosures_by_time", "disclosed_at", "id"),
    )

    id: UUID = column(Uuid, ErasureAction.IMPERSONAL, primary_key=True)
    ground: str = column(Text, ErasureAction.IMPERSONAL)
    authority: str = column(Text, ErasureAction.IMPERSONAL)
    reference: str = column(Text, ErasureAction.IMPERSONAL)
    categories: list[str] = column(ARRAY(Text), ErasureAction.IMPERSONAL)
    disclosed_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    notice_delayed_until: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    delay_ground: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)


class ForcedDisclosureRow(NamedTuple):
    """A forced disclosure as callers read it."""

    id: UUID
    ground: str
    authority: str
    reference: str
    categories: list[str]
    disclosed_at: datetime
    notice_delayed_until: datetime | None
    delay_ground: str | None
    affected_count: int = 0
    notices_sent: int = 0
    notices_pending: int = 0
    notices_failed: int = 0


class ForcedDisclosureReport(NamedTuple):
    """A forced disclosure as an officer reports it."""

    people: SubjectIdentifiers
    ground: ForcedGround
    authority: str
    reference: str
    categories: Sequence[DataCategory]
    disclosed_at: datetime
    notice_delayed_until: datetime | None
    delay_ground: str | None


BY_IDS: Final = Statement("""
SELECT id, ground, authority, reference, categories, disclosed_at, notice_delayed_until, delay_ground
FROM forced_disclosures
WHERE id = ANY(:ids)
""")

PAGE: Final = Statement("""
SELECT id, ground, authority, reference, categories, disclosed_at, notice_delayed_until, delay_ground
FROM forced_disclosures
WHERE (disclosed_at, id) < (
    COALESCE(CAST(:after_at AS timestamptz), 'infinity'),
    COALESCE(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
)
ORDER BY disclosed_at DESC, id DESC
LIMIT :first
""")

INSERT: Final = Statement("""
INSERT INTO forced_disclosures (id, ground, authority, reference, categories, disclosed_at, notice_delayed_until,
    delay_ground)
VALUES (:id, :ground, :authority, :reference, :categories, :disclosed_at, :notice_delayed_until, :delay_ground)
ON CONFLICT (authority, reference) DO NOTHING
""")

BY_REFERENCE: Final = Statement("""
SELECT id, ground, authority, reference, categories, disclosed_at, notice_delayed_until, delay_ground
FROM forced_disclosures
WHERE authority = :authority
AND reference = :reference
""")

LIFT_DELAY: Final = Statement("""
UPDATE forced_disclosures
SET notice_delayed_until = LEAST(notice_delayed_until, clock_timestamp())
WHERE id = :id
""")


def is_notice_overdue(notice_delayed_until: datetime | None, notices_pending: int) -> bool:
    """Return whether a delay has ended and people are not written to yet."""
    return notice_delayed_until is not None and notice_delayed_until <= now() and notices_pending > 0


async def _with_counts(connection: Connection, rows: Sequence[ForcedDisclosureRow]) -> list[ForcedDisclosureRow]:
    counts = await affected_people.read_counts(connection, PREFIX, [row.id for row in rows])
    return [
        row._replace(
            affected_count=each.affected,
            notices_sent=each.sent,
            notices_pending=each.pending,
            notices_failed=each.failed,
        )
        for row in rows
        for each in [counts.get(row.id, NO_COUNTS)]
    ]


@reads(BY_IDS, affected_people.COUNTS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, ForcedDisclosureRow]:
    """Return the forced disclosures with these ids."""
    rows = [ForcedDisclosureRow(*row) for row in await BY_IDS.rows(connection, ids=as_list(ids))]
    return RowByKey((row.id, row) for row in await _with_counts(connection, rows))


@reads(PAGE, affected_people.COUNTS)
async def find_forced(
    connection: Connection, _keys: Sequence[None], page: PageRequest
) -> Mapping[None, Page[ForcedDisclosureRow]]:
    """Return a page of forced disclosures, the latest first."""
    after_at, after_id = page.after or (None, None)
    rows = await PAGE.rows(connection, after_at=after_at, after_id=after_id, first=page.first + 1)
    return {None: build_page(await _with_counts(connection, [ForcedDisclosureRow(*row) for row in rows]), page)}


async def record_forced_disclosure(unit: UnitOfWork, report: ForcedDisclosureReport) -> UUID:
    """Record a forced disclosure, or add people to it. Return its id. Letters go out when no delay is in force.

    SUBJECT_NOT_FOUND lists the indexes of unknown people, and nothing is recorded. BAD_INPUT for malformed texts, a
    disclosure in the future, or a delay without a ground or an end. STATE_CONFLICT when authority and reference belong
    to a disclosure of another time, ground, delay or categories.
    """
    values = _values(report)
    ids = await resolution.lock_many(unit, report.people)
    if unknown := [index for index, subject_id in enumerate(ids) if subject_id is None]:
        raise SubjectNotFound(argument="input.subjects", indexes=unknown)
    await INSERT.run(unit.connection, id=new_id(), **values)
    row = await BY_REFERENCE.row(unit.connection, authority=values["authority"], reference=values["reference"])
    recorded = ForcedDisclosureRow(*(row or ()))
    fields = ("ground", "categories", "disclosed_at", "delay_ground")
    # A delay that was lifted, or is over, stays so; one that is in force is not changed in silence.
    is_delayed = recorded.notice_delayed_until is not None and recorded.notice_delayed_until > now()
    is_other_end = is_delayed and recorded.notice_delayed_until != values["notice_delayed_until"]
    if is_other_end or any(getattr(recorded, name) != values[name] for name in fields):
        raise StateConflict(argument="input.reference")
    await affected_people.add(unit.connection, recorded.id, [subject_id for subject_id in ids if subject_id])
    return recorded.id


def _values(report: ForcedDisclosureReport) -> dict[str, object]:
    if not report.categories:
        raise BadInput("input.categories", "it is empty")
    if report.disclosed_at > now() + CLOCK_SKEW:
        raise BadInput("input.disclosedAt", "it lies in the future")
    delay, ground = report.notice_delayed_until, report.delay_ground
    if delay is not None and ground is None:
        raise BadInput("input.delayGround", "a delay of the notice needs a ground")
    if delay is None and ground is not None:
        raise BadInput("input.noticeDelayedUntil", "a delay of the notice needs an end")
    if delay is not None and delay < report.disclosed_at:
        raise BadInput("input.noticeDelayedUntil", "it is before the disclosure")
    return {
        "ground": str(report.ground),
        "authority": validation.single_line(report.authority, "input.authority", AUTHORITY_LENGTH),
        "reference": validation.single_line(report.reference, "input.reference", AUTHORITY_LENGTH),
        "categories": sorted(set(map(str, report.categories))),
        "disclosed_at": report.disclosed_at,
        "notice_delayed_until": delay,
        "delay_ground": validation.optional_line(ground, "input.delayGround", GROUND_LENGTH),
    }


async def lift_notice_delay(unit: UnitOfWork, disclosure_id: UUID) -> UUID:
    """End the delay of the notices now. Return the id. NOT_FOUND for an unknown one."""
    if not await LIFT_DELAY.run(unit.connection, id=disclosure_id):
        raise NotFound(argument="id")
    return disclosure_id
