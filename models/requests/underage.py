"""Requests with the reason UNDERAGE: they restrict processing at once, and wait until staff attests the age."""

from typing import Final
from uuid import UUID

from models.actors import Role
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind
from models.requests.locking import LockedRequest
from models.requests.vocabulary import ErasureReason
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

ATTESTING_ROLES: Final = frozenset({Role.SUPPORT, Role.PRIVACY})
"""The roles whose statement that a person is under 13 lets the erasure run."""

RESTRICT = Statement("""
UPDATE subjects
SET status = 'RESTRICTED'
WHERE id = :subject_id
AND status = 'ACTIVE'
""")

MARK_RESTRICTED = Statement("""
UPDATE rights_requests
SET has_restricted = true
WHERE subject_id = :subject_id
AND id = :id
""")

SET_REASON = Statement("""
UPDATE rights_requests
SET reason = 'UNDERAGE'
WHERE subject_id = :subject_id
AND id = :id
""")

LIFT = Statement("""
UPDATE subjects AS s
SET status = 'ACTIVE'
FROM rights_requests AS r
WHERE r.subject_id = :subject_id
AND r.id = :id
AND r.has_restricted
AND s.id = r.subject_id
AND s.status = 'RESTRICTED'
""")


def is_attested(unit: UnitOfWork, reason: ErasureReason) -> bool:
    """Return whether the actor's request states, with authority, that the person is under 13."""
    return reason is ErasureReason.UNDERAGE and unit.actor.role in ATTESTING_ROLES


async def restrict(unit: UnitOfWork, subject_id: UUID, request_id: UUID) -> None:
    """Restrict the processing of an active person for this request.

    Notify the privacy officers, once for each request, unless the actor's statement counts as attestation.
    """
    if unit.actor.role not in ATTESTING_ROLES:
        await staff_notices.enqueue(unit, StaffNoticeKind.CHILD_REPORTED, request_id)
    if await RESTRICT.run(unit.connection, subject_id=subject_id):
        await MARK_RESTRICTED.run(unit.connection, subject_id=subject_id, id=request_id)


async def lift(unit: UnitOfWork, request: LockedRequest) -> None:
    """Lift the restriction that this request caused; one that was there before stays."""
    await LIFT.run(unit.connection, subject_id=request.subject_id, id=request.id)
