"""A request as the verbs that move it see it: locked, after its person, as every deed about a person does."""

from typing import Any, NamedTuple
from uuid import UUID

from models.errors import NotFound
from models.storage.database import Statement
from models.subjects import subjects
from models.unit_of_work import Deed

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


class Standing(NamedTuple):
    """What a verb needs to know of a request that it moves."""

    id: UUID
    subject_id: UUID
    reason: str
    is_immediate: bool


def standing_of(found: Any) -> Standing:
    """Give what verbs need of a request's row."""
    return Standing(found["id"], found["subject_id"], found["reason"], found["is_immediate"])


async def locked(deed: Deed, request_id: UUID) -> Any:
    """Give the request, with the person locked first and then the request, as every deed about a person does."""
    subject_id = await OWNER.value(deed.connection, id=request_id)
    if subject_id is None:
        raise NotFound(argument="id")
    await subjects.LOCKED.row(deed.connection, id=subject_id)
    deed.about.append(subject_id)
    return await LOCKED.row(deed.connection, id=request_id)
