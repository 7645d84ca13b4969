"""Taking requests in: who asks, how their identity is proved, when it begins, and how it ends before it has begun."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from models.consent.ledger import Channel
from models.errors import Refusal, StateConflict
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests import deadlines, verification_codes
from models.requests.locking import LockedRequest, lock_request, locked_request
from models.requests.requests import ErasureReason, IdentityProof, RequestKind, RequestState
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.subjects.subjects import Regime, SubjectRow
from models.unit_of_work import UnitOfWork

COOLING_OFF = timedelta(days=3)
"""How long a person may think better of it, unless a setting says otherwise."""


class ErasureOptions(NamedTuple):
    """What is asked: through which channel, how identity is proved, why, how soon, and on which plan."""

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
WHERE id = :id
""")


# Identity is still to be proved; once it is, there is no cooling-off time.
SET_IMMEDIATE = Statement("""
UPDATE rights_requests
SET is_immediate = true
WHERE id = :id
""")


async def create_request(unit: UnitOfWork, subject: SubjectRow, wish: ErasureOptions, grace: timedelta) -> UUID:
    """Insert a request that awaits verification, and start its identity check. Return its id."""
    request_id = new_id()
    regime = Regime(subject.regime)
    due_at = deadlines.due_at(unit.at, regime)
    await INSERT_REQUEST.run(
        unit.connection,
        subject_id=subject.subject_id,
        id=request_id,
        kind=RequestKind.ERASURE,
        reason=wish.reason,
        channel=wish.channel,
        regime=regime,
        case=unit.actor.case,
        actor=unit.actor.name,
        role=unit.actor.role,
        is_immediate=wish.immediately,
        at=unit.at,
        due_at=due_at,
    )
    await emails.enqueue(
        unit,
        EmailKind.REQUEST_RECEIVED,
        subject.subject_id,
        f"request:{request_id.hex}",
        kind=RequestKind.ERASURE,
        received_at=unit.at,
        due_at=due_at,
    )
    await start_identity_check(
        unit, LockedRequest(request_id, subject.subject_id, wish.reason, wish.immediately), wish, grace
    )
    return request_id


async def start_identity_check(
    unit: UnitOfWork, standing: LockedRequest, wish: ErasureOptions, grace: timedelta
) -> None:
    """Set the proof of identity going, or take the word of whoever acts.

    Nobody asks a child for a code: who says that a person is under 13 vouches for it (docs/decisions/0020).
    """
    if wish.immediately and not standing.is_immediate:
        await SET_IMMEDIATE.run(unit.connection, id=standing.id)
    if wish.identity is IdentityProof.ATTESTED or ErasureReason.UNDERAGE in {wish.reason, standing.reason}:
        hurried = standing._replace(
            reason=ErasureReason.UNDERAGE if wish.reason is ErasureReason.UNDERAGE else standing.reason,
            is_immediate=standing.is_immediate or wish.immediately,
        )
        await schedule_erasure(unit, hurried, IdentityProof.ATTESTED, grace)
    elif wish.identity is IdentityProof.EMAIL_CODE:
        issued = await verification_codes.issue_code(unit, standing.subject_id, standing.id)
        if issued:
            await emails.enqueue(
                unit,
                EmailKind.IDENTITY_CODE,
                standing.subject_id,
                f"code:{new_id().hex}",
                code=issued.code,
                expires_at=issued.expires_at,
            )


async def schedule_erasure(
    unit: UnitOfWork, standing: LockedRequest, identity: IdentityProof, grace: timedelta
) -> None:
    """Set the time at which the request is executed, after the cooling-off time where one applies."""
    cools_off = not standing.is_immediate and standing.reason != ErasureReason.UNDERAGE
    execute_at = unit.at + grace if cools_off else unit.at
    await SCHEDULE.run(
        unit.connection,
        id=standing.id,
        identity=identity,
        attested_by=unit.actor.name if identity is IdentityProof.ATTESTED else None,
        at=unit.at,
        execute_at=execute_at,
        reason=standing.reason,
        is_immediate=standing.is_immediate,
    )
    if cools_off:
        await emails.enqueue(
            unit,
            EmailKind.ERASURE_SCHEDULED,
            standing.subject_id,
            f"request:{standing.id.hex}",
            execute_at=execute_at,
        )


class ConfirmationResult(NamedTuple):
    """What came of a code: the request, and the refusal where it was wrong. The attempt is counted either way."""

    request_id: UUID
    refusal: Refusal | None


async def confirm_identity(
    unit: UnitOfWork, request_id: UUID, code: str, grace: timedelta = COOLING_OFF
) -> ConfirmationResult:
    """Prove identity by the code that was mailed, and schedule the erasure.

    The refusal is given, not raised, so that the attempt is committed: IDENTITY_UNVERIFIED for a wrong or expired code,
    TOO_MANY_ATTEMPTS after five.
    """
    found = await lock_request(unit, request_id)
    standing = locked_request(found)
    if found["state"] != RequestState.AWAITING_VERIFICATION:
        if found["identity"] == IdentityProof.EMAIL_CODE and await verification_codes.is_accepted_code(
            unit, standing.subject_id, request_id, code
        ):
            return ConfirmationResult(request_id, None)
        raise StateConflict(argument="id")
    refusal = await verification_codes.attempt_code(unit, standing.subject_id, request_id, code)
    if refusal is None:
        await schedule_erasure(unit, standing, IdentityProof.EMAIL_CODE, grace)
    return ConfirmationResult(request_id, refusal)
