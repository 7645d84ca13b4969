"""Closing of rights requests before their execution: cancellation and denial."""

from uuid import UUID

from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests import underage
from models.requests.locking import lock_request
from models.requests.requests import DenialReason
from models.requests.states import RequestState, check_transition
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

# The request's own emails: that it was received, and when it will be executed.
WAS_ANNOUNCED = Statement("""
SELECT EXISTS (
    SELECT FROM letters WHERE subject_id = :subject_id AND deed = :cause
)
""")


async def cancel_erasure(unit: UnitOfWork, request_id: UUID) -> UUID:
    """Cancel an erasure before it begins. STATE_CONFLICT once it has begun.

    Enqueue an email if an earlier one announced the request.
    """
    return await _close(unit, request_id, RequestState.CANCELLED, None)


async def deny_request(unit: UnitOfWork, request_id: UUID, reason: DenialReason) -> UUID:
    """Deny a request and enqueue an email with the reason. STATE_CONFLICT once the erasure has begun."""
    return await _close(unit, request_id, RequestState.DENIED, reason)


async def _close(unit: UnitOfWork, request_id: UUID, state: RequestState, reason: DenialReason | None) -> UUID:
    request = await lock_request(unit, request_id)
    if (request.state, request.denial_reason) == (state, reason):
        return request_id
    check_transition(request.state, state)
    await DELETE_CODE.run(unit.connection, subject_id=request.subject_id, id=request_id)
    await underage.lift(unit, request)
    await CLOSE.run(
        unit.connection, id=request_id, state=state, actor=unit.actor.name, at=unit.at, denial_reason=reason
    )
    cause = f"request:{request_id.hex}"
    if reason:
        await emails.enqueue(
            unit,
            EmailKind.ERASURE_DENIED,
            request.subject_id,
            cause,
            reason=reason,
            erasure_reason=request.reason,
        )
    elif await WAS_ANNOUNCED.value(unit.connection, subject_id=request.subject_id, cause=cause):
        await emails.enqueue(unit, EmailKind.ERASURE_CANCELLED, request.subject_id, cause, cancelled_at=unit.at)
    return request_id
