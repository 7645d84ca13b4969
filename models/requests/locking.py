"""Locking of a rights request: its subject first, then the request, so that units of work cannot deadlock."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models.errors import NotFound
from models.requests.states import RequestKind
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

FIND_SUBJECT = Statement("""
SELECT subject_id
FROM rights_requests
WHERE id = :id
""")

LOCK_REQUEST = Statement("""
SELECT id, subject_id, state, reason, is_immediate, identity, denial_reason, kind, regime, received_at, due_at,
    extended_until, extension_reason
FROM rights_requests
WHERE subject_id = :subject_id
AND id = :id
FOR UPDATE
""")


class LockedRequest(NamedTuple):
    """The columns of a locked request that mutations read."""

    id: UUID
    subject_id: UUID
    state: str
    reason: str | None
    is_immediate: bool
    identity: str
    denial_reason: str | None
    kind: str
    regime: str
    received_at: datetime
    due_at: datetime
    extended_until: datetime | None = None
    extension_reason: str | None = None

    @property
    def is_erasure(self) -> bool:
        """Whether the person is to be erased."""
        return self.kind == RequestKind.ERASURE

    @property
    def cause(self) -> str:
        """The cause of the request's emails in the outbox."""
        return f"request:{self.id.hex}"


async def lock_request(unit: UnitOfWork, request_id: UUID) -> LockedRequest:
    """Lock the subject of a request, then the request, and return the request. NOT_FOUND when there is none."""
    subject_id = await FIND_SUBJECT.value(unit.connection, id=request_id)
    if subject_id is None:
        raise NotFound(argument="id")
    await resolution.lock(unit, SubjectIdentifier("id", subject_id), allow_erased=True)
    row = await LOCK_REQUEST.row(unit.connection, subject_id=subject_id, id=request_id)
    assert row is not None  # noqa: S101 -- requests are never deleted
    return LockedRequest._make(row)
