"""Restriction of processing (Art. 18 GDPR): while it stands, nothing may be done, and no choice is lost."""

from uuid import UUID

from models.subjects import resolution, subjects
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import SubjectStatus
from models.unit_of_work import UnitOfWork


async def restrict_processing(unit: UnitOfWork, name: SubjectIdentifier) -> UUID:
    """Turn every decision about the person to RESTRICTED; their choices stay as they are."""
    return await _set(unit, name, SubjectStatus.RESTRICTED)


async def lift_restriction(unit: UnitOfWork, name: SubjectIdentifier) -> UUID:
    """Let the person's own choices decide again."""
    return await _set(unit, name, SubjectStatus.ACTIVE)


async def _set(unit: UnitOfWork, name: SubjectIdentifier, status: SubjectStatus) -> UUID:
    subject = await resolution.lock(unit, name)
    await subjects.SET_STATUS.run(unit.connection, id=subject.subject_id, status=status)
    return subject.subject_id
