"""Restriction of processing (Art. 18 GDPR): while it stands, nothing may be done, and no choice is lost."""

from uuid import UUID

from models.subjects import subjects
from models.subjects.identifiers import Name
from models.subjects.subjects import SubjectStatus
from models.unit_of_work import Deed


async def restrict(deed: Deed, name: Name) -> UUID:
    """Turn every decision about the person to RESTRICTED; their choices stay as they are."""
    return await _set(deed, name, SubjectStatus.RESTRICTED)


async def lift(deed: Deed, name: Name) -> UUID:
    """Let the person's own choices decide again."""
    return await _set(deed, name, SubjectStatus.ACTIVE)


async def _set(deed: Deed, name: Name, status: SubjectStatus) -> UUID:
    subject = await subjects.locked(deed, name)
    await subjects.SET_STATUS.run(deed.connection, id=subject.subject_id, status=status)
    return subject.subject_id
