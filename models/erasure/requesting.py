"""Requesting an erasure (Art. 17 GDPR), and retrying the failed steps of one."""

from datetime import timedelta
from uuid import UUID

from models.actors import Role
from models.consent.channels import require_channel
from models.erasure import plan as erasure_plan
from models.erasure.steps import RETRY_PERIOD
from models.errors import BadInput, Forbidden, StateConflict
from models.requests import underage
from models.requests.intake import COOLING_OFF, ErasureOptions, create_request, start_identity_check
from models.requests.locking import LockedRequest, lock_request
from models.requests.states import EXECUTING_STATES, RequestKind, RequestState
from models.requests.vocabulary import ErasureReason, IdentityProof
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

IMMEDIATE_ROLES = frozenset({Role.PRIVACY, Role.ADMIN})

OPEN_REQUEST = Statement("""
SELECT id, subject_id, state, reason, is_immediate, identity, denial_reason, kind, regime, received_at, due_at,
    extended_until, extension_reason
FROM rights_requests
WHERE subject_id = :subject_id
AND kind = :kind
AND state IN ('AWAITING_VERIFICATION', 'SCHEDULED', 'IN_PROGRESS', 'PARTIALLY_COMPLETED')
""")

BRING_FORWARD = Statement("""
UPDATE rights_requests
SET execute_at = LEAST(execute_at, CAST(:at AS timestamptz)), is_immediate = true
WHERE subject_id = :subject_id
AND id = :id
""")

# A system without a webhook lists its steps itself: they have no next attempt.
RETRY_STEPS = Statement("""
UPDATE erasure_steps AS s
SET state = 'PENDING',
    next_attempt_at = CASE WHEN s.system = ANY(w.systems) THEN n.at END,
    give_up_at = CASE WHEN s.system = ANY(w.systems) THEN n.at + CAST(:retry_period AS interval) END
FROM (SELECT clock_timestamp() AS at) AS n
CROSS JOIN (SELECT array_agg(name) AS systems FROM systems WHERE webhook_url IS NOT NULL) AS w
WHERE s.subject_id = :subject_id
AND s.request_id = :request_id
AND s.state IN ('FAILED', 'PENDING')
""")

END_LEASE = Statement("""
UPDATE rights_requests
SET claimed_until = NULL
WHERE subject_id = :subject_id
AND id = :id
""")


async def request_erasure(
    unit: UnitOfWork, identifier: SubjectIdentifier, options: ErasureOptions, cooling_off: timedelta = COOLING_OFF
) -> UUID:
    """Create a request for erasure. A repeated request returns the open one, and may bring it forward.

    A request waits until identity is proved. ``immediately`` leaves out the cooling-off time and is FORBIDDEN to all
    roles but PRIVACY and ADMIN. Raise BAD_INPUT for the identity NONE_YET and for the channel IMPORT by staff,
    STATE_CONFLICT when the plan has changed, SUBJECT_NOT_FOUND or SUBJECT_ERASED.
    """
    if options.identity is IdentityProof.NONE_YET:
        raise BadInput("identity", "a request needs a way to prove the identity: EMAIL_CODE or ATTESTED")
    require_channel(unit.actor, options.channel)
    if options.immediately and unit.actor.role not in IMMEDIATE_ROLES:
        raise Forbidden(argument="immediately", access=[])
    subject = await resolution.lock(unit, identifier, allow_erased=True)
    open_request = await OPEN_REQUEST.row(unit.connection, subject_id=subject.subject_id, kind=RequestKind.ERASURE)
    if open_request and open_request["state"] in EXECUTING_STATES:
        return open_request["id"]
    resolution.require_not_erased(subject)
    if options.plan_hash is not None:
        plan = (await erasure_plan.of_subjects(unit.connection, [subject.subject_id]))[subject.subject_id]
        if plan is None or plan.hash != options.plan_hash:
            raise StateConflict(argument="planHash")
    if open_request is None:
        return await create_request(unit, subject, options, cooling_off)
    if open_request["state"] == RequestState.AWAITING_VERIFICATION:
        await start_identity_check(unit, LockedRequest._make(open_request), options, cooling_off)
    else:
        await _report_again(unit, subject.subject_id, open_request["id"], options)
    return open_request["id"]


async def _report_again(unit: UnitOfWork, subject_id: UUID, request_id: UUID, options: ErasureOptions) -> None:
    """Bring a scheduled request forward where the options say so, and restrict processing for a child."""
    is_underage = options.reason is ErasureReason.UNDERAGE
    is_attested = underage.is_attested(unit, options.reason)
    if is_underage:
        await underage.restrict(unit, subject_id, request_id)
    if is_attested:
        await underage.SET_REASON.run(unit.connection, subject_id=subject_id, id=request_id)
    if options.immediately or is_attested:
        await BRING_FORWARD.run(unit.connection, subject_id=subject_id, id=request_id, at=unit.at)


async def retry_erasure(unit: UnitOfWork, request_id: UUID) -> UUID:
    """Retry at once the steps that are not done, and end the lease so that any worker continues the erasure.

    A webhook that waits for its next attempt is sent now. Raise STATE_CONFLICT unless the erasure has begun.
    """
    request = await lock_request(unit, request_id)
    if not request.is_erasure or request.state not in EXECUTING_STATES:
        raise StateConflict(argument="id")
    await RETRY_STEPS.run(
        unit.connection, subject_id=request.subject_id, request_id=request_id, retry_period=RETRY_PERIOD
    )
    await END_LEASE.run(unit.connection, subject_id=request.subject_id, id=request_id)
    return request_id
