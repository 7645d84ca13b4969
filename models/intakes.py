"""Taking requests in: who asks, how their identity is proved, when it begins, and how it ends before it has begun."""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from models import clocks, identities, letters, plans, steps, subjects
from models.actors import Role
from models.base import new_id
from models.consents import Channel
from models.database import Statement
from models.deeds import Deed
from models.errors import Forbidden, NotFound, Refused, StateConflict, SubjectErased, SubjectNotFound
from models.letters import LetterName
from models.names import Name
from models.requests import (
    EXECUTING,
    DenialReason,
    ErasureReason,
    IdentityProof,
    RequestKind,
    RequestState,
    demand_transition,
)
from models.subjects import Regime, SubjectRow, SubjectStatus

GRACE = timedelta(days=3)
"""How long a person may think better of it, unless a setting says otherwise."""
PATIENCE = timedelta(days=3)
"""How long a system is told again and again before its step is called failed."""
MAY_HURRY = frozenset({Role.PRIVACY, Role.ADMIN})


class Wish(NamedTuple):
    """What is asked: through which channel, how identity is proved, why, how soon, and on which plan."""

    channel: Channel
    identity: IdentityProof = IdentityProof.EMAIL_CODE
    reason: ErasureReason = ErasureReason.REQUESTED
    immediately: bool = False
    plan_hash: str | None = None


OPEN_ONE = Statement("""
SELECT id, subject_id, state, reason, is_immediate
FROM rights_requests
WHERE subject_id = :subject_id
AND kind = :kind
AND state IN ('AWAITING_VERIFICATION', 'SCHEDULED', 'IN_PROGRESS', 'PARTIALLY_COMPLETED')
""")

OWNER = Statement("""
SELECT subject_id
FROM rights_requests
WHERE id = :id
""")

LOCKED = Statement("""
SELECT id, subject_id, state, reason, is_immediate, identity, denial_reason
FROM rights_requests
WHERE id = :id
FOR UPDATE
""")

TAKE_IN = Statement("""
INSERT INTO rights_requests (
    subject_id, id, kind, state, reason, channel, regime, case_reference, requested_by, requested_as,
    identity, is_immediate, received_at, due_at
)
VALUES (
    :subject_id, :id, :kind, 'AWAITING_VERIFICATION', :reason, :channel, :regime, :case, :actor, :role,
    'NONE_YET', :is_immediate, :at, :due_at
)
""")

VERIFIED = Statement("""
UPDATE rights_requests
SET state = 'SCHEDULED', identity = :identity, attested_by = :attested_by, verified_at = :at,
    execute_at = :execute_at, reason = :reason, is_immediate = :is_immediate
WHERE id = :id
""")

BROUGHT_FORWARD = Statement("""
UPDATE rights_requests
SET execute_at = LEAST(execute_at, CAST(:at AS timestamptz)), is_immediate = true
WHERE id = :id
""")

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


class Standing(NamedTuple):
    """What a verb needs to know of a request that it moves."""

    id: UUID
    subject_id: UUID
    reason: str
    is_immediate: bool


def _standing(found: Any) -> Standing:
    return Standing(found["id"], found["subject_id"], found["reason"], found["is_immediate"])


async def request(deed: Deed, name: Name, wish: Wish, grace: timedelta = GRACE) -> UUID:
    """Take in a request for erasure; somebody's second one is their first, which it may bring forward.

    Identity gates the erasure, not the intake: an unproved request waits. ``immediately`` leaves out the cooling-off
    time and is FORBIDDEN to all but PRIVACY and ADMIN. STATE_CONFLICT when the plan is not the one agreed to.
    """
    if wish.immediately and deed.actor.role not in MAY_HURRY:
        raise Forbidden(argument="immediately", access=[])
    subject = await subjects.sought(deed, name)
    if subject is None:
        raise SubjectNotFound(argument="subject")
    deed.about.append(subject.subject_id)
    open_one = await OPEN_ONE.row(deed.connection, subject_id=subject.subject_id, kind=RequestKind.ERASURE)
    if open_one and open_one["state"] in EXECUTING:
        return open_one["id"]
    if subject.status in {SubjectStatus.ERASED, SubjectStatus.ERASING}:
        raise SubjectErased
    if wish.plan_hash is not None:
        plan = (await plans.of_subjects(deed.connection, [subject.subject_id]))[subject.subject_id]
        if plan is None or plan.hash != wish.plan_hash:
            raise StateConflict(argument="planHash")
    if open_one is None:
        return await _take_in(deed, subject, wish, grace)
    if open_one["state"] == RequestState.AWAITING_VERIFICATION:
        standing = _standing(open_one)
        await _prove(deed, standing, wish, grace)
    elif wish.immediately or wish.reason is ErasureReason.UNDERAGE:
        await BROUGHT_FORWARD.run(deed.connection, id=open_one["id"], at=deed.at)
    return open_one["id"]


async def _take_in(deed: Deed, subject: SubjectRow, wish: Wish, grace: timedelta) -> UUID:
    request_id = new_id()
    regime = Regime(subject.regime)
    due_at = clocks.due_at(deed.at, regime)
    await TAKE_IN.run(
        deed.connection,
        subject_id=subject.subject_id,
        id=request_id,
        kind=RequestKind.ERASURE,
        reason=wish.reason,
        channel=wish.channel,
        regime=regime,
        case=deed.actor.case,
        actor=deed.actor.name,
        role=deed.actor.role,
        is_immediate=wish.immediately,
        at=deed.at,
        due_at=due_at,
    )
    await letters.post(
        deed,
        LetterName.REQUEST_RECEIVED,
        subject.subject_id,
        f"request:{request_id.hex}",
        kind=RequestKind.ERASURE,
        received_at=deed.at,
        due_at=due_at,
    )
    await _prove(deed, Standing(request_id, subject.subject_id, wish.reason, wish.immediately), wish, grace)
    return request_id


async def _prove(deed: Deed, standing: Standing, wish: Wish, grace: timedelta) -> None:
    """Set the proof of identity going, or take the word of whoever acts.

    Nobody asks a child for a code: who says that a person is under 13 vouches for it (docs/decisions/0020).
    """
    if wish.identity is IdentityProof.ATTESTED or ErasureReason.UNDERAGE in {wish.reason, standing.reason}:
        hurried = standing._replace(
            reason=ErasureReason.UNDERAGE if wish.reason is ErasureReason.UNDERAGE else standing.reason,
            is_immediate=standing.is_immediate or wish.immediately,
        )
        await _schedule(deed, hurried, IdentityProof.ATTESTED, grace)
    elif wish.identity is IdentityProof.EMAIL_CODE:
        issued = await identities.issue(deed, standing.subject_id, standing.id)
        if issued:
            await letters.post(
                deed,
                LetterName.IDENTITY_CODE,
                standing.subject_id,
                f"code:{new_id().hex}",
                code=issued.code,
                expires_at=issued.expires_at,
            )


async def _schedule(deed: Deed, standing: Standing, identity: IdentityProof, grace: timedelta) -> None:
    cools_off = not standing.is_immediate and standing.reason != ErasureReason.UNDERAGE
    execute_at = deed.at + grace if cools_off else deed.at
    await VERIFIED.run(
        deed.connection,
        id=standing.id,
        identity=identity,
        attested_by=deed.actor.name if identity is IdentityProof.ATTESTED else None,
        at=deed.at,
        execute_at=execute_at,
        reason=standing.reason,
        is_immediate=standing.is_immediate,
    )
    if cools_off:
        await letters.post(
            deed,
            LetterName.ERASURE_SCHEDULED,
            standing.subject_id,
            f"request:{standing.id.hex}",
            execute_at=execute_at,
        )


class Confirmation(NamedTuple):
    """What came of a code: the request, and the refusal where it was wrong. The attempt is counted either way."""

    request_id: UUID
    refusal: Refused | None


async def confirm(deed: Deed, request_id: UUID, code: str, grace: timedelta = GRACE) -> Confirmation:
    """Prove identity by the code that was mailed, and schedule the erasure.

    The refusal is given, not raised, so that the attempt is committed: IDENTITY_UNVERIFIED for a wrong or expired code,
    TOO_MANY_ATTEMPTS after five.
    """
    found = await _locked(deed, request_id)
    standing = _standing(found)
    if found["state"] != RequestState.AWAITING_VERIFICATION:
        if found["identity"] == IdentityProof.EMAIL_CODE and await identities.is_the_code(
            deed, standing.subject_id, request_id, code
        ):
            return Confirmation(request_id, None)
        raise StateConflict(argument="id")
    refusal = await identities.attempt(deed, standing.subject_id, request_id, code)
    if refusal is None:
        await _schedule(deed, standing, IdentityProof.EMAIL_CODE, grace)
    return Confirmation(request_id, refusal)


async def cancel(deed: Deed, request_id: UUID) -> UUID:
    """Call an erasure off before it begins; STATE_CONFLICT once it has begun."""
    return await _close(deed, request_id, RequestState.CANCELLED, None)


async def deny(deed: Deed, request_id: UUID, reason: DenialReason) -> UUID:
    """Refuse what was asked, and say why; STATE_CONFLICT once the erasure has begun."""
    return await _close(deed, request_id, RequestState.DENIED, reason)


async def _close(deed: Deed, request_id: UUID, state: RequestState, reason: DenialReason | None) -> UUID:
    found = await _locked(deed, request_id)
    if (found["state"], found["denial_reason"]) == (state, reason):
        return request_id
    demand_transition(found["state"], state)
    await FORGET_CODE.run(deed.connection, subject_id=found["subject_id"], id=request_id)
    await CLOSED.run(
        deed.connection, id=request_id, state=state, actor=deed.actor.name, at=deed.at, denial_reason=reason
    )
    if reason:
        await letters.post(
            deed, LetterName.ERASURE_DENIED, found["subject_id"], f"request:{request_id.hex}", reason=reason
        )
    return request_id


async def retry(deed: Deed, request_id: UUID) -> UUID:
    """Run what is left of an erasure that has begun: tell systems that failed again, and let any worker take it up."""
    found = await _locked(deed, request_id)
    if found["state"] not in EXECUTING:
        raise StateConflict(argument="id")
    await steps.AGAIN.run(deed.connection, request_id=request_id, patience=PATIENCE)
    await LEASE_ENDS.run(deed.connection, id=request_id)
    return request_id


async def _locked(deed: Deed, request_id: UUID) -> Any:
    """Give the request, with the person locked first and then the request, as every deed about a person does."""
    subject_id = await OWNER.value(deed.connection, id=request_id)
    if subject_id is None:
        raise NotFound(argument="id")
    await subjects.LOCKED.row(deed.connection, id=subject_id)
    deed.about.append(subject_id)
    return await LOCKED.row(deed.connection, id=request_id)
