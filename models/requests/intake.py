"""Taking requests in: who asks, how their identity is proved, when it begins, and how it ends before it has begun."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import plan as erasure_plan
from models.errors import Forbidden, Refused, StateConflict, SubjectErased, SubjectNotFound
from models.outbox import emails
from models.outbox.emails import LetterName
from models.requests import deadlines, verification_codes
from models.requests.locking import Standing, locked, standing_of
from models.requests.requests import EXECUTING, ErasureReason, IdentityProof, RequestKind, RequestState
from models.storage.columns import new_id
from models.storage.database import Statement
from models.subjects import subjects
from models.subjects.identifiers import Name
from models.subjects.subjects import Regime, SubjectRow, SubjectStatus
from models.unit_of_work import Deed

GRACE = timedelta(days=3)
"""How long a person may think better of it, unless a setting says otherwise."""
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

# Identity is still to be proved; once it is, there is no cooling-off time.
HURRIED = Statement("""
UPDATE rights_requests
SET is_immediate = true
WHERE id = :id
""")


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
        plan = (await erasure_plan.of_subjects(deed.connection, [subject.subject_id]))[subject.subject_id]
        if plan is None or plan.hash != wish.plan_hash:
            raise StateConflict(argument="planHash")
    if open_one is None:
        return await _take_in(deed, subject, wish, grace)
    if open_one["state"] == RequestState.AWAITING_VERIFICATION:
        await _prove(deed, standing_of(open_one), wish, grace)
    elif wish.immediately or wish.reason is ErasureReason.UNDERAGE:
        await BROUGHT_FORWARD.run(deed.connection, id=open_one["id"], at=deed.at)
    return open_one["id"]


async def _take_in(deed: Deed, subject: SubjectRow, wish: Wish, grace: timedelta) -> UUID:
    request_id = new_id()
    regime = Regime(subject.regime)
    due_at = deadlines.due_at(deed.at, regime)
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
    await emails.post(
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
    if wish.immediately and not standing.is_immediate:
        await HURRIED.run(deed.connection, id=standing.id)
    if wish.identity is IdentityProof.ATTESTED or ErasureReason.UNDERAGE in {wish.reason, standing.reason}:
        hurried = standing._replace(
            reason=ErasureReason.UNDERAGE if wish.reason is ErasureReason.UNDERAGE else standing.reason,
            is_immediate=standing.is_immediate or wish.immediately,
        )
        await _schedule(deed, hurried, IdentityProof.ATTESTED, grace)
    elif wish.identity is IdentityProof.EMAIL_CODE:
        issued = await verification_codes.issue(deed, standing.subject_id, standing.id)
        if issued:
            await emails.post(
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
        await emails.post(
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
    found = await locked(deed, request_id)
    standing = standing_of(found)
    if found["state"] != RequestState.AWAITING_VERIFICATION:
        if found["identity"] == IdentityProof.EMAIL_CODE and await verification_codes.is_the_code(
            deed, standing.subject_id, request_id, code
        ):
            return Confirmation(request_id, None)
        raise StateConflict(argument="id")
    refusal = await verification_codes.attempt(deed, standing.subject_id, request_id, code)
    if refusal is None:
        await _schedule(deed, standing, IdentityProof.EMAIL_CODE, grace)
    return Confirmation(request_id, refusal)
