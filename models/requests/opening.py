"""Opening rights requests of every kind but erasure (Chapter III GDPR)."""

from typing import NamedTuple
from uuid import UUID

from models.consent.channels import require_channel
from models.consent.ledger import Channel
from models.errors import BadInput
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests import deadlines, identity_checks
from models.requests.states import IDENTITY_FREE_KINDS, KINDS_BY_CASE, RequestKind, RequestState
from models.requests.vocabulary import IdentityCheck, IdentityProof
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import Regime, SubjectRow
from models.unit_of_work import UnitOfWork


class RequestOptions(NamedTuple):
    """The options of a request."""

    kind: RequestKind
    channel: Channel
    identity: IdentityCheck = IdentityCheck.EMAIL_CODE


OPEN_REQUEST = Statement("""
SELECT id, state
FROM rights_requests
WHERE subject_id = :subject_id
AND kind = :kind
AND state IN ('AWAITING_VERIFICATION', 'SCHEDULED', 'IN_PROGRESS', 'PARTIALLY_COMPLETED')
AND (NOT :is_by_case OR case_reference IS NOT DISTINCT FROM :case)
""")

INSERT_REQUEST = Statement("""
INSERT INTO rights_requests (
    subject_id, id, kind, state, channel, regime, case_reference, requested_by, requested_as, identity, is_immediate,
    received_at, due_at, started_at
)
VALUES (
    :subject_id, :id, :kind, :state, :channel, :regime, :case, :actor, :role, 'NONE_YET', false,
    :at, :due_at, CASE WHEN :state = 'IN_PROGRESS' THEN CAST(:at AS timestamptz) END
)
""")


async def open_request(unit: UnitOfWork, identifier: SubjectIdentifier, options: RequestOptions) -> UUID:
    """Open a request of any kind but ERASURE, and return its id. Its deadline counts from now.

    An open request of the same kind is returned instead; for COMPLAINT, ENQUIRY and RECTIFICATION one of the same case.
    A request waits until identity is proved, unless its kind needs no proof. Raise BAD_INPUT for ERASURE and for the
    channel IMPORT by staff, SUBJECT_NOT_FOUND or SUBJECT_ERASED.
    """
    if options.kind is RequestKind.ERASURE:
        raise BadInput("kind", "an erasure has its own mutation, requestErasure")
    require_channel(unit.actor, options.channel)
    subject = await resolution.lock(unit, identifier)
    row = await OPEN_REQUEST.row(
        unit.connection,
        subject_id=subject.subject_id,
        kind=options.kind,
        is_by_case=options.kind in KINDS_BY_CASE,
        case=unit.actor.case,
    )
    request_id = row["id"] if row else await _create(unit, subject, options)
    if options.kind in IDENTITY_FREE_KINDS or (row and row["state"] != RequestState.AWAITING_VERIFICATION):
        return request_id
    if options.identity is IdentityCheck.ATTESTED:
        await identity_checks.begin(unit, subject.subject_id, request_id, IdentityProof.ATTESTED)
    else:
        await identity_checks.send_code(unit, subject.subject_id, request_id)
    return request_id


async def _create(unit: UnitOfWork, subject: SubjectRow, options: RequestOptions) -> UUID:
    """Insert a request, and enqueue the email that confirms its receipt."""
    request_id = new_id()
    regime = Regime(subject.regime)
    due_at = deadlines.due_at(unit.at, regime, options.kind)
    needs_identity = options.kind not in IDENTITY_FREE_KINDS
    await INSERT_REQUEST.run(
        unit.connection,
        subject_id=subject.subject_id,
        id=request_id,
        kind=options.kind,
        state=RequestState.AWAITING_VERIFICATION if needs_identity else RequestState.IN_PROGRESS,
        channel=options.channel,
        regime=regime,
        case=unit.actor.case,
        actor=unit.actor.name,
        role=unit.actor.role,
        at=unit.at,
        due_at=due_at,
    )
    await emails.enqueue(
        unit,
        EmailKind.REQUEST_RECEIVED,
        subject.subject_id,
        f"request:{request_id.hex}",
        kind=options.kind,
        reason=None,
        received_at=unit.at,
        due_at=due_at,
    )
    return request_id
