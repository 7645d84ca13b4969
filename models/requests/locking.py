"""A request as the verbs that move it see it: locked, after its person, as every deed about a person does."""

from typing import Any, NamedTuple
from uuid import UUID

from models.errors import NotFound
from models.storage.statement import Statement
from models.subjects import resolution
from models.unit_of_work import UnitOfWork

FIND_SUBJECT = Statement("""
SELECT subject_id
FROM rights_requests
WHERE id = :id
""")

LOCK_REQUEST = Statement("""
SELECT id, subject_id, state, reason, is_immediate, identity, denial_reason
FROM rights_requests
WHERE id = :id
FOR UPDATE
""")


class LockedRequest(NamedTuple):
    """What a verb needs to know of a request that it moves."""

    id: UUID
    subject_id: UUID
    reason: str
    is_immediate: bool


def locked_request(found: Any) -> LockedRequest:
    """Give what verbs need of a request's row."""
    return LockedRequest(found["id"], found["subject_id"], found["reason"], found["is_immediate"])


async def lock_request(unit: UnitOfWork, request_id: UUID) -> Any:
    """Give the request, with the person locked first and then the request, as every deed about a person does."""
    subject_id = await FIND_SUBJECT.value(unit.connection, id=request_id)
    if subject_id is None:
        raise NotFound(argument="id")
    await resolution.LOCKED.row(unit.connection, id=subject_id)
    unit.subject_ids.append(subject_id)
    return await LOCK_REQUEST.row(unit.connection, id=request_id)
