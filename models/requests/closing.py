"""How requests end before they begin, and how what is left of one is run again."""

from uuid import UUID

from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests.locking import lock_request
from models.requests.requests import DenialReason, RequestState, check_transition
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

CLOSE = Statement("""
UPDATE rights_requests
SET state = :state, closed_by = :actor, closed_at = :at, denial_reason = :denial_reason, execute_at = NULL
WHERE id = :id
""")

DELETE_CODE = Statement("""
DELETE FROM identity_codes
WHERE subject_id = :subject_id
AND request_id = :id
""")


async def cancel_erasure(unit: UnitOfWork, request_id: UUID) -> UUID:
    """Call an erasure off before it begins; STATE_CONFLICT once it has begun."""
    return await _close(unit, request_id, RequestState.CANCELLED, None)


async def deny_request(unit: UnitOfWork, request_id: UUID, reason: DenialReason) -> UUID:
    """Refuse what was asked, and say why; STATE_CONFLICT once the erasure has begun."""
    return await _close(unit, request_id, RequestState.DENIED, reason)


async def _close(unit: UnitOfWork, request_id: UUID, state: RequestState, reason: DenialReason | None) -> UUID:
    found = await lock_request(unit, request_id)
    if (found["state"], found["denial_reason"]) == (state, reason):
        return request_id
    check_transition(found["state"], state)
    await DELETE_CODE.run(unit.connection, subject_id=found["subject_id"], id=request_id)
    await CLOSE.run(
        unit.connection, id=request_id, state=state, actor=unit.actor.name, at=unit.at, denial_reason=reason
    )
    if reason:
        await emails.enqueue(
            unit, EmailKind.ERASURE_DENIED, found["subject_id"], f"request:{request_id.hex}", reason=reason
        )
    return request_id
