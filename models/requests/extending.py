"""Extension of a request's deadline: once, before its first due date, with a reason (Art. 12(3) GDPR)."""

from uuid import UUID

from models.errors import StateConflict
from models.outbox.emails import EmailKind
from models.requests import answers, deadlines
from models.requests.locking import lock_request
from models.requests.states import OPEN_STATES, RequestKind
from models.requests.vocabulary import ExtensionReason
from models.storage.statement import Statement
from models.subjects.subjects import Regime
from models.unit_of_work import UnitOfWork

EXTEND = Statement("""
UPDATE rights_requests
SET extended_until = :until, extension_reason = :reason, extended_at = :at
WHERE subject_id = :subject_id
AND id = :id
""")


async def extend_request(unit: UnitOfWork, request_id: UUID, reason: ExtensionReason) -> UUID:
    """Extend the deadline of an open request, and enqueue an email that states the new one and the reason.

    Repeating an extension changes nothing. Raise STATE_CONFLICT after the first due date, for another reason than that
    of an earlier extension, and for CA_DIRECT_MARKETING_DISCLOSURE, whose 30 days no law extends.
    """
    request = await lock_request(unit, request_id)
    if request.extension_reason == reason:
        return request_id
    is_extensible = request.state in OPEN_STATES and request.kind != RequestKind.CA_DIRECT_MARKETING_DISCLOSURE
    if request.extended_until or not is_extensible or unit.at >= request.due_at:
        raise StateConflict(argument="id")
    until = deadlines.extended_until(request.due_at, Regime(request.regime))
    await EXTEND.run(
        unit.connection, subject_id=request.subject_id, id=request_id, until=until, reason=reason, at=unit.at
    )
    await answers.enqueue(unit, EmailKind.REQUEST_EXTENDED, request, until=until, reason=reason)
    return request_id
