"""How requests end before they begin, and how what is left of one is run again."""

from uuid import UUID

from models.erasure import steps
from models.erasure.steps import PATIENCE
from models.errors import StateConflict
from models.outbox import emails
from models.outbox.emails import LetterName
from models.requests.locking import locked
from models.requests.requests import EXECUTING, DenialReason, RequestState, demand_transition
from models.storage.database import Statement
from models.unit_of_work import Deed

CLOSED = Statement("""
UPDATE rights_requests
SET state = :state, closed_by = :actor, closed_at = :at, denial_reason = :denial_reason, execute_at = NULL
WHERE id = :id
""")

FORGET_CODE = Statement("""
DELETE FROM identity_codes
WHERE subject_id = :subject_id
AND request_id = :id
""")

LEASE_ENDS = Statement("""
UPDATE rights_requests
SET claimed_until = NULL
WHERE id = :id
""")


async def cancel(deed: Deed, request_id: UUID) -> UUID:
    """Call an erasure off before it begins; STATE_CONFLICT once it has begun."""
    return await _close(deed, request_id, RequestState.CANCELLED, None)


async def deny(deed: Deed, request_id: UUID, reason: DenialReason) -> UUID:
    """Refuse what was asked, and say why; STATE_CONFLICT once the erasure has begun."""
    return await _close(deed, request_id, RequestState.DENIED, reason)


async def _close(deed: Deed, request_id: UUID, state: RequestState, reason: DenialReason | None) -> UUID:
    found = await locked(deed, request_id)
    if (found["state"], found["denial_reason"]) == (state, reason):
        return request_id
    demand_transition(found["state"], state)
    await FORGET_CODE.run(deed.connection, subject_id=found["subject_id"], id=request_id)
    await CLOSED.run(
        deed.connection, id=request_id, state=state, actor=deed.actor.name, at=deed.at, denial_reason=reason
    )
    if reason:
        await emails.post(
            deed, LetterName.ERASURE_DENIED, found["subject_id"], f"request:{request_id.hex}", reason=reason
        )
    return request_id


async def retry(deed: Deed, request_id: UUID) -> UUID:
    """Run what is left of an erasure that has begun: tell systems that failed again, and let any worker take it up."""
    found = await locked(deed, request_id)
    if found["state"] not in EXECUTING:
        raise StateConflict(argument="id")
    await steps.AGAIN.run(deed.connection, request_id=request_id, patience=PATIENCE)
    await LEASE_ENDS.run(deed.connection, id=request_id)
    return request_id
