"""Completion of the requests that are answered by hand, with an email to the person."""

from collections.abc import Mapping
from uuid import UUID

from models.disclosures import california
from models.errors import StateConflict
from models.outbox.emails import EmailKind
from models.requests import answers
from models.requests.closing import DELETE_CODE
from models.requests.locking import lock_request
from models.requests.states import MANUAL_KINDS, RequestKind, RequestState, check_transition
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

COMPLETE = Statement("""
UPDATE rights_requests
SET state = 'COMPLETED', completed_at = :at, closed_by = :actor, closed_at = :at
WHERE subject_id = :subject_id
AND id = :id
""")

IS_RESTRICTED = Statement("""
SELECT status <> 'ACTIVE'
FROM subjects
WHERE id = :subject_id
""")

# A refusal from before the request does not count. optOut repeats it, and the repetition is recorded. The data of an
# erased person is not processed any more, so that an objection needs no refusal.
HAS_OBJECTED = Statement("""
SELECT s.status IN ('ERASING', 'ERASED')
    OR COALESCE(s.opted_out_confirmed_at >= :received_at, FALSE)
    OR EXISTS (
        SELECT FROM jsonb_each_text(s.refusals_confirmed_at) AS c (purpose, confirmed_at)
        WHERE CAST(c.confirmed_at AS timestamptz) >= :received_at
    )
    OR EXISTS (
        SELECT FROM consent_events AS e
        WHERE e.subject_id = s.id AND e.state <> 'GRANTED' AND e.recorded_at >= :received_at
    )
FROM subjects AS s
WHERE s.id = :subject_id
""")

# What was corrected in another system is confirmed here with correctSubject, which may leave all values as they are.
HAS_CORRECTED = Statement("""
SELECT EXISTS (
    SELECT FROM access_events
    WHERE subject_id = :subject_id
    AND at >= :received_at
    AND action = 'WRITE'
    AND fields && ARRAY[
        'correctSubject', 'registerSubject', 'storePaymentFragment', 'removePaymentFragment', 'recordSync'
    ]
)
""")

CHECKS: Mapping[str, Statement] = {
    RequestKind.RECTIFICATION: HAS_CORRECTED,
    RequestKind.RESTRICTION: IS_RESTRICTED,
    RequestKind.OBJECTION: HAS_OBJECTED,
}
"""The statements that return whether what was asked for is done, for the kinds of which this service knows it."""


async def complete_request(unit: UnitOfWork, request_id: UUID) -> UUID:
    """Complete a request that is answered by hand, and enqueue an email to the person.

    Raise STATE_CONFLICT for an ERASURE, ACCESS or PORTABILITY, which complete by themselves, and while identity is not
    proved. Raise it also for a RESTRICTION while the person is not restricted. An OBJECTION needs a refusal
    since it was received; ``optOut`` repeats an earlier one. A RECTIFICATION needs a correction since it was received.
    """
    request = await lock_request(unit, request_id)
    if request.kind not in MANUAL_KINDS:
        raise StateConflict(argument="id")
    if request.state == RequestState.COMPLETED:
        return request_id
    check_transition(request.kind, request.state, RequestState.COMPLETED)
    check = CHECKS.get(request.kind)
    if check and not await check.value(unit.connection, subject_id=request.subject_id, received_at=request.received_at):
        raise StateConflict(argument="id")
    await DELETE_CODE.run(unit.connection, subject_id=request.subject_id, id=request_id)
    await COMPLETE.run(unit.connection, subject_id=request.subject_id, id=request_id, actor=unit.actor.name, at=unit.at)
    if request.kind == RequestKind.CA_DIRECT_MARKETING_DISCLOSURE:
        year = request.received_at.year - 1
        lines = await california.lines_of_letter(unit.connection, request.subject_id, year)
        await answers.enqueue(unit, EmailKind.CALIFORNIA_REPORT, request, year=year, lines=lines)
    else:
        await answers.enqueue(unit, EmailKind.REQUEST_COMPLETED, request, regime=request.regime)
    return request_id
