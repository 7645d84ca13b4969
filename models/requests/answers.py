"""Emails that answer a request."""

from typing import Any

from models.errors import SubjectErased
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.requests.locking import LockedRequest
from models.unit_of_work import UnitOfWork


async def enqueue(unit: UnitOfWork, email: EmailKind, request: LockedRequest, **context: Any) -> None:
    """Enqueue an email about a request to its person. A person who is erased has no address and gets none."""
    if email is not EmailKind.CALIFORNIA_REPORT:
        context |= {"kind": request.kind, "received_at": request.received_at}
    try:
        await emails.enqueue(unit, email, request.subject_id, request.cause, **context)
    except SubjectErased:
        return
