"""Intake of erasure requests, their scheduling, and the confirmation of identity for requests of every kind."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from models.consent.ledger import Channel
from models.errors import Refusal, StateConflict
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests import deadlines, identity_checks, underage, verification_codes
from models.requests.locking import LockedRequest, lock_request
from models.requests.states import RequestKind, RequestState
from models.requests.vocabulary import ErasureReason, IdentityProof
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.subjects.subjects import Regime, SubjectRow
from models.unit_of_work import UnitOfWork

COOLING_OFF = timedelta(days=3)
"""The default time between proof of identity and erasure, in which a subject may cancel."""


class ErasureOptions(NamedTuple):
    """The options of an erasure request. ``plan_hash`` is the hash of the plan that the caller agreed to."""

    channel: Channel
    identity: IdentityProof = IdentityProof.EMAIL_CODE
    reason: ErasureReason = ErasureReason.REQUESTED
    immediately: bool = False
    plan_hash: str | None = None


INSERT_REQUEST = Statement("""
INSERT INTO rights_requests (
    subject_id, id, kind, state, reason, channel, regime, case_reference, requested_by, requested_as,
    identity, is_immediate, received_at, due_at
)
VALUES (
    :subject_id, :id, :kind, 'AWAITING_VERIFICATION', :reason, :channel, :regime, :case, :actor, :role,
    'NONE_YET', :is_immediate, :at, :due_at
)
""")

SCHEDULE = Statement("""
UPDATE rights_requests
SET state = 'SCHEDULED', identity = :identity, attested_by = :attested_by, verified_at = :at,
    execute_at = :execute_at, reason = :reason, is_immediate = :is_immediate
WHERE subject_id = :subject_id
AND id = :id
""")

# Applies once identity is proved: the erasure then has no cooling-off time.
SET_IMMEDIATE = Statement("""
UPDATE rights_requests
SET is_immediate = true
WHERE subject_id = :subject_id
AND id = :id
""")


async def create_request(
    unit: UnitOfWork, subject: SubjectRow, options: ErasureOptions, cooling_off: timedelta
) -> UUID:
    """Insert a request that awaits verification, start its identity check, and return its id."""
    request_id = new_id()
    regime = Regime(subject.regime)
    due_at = deadlines.due_at(unit.at, regime)
    await INSERT_REQUEST.run(
        unit.connection,
        subject_id=subject.subject_id,
        id=request_id,
        kind=RequestKind.ERASURE,
        reason=options.reason,
        channel=options.channel,
        regime=regime,
        case=unit.actor.case,
        actor=unit.actor.name,
        role=unit.actor.role,
        is_immediate=options.immediately,
        at=unit.at,
        due_at=due_at,
    )
    # A report of a child that waits for attestation is no request of the person.
    if options.reason is not ErasureReason.UNDERAGE or underage.is_attested(unit, options.reason):
        await emails.enqueue(
            unit,
            EmailKind.REQUEST_RECEIVED,
            subject.subject_id,
            f"request:{request_id.hex}",
            kind=RequestKind.ERASURE,
            reason=options.reason,
            received_at=unit.at,
            due_at=due_at,
        )
    request = LockedRequest(
        request_id,
        subject.subject_id,
        RequestState.AWAITING_VERIFICATION,
        options.reason,
        options.immediately,
        IdentityProof.NONE_YET,
        None,
        RequestKind.ERASURE,
        regime,
        unit.at,
        due_at,
    )
    await start_identity_check(unit, request, options, cooling_off)
    return request_id


async def start_identity_check(
    unit: UnitOfWork, request: LockedRequest, options: ErasureOptions, cooling_off: timedelta
) -> None:
    """Enqueue an email with a verification code, or accept the actor's attestation and schedule the erasure.

    A request with the reason UNDERAGE restricts processing at once. The statement of SUPPORT or PRIVACY counts as
    attestation; after that of another role the request waits for theirs (docs/decisions/0020).
    """
    if options.immediately and not request.is_immediate:
        await SET_IMMEDIATE.run(unit.connection, subject_id=request.subject_id, id=request.id)
    is_underage = ErasureReason.UNDERAGE in {options.reason, request.reason}
    if is_underage:
        await underage.restrict(unit, request.subject_id, request.id)
        await underage.SET_REASON.run(unit.connection, subject_id=request.subject_id, id=request.id)
        if not underage.is_attested(unit, options.reason):
            return
    if options.identity is IdentityProof.ATTESTED or is_underage:
        attested = request._replace(
            reason=ErasureReason.UNDERAGE if is_underage else request.reason,
            is_immediate=request.is_immediate or options.immediately,
        )
        await schedule_erasure(unit, attested, IdentityProof.ATTESTED, cooling_off)
    elif options.identity is IdentityProof.EMAIL_CODE:
        await identity_checks.send_code(unit, request.subject_id, request.id)


async def schedule_erasure(
    unit: UnitOfWork, request: LockedRequest, identity: IdentityProof, cooling_off: timedelta
) -> None:
    """Store the proof of identity and the time of execution, after the cooling-off time where it applies."""
    has_cooling_off = not request.is_immediate and request.reason != ErasureReason.UNDERAGE
    execute_at = unit.at + cooling_off if has_cooling_off else unit.at
    await SCHEDULE.run(
        unit.connection,
        subject_id=request.subject_id,
        id=request.id,
        identity=identity,
        attested_by=unit.actor.name if identity is IdentityProof.ATTESTED else None,
        at=unit.at,
        execute_at=execute_at,
        reason=request.reason,
        is_immediate=request.is_immediate,
    )
    if has_cooling_off:
        await emails.enqueue(
            unit,
            EmailKind.ERASURE_SCHEDULED,
            request.subject_id,
            f"request:{request.id.hex}",
            reason=request.reason,
            execute_at=execute_at,
        )


class ConfirmationResult(NamedTuple):
    """The request, and the refusal of a wrong code. The attempt is counted in both cases."""

    request_id: UUID
    refusal: Refusal | None


async def confirm_identity(
    unit: UnitOfWork, request_id: UUID, code: str, cooling_off: timedelta = COOLING_OFF
) -> ConfirmationResult:
    """Check the code that was sent by email, and schedule the erasure, or begin a request of another kind.

    Returns the refusal instead of raising it, so that the attempt is committed: IDENTITY_UNVERIFIED for a wrong or
    expired code, TOO_MANY_ATTEMPTS after five. Raises STATE_CONFLICT when the request awaits no verification.
    """
    request = await lock_request(unit, request_id)
    if request.state != RequestState.AWAITING_VERIFICATION:
        if request.identity == IdentityProof.EMAIL_CODE and await verification_codes.is_accepted_code(
            unit, request.subject_id, request_id, code
        ):
            return ConfirmationResult(request_id, None)
        raise StateConflict(argument="id")
    refusal = await verification_codes.attempt_code(unit, request.subject_id, request_id, code)
    if refusal is None:
        await verification_codes.verify_address(unit, request.subject_id, request_id)
        if request.is_erasure:
            await schedule_erasure(unit, request, IdentityProof.EMAIL_CODE, cooling_off)
        else:
            await identity_checks.begin(unit, request.subject_id, request_id, IdentityProof.EMAIL_CODE)
    return ConfirmationResult(request_id, refusal)
