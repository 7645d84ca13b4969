"""Requesting an erasure (Art. 17 GDPR), and running the rest of one that failed."""

from datetime import timedelta
from uuid import UUID

from models.actors import Role
from models.erasure import plan as erasure_plan
from models.erasure import steps
from models.erasure.steps import RETRY_PERIOD
from models.errors import Forbidden, StateConflict, SubjectErased, SubjectNotFound
from models.requests.intake import COOLING_OFF, ErasureOptions, create_request, start_identity_check
from models.requests.locking import lock_request, locked_request
from models.requests.requests import EXECUTING_STATES, ErasureReason, RequestKind, RequestState
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import SubjectStatus
from models.unit_of_work import UnitOfWork

IMMEDIATE_ROLES = frozenset({Role.PRIVACY, Role.ADMIN})

OPEN_REQUEST = Statement("""
SELECT id, subject_id, state, reason, is_immediate
FROM rights_requests
WHERE subject_id = :subject_id
AND kind = :kind
AND state IN ('AWAITING_VERIFICATION', 'SCHEDULED', 'IN_PROGRESS', 'PARTIALLY_COMPLETED')
""")

BRING_FORWARD = Statement("""
UPDATE rights_requests
SET execute_at = LEAST(execute_at, CAST(:at AS timestamptz)), is_immediate = true
WHERE id = :id
""")

END_LEASE = Statement("""
UPDATE rights_requests
SET claimed_until = NULL
WHERE id = :id
""")


async def request_erasure(
    unit: UnitOfWork, name: SubjectIdentifier, wish: ErasureOptions, grace: timedelta = COOLING_OFF
) -> UUID:
    """Take in a request for erasure; somebody's second one is their first, which it may bring forward.

    Identity gates the erasure, not the intake: an unproved request waits. ``immediately`` leaves out the cooling-off
    time and is FORBIDDEN to all but PRIVACY and ADMIN. STATE_CONFLICT when the plan is not the one agreed to.
    """
    if wish.immediately and unit.actor.role not in IMMEDIATE_ROLES:
        raise Forbidden(argument="immediately", access=[])
    subject = await resolution.find_for_update(unit, name)
    if subject is None:
        raise SubjectNotFound(argument="subject")
    unit.subject_ids.append(subject.subject_id)
    open_one = await OPEN_REQUEST.row(unit.connection, subject_id=subject.subject_id, kind=RequestKind.ERASURE)
    if open_one and open_one["state"] in EXECUTING_STATES:
        return open_one["id"]
    if subject.status in {SubjectStatus.ERASED, SubjectStatus.ERASING}:
        raise SubjectErased
    if wish.plan_hash is not None:
        plan = (await erasure_plan.of_subjects(unit.connection, [subject.subject_id]))[subject.subject_id]
        if plan is None or plan.hash != wish.plan_hash:
            raise StateConflict(argument="planHash")
    if open_one is None:
        return await create_request(unit, subject, wish, grace)
    if open_one["state"] == RequestState.AWAITING_VERIFICATION:
        await start_identity_check(unit, locked_request(open_one), wish, grace)
    elif wish.immediately or wish.reason is ErasureReason.UNDERAGE:
        await BRING_FORWARD.run(unit.connection, id=open_one["id"], at=unit.at)
    return open_one["id"]


async def retry_erasure(unit: UnitOfWork, request_id: UUID) -> UUID:
    """Run what is left of an erasure that has begun: tell systems that failed again, and let any worker take it up."""
    found = await lock_request(unit, request_id)
    if found["state"] not in EXECUTING_STATES:
        raise StateConflict(argument="id")
    await steps.RETRY_FAILED.run(unit.connection, request_id=request_id, patience=RETRY_PERIOD)
    await END_LEASE.run(unit.connection, id=request_id)
    return request_id
