"""Closing of rights requests before they are carried out: cancellation and denial."""

from uuid import UUID

from models.errors import NotFound
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests import answers, underage
from models.requests.locking import LockedRequest, lock_request
from models.requests.states import RequestState, check_transition
from models.requests.vocabulary import DenialReason
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

CLOSE = Statement("""
UPDATE rights_requests
SET state = :state, closed_by = :actor, closed_at = :at, denial_reason = :denial_reason, execute_at = NULL
WHERE subject_id = :subject_id
AND id = :id
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


async def cancel_request(unit: UnitOfWork, request_id: UUID) -> UUID:
    """Cancel an erasure before it begins, or any other request before it ends. STATE_CONFLICT after that.

    Enqueue an email if an earlier one announced the request.
    """
    return await _close(unit, await lock_request(unit, request_id), RequestState.CANCELLED, None)


async def cancel_erasure(unit: UnitOfWork, request_id: UUID) -> UUID:
    """Cancel an erasure as ``cancel_request`` does. NOT_FOUND for a request of another kind."""
    request = await lock_request(unit, request_id)
    if not request.is_erasure:
        raise NotFound(argument="id")
    return await _close(unit, request, RequestState.CANCELLED, None)


async def deny_request(unit: UnitOfWork, request_id: UUID, reason: DenialReason) -> UUID:
    """Deny a request and enqueue an email with the reason.

    STATE_CONFLICT once an erasure has begun, or any other request has ended.
    """
    return await _close(unit, await lock_request(unit, request_id), RequestState.DENIED, reason)


async def _close(unit: UnitOfWork, request: LockedRequest, state: RequestState, reason: DenialReason | None) -> UUID:
    if (request.state, request.denial_reason) == (state, reason):
        return request.id
    check_transition(request.kind, request.state, state)
    await DELETE_CODE.run(unit.connection, subject_id=request.subject_id, id=request.id)
    await underage.lift(unit, request)
    await CLOSE.run(
        unit.connection,
        subject_id=request.subject_id,
        id=request.id,
        state=state,
        actor=unit.actor.name,
        at=unit.at,
        denial_reason=reason,
    )
    if reason:
        await _enqueue_denial(unit, request, reason)
    elif await WAS_ANNOUNCED.value(unit.connection, subject_id=request.subject_id, cause=request.cause):
        await _enqueue_cancellation(unit, request)
    return request.id


async def _enqueue_denial(unit: UnitOfWork, request: LockedRequest, reason: DenialReason) -> None:
    if not request.is_erasure:
        await answers.enqueue(unit, EmailKind.REQUEST_DENIED, request, reason=reason)
        return
    await emails.enqueue(
        unit,
        EmailKind.ERASURE_DENIED,
        request.subject_id,
        request.cause,
        reason=reason,
        erasure_reason=request.reason,
    )


async def _enqueue_cancellation(unit: UnitOfWork, request: LockedRequest) -> None:
    if not request.is_erasure:
        await answers.enqueue(unit, EmailKind.REQUEST_CANCELLED, request, cancelled_at=unit.at)
        return
    await emails.enqueue(unit, EmailKind.ERASURE_CANCELLED, request.subject_id, request.cause, cancelled_at=unit.at)
