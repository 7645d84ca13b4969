"""Restriction of processing (Art. 18 GDPR): every decision is refused, and no choice is lost."""

from uuid import UUID

from models.errors import StateConflict
from models.storage.statement import Statement
from models.subjects import resolution, subjects
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import SubjectStatus
from models.unit_of_work import UnitOfWork

HAS_OPEN_REPORT = Statement("""
SELECT EXISTS (
    SELECT FROM rights_requests
    WHERE subject_id = :subject_id
    AND kind = 'ERASURE'
    AND reason = 'UNDERAGE'
    AND state IN ('AWAITING_VERIFICATION', 'SCHEDULED')
)
""")


async def restrict(unit: UnitOfWork, identifier: SubjectIdentifier) -> UUID:
    """Restrict the subject: decisions return RESTRICTED, and recorded choices stay unchanged."""
    return await _set_status(unit, identifier, SubjectStatus.RESTRICTED)


async def lift_restriction(unit: UnitOfWork, identifier: SubjectIdentifier) -> UUID:
    """Lift the restriction: the subject's own choices decide again.

    Raise STATE_CONFLICT while an erasure with the reason UNDERAGE is open: cancel or deny it first.
    """
    subject = await resolution.lock(unit, identifier)
    if await HAS_OPEN_REPORT.value(unit.connection, subject_id=subject.subject_id):
        raise StateConflict(argument="subject")
    return await _set_status(unit, identifier, SubjectStatus.ACTIVE)


async def _set_status(unit: UnitOfWork, identifier: SubjectIdentifier, status: SubjectStatus) -> UUID:
    subject = await resolution.lock(unit, identifier)
    await subjects.SET_STATUS.run(unit.connection, id=subject.subject_id, status=status)
    return subject.subject_id
