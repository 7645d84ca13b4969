"""Legal holds: what is kept of a person for a legal claim or duty, against retention rules and erasures.

A hold stops no other right of the person. An erasure that is due waits, and processing is restricted meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text

from models.errors import BadInput, StateConflict
from models.retention.grounds import RetentionGround
from models.storage import validation
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement, as_list
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

REFERENCE_LENGTH: Final = 100
HOLD_GROUNDS: Final = frozenset({RetentionGround.LEGAL_OBLIGATION, RetentionGround.LEGAL_CLAIM})


class RetentionHold(Table, table=True):
    """A hold on one person. A released one stays as evidence; its reference names no person."""

    __tablename__ = "retention_holds"
    __table_args__ = (
        CheckConstraint("ground IN ('LEGAL_OBLIGATION', 'LEGAL_CLAIM')", name="a_hold_has_a_legal_ground"),
        Index("a_person_is_held_once", "subject_id", unique=True, postgresql_where=text("released_at IS NULL")),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    ground: str = column(Text, ErasureAction.KEPT)
    reference: str = column(Text, ErasureAction.KEPT)
    held_at: datetime = column(Timestamp, ErasureAction.KEPT, server_default=text("clock_timestamp()"))
    released_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)


class HoldRow(NamedTuple):
    """A hold that is in force."""

    subject_id: UUID
    ground: RetentionGround
    reference: str


IN_FORCE: Final = Statement("""
SELECT subject_id, ground, reference
FROM retention_holds
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
AND released_at IS NULL
""")

INSERT: Final = Statement("""
INSERT INTO retention_holds (subject_id, id, ground, reference)
VALUES (:subject_id, :id, :ground, :reference)
""")

RELEASE: Final = Statement("""
UPDATE retention_holds
SET released_at = clock_timestamp()
WHERE subject_id = :subject_id
AND released_at IS NULL
""")


async def in_force(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, HoldRow]:
    """Return the holds that are in force, by person."""
    rows = await IN_FORCE.rows(connection, ids=as_list(ids))
    return {row[0]: HoldRow(row[0], RetentionGround(row[1]), row[2]) for row in rows}


async def hold_retention(
    unit: UnitOfWork, identifier: SubjectIdentifier, ground: RetentionGround, reference: str
) -> UUID:
    """Keep what a legal claim or duty needs of a person. Return the person's id.

    BAD_INPUT for another ground, or a malformed reference; STATE_CONFLICT while another hold is in force; and as
    ``resolution.lock``.
    """
    if ground not in HOLD_GROUNDS:
        raise BadInput("ground", "a hold needs a legal claim or a legal obligation")
    name = validation.single_line(reference, "reference", REFERENCE_LENGTH)
    subject = await resolution.lock(unit, identifier)
    current = (await in_force(unit.connection, [subject.subject_id])).get(subject.subject_id)
    if current is not None:
        if (current.ground, current.reference) != (ground, name):
            raise StateConflict(argument="subject")
        return subject.subject_id
    await INSERT.run(unit.connection, subject_id=subject.subject_id, id=new_id(), ground=ground, reference=name)
    return subject.subject_id


async def release_retention(unit: UnitOfWork, identifier: SubjectIdentifier) -> UUID:
    """Release the hold on a person: retention rules apply again, and an erasure that waited runs. Return the id."""
    subject = await resolution.lock(unit, identifier)
    await RELEASE.run(unit.connection, subject_id=subject.subject_id)
    return subject.subject_id
