"""Export steps: the part of an export that one internal system hands in, and why it cannot."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import EncryptedColumn
from models.erasure import step_access
from models.errors import NotFound, StateConflict
from models.requests.export_tables import ERROR_LENGTH, ExportStepState
from models.requests.locking import LockedRequest, lock_request
from models.requests.states import RequestState
from models.storage import validation
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.reported_texts import replace_card_number
from models.storage.statement import Connection, RowByKey, RowsByKey, Statement, as_list, reads
from models.unit_of_work import UnitOfWork

MARGIN = timedelta(days=1)
"""How long before the deadline of the request the parts of systems are due, so that the person is answered in time."""

REFERENCE_LIST = EncryptedColumn("export_steps.reference_list")
ERROR = EncryptedColumn("export_steps.error")


class ExportStepRow(NamedTuple):
    """A step as read."""

    id: UUID
    request_id: UUID
    subject_id: UUID
    system: str
    reference_list: Annotated[bytes | None, REFERENCE_LIST]
    state: str
    attempts: int
    created_at: datetime
    completed_at: datetime | None
    size_bytes: int | None
    error: Annotated[bytes | None, ERROR]
    due_at: datetime
    kind: str


BY_IDS = Statement("""
SELECT s.id, s.request_id, s.subject_id, s.system, s.reference_list, s.state, s.attempts, s.created_at, s.completed_at,
    s.size_bytes, s.error, COALESCE(r.extended_until, r.due_at) - interval '1 day', r.kind
FROM export_steps AS s
JOIN rights_requests AS r ON r.subject_id = s.subject_id AND r.id = s.request_id
WHERE s.id = ANY(:ids)
""")

OF_REQUESTS = Statement("""
SELECT s.id, s.request_id, s.subject_id, s.system, s.reference_list, s.state, s.attempts, s.created_at, s.completed_at,
    s.size_bytes, s.error, COALESCE(r.extended_until, r.due_at) - interval '1 day', r.kind
FROM export_steps AS s
JOIN rights_requests AS r ON r.subject_id = s.subject_id AND r.id = s.request_id
WHERE s.request_id = ANY(:ids)
AND s.system = COALESCE(CAST(:system AS text), s.system)
ORDER BY s.request_id, s.system, s.id
""")

# A step of a request that ended is no work any more.
OF_SYSTEM = Statement("""
SELECT s.id, s.request_id, s.subject_id, s.system, s.reference_list, s.state, s.attempts, s.created_at, s.completed_at,
    s.size_bytes, s.error, COALESCE(r.extended_until, r.due_at) - interval '1 day', r.kind
FROM export_steps AS s
JOIN rights_requests AS r ON r.subject_id = s.subject_id AND r.id = s.request_id
WHERE s.system = :system
AND (s.created_at, s.id) > (COALESCE(CAST(:after_at AS timestamptz), '-infinity'), CAST(:after_id AS uuid))
AND (s.state = 'DONE' OR r.state = 'IN_PROGRESS')
ORDER BY s.created_at, s.id
LIMIT :first
""")

OF_SYSTEM_IN_STATE = Statement("""
SELECT s.id, s.request_id, s.subject_id, s.system, s.reference_list, s.state, s.attempts, s.created_at, s.completed_at,
    s.size_bytes, s.error, COALESCE(r.extended_until, r.due_at) - interval '1 day', r.kind
FROM export_steps AS s
JOIN rights_requests AS r ON r.subject_id = s.subject_id AND r.id = s.request_id
WHERE s.system = :system
AND s.state = :state
AND (s.created_at, s.id) > (COALESCE(CAST(:after_at AS timestamptz), '-infinity'), CAST(:after_id AS uuid))
AND (s.state = 'DONE' OR r.state = 'IN_PROGRESS')
ORDER BY s.created_at, s.id
LIMIT :first
""")

FIND = Statement("""
SELECT subject_id, request_id, system
FROM export_steps
WHERE id = :id
""")

LOCK = Statement("""
SELECT state, part_id
FROM export_steps
WHERE subject_id = :subject_id
AND id = :id
FOR UPDATE
""")

MARK_FAILED = Statement("""
UPDATE export_steps
SET state = 'FAILED', error = :error, next_attempt_at = NULL
WHERE subject_id = :subject_id
AND id = :id
""")


class OwnStep(NamedTuple):
    """The person, the request and the system of a step."""

    subject_id: UUID
    request_id: UUID
    system: str


class LockedStep(NamedTuple):
    """A locked step of an open request."""

    request: LockedRequest
    state: str
    part_id: UUID | None


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, ExportStepRow]:
    """Return the steps with these ids."""
    return RowByKey((row[0], ExportStepRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


@reads(OF_REQUESTS)
async def of_requests(
    connection: Connection, ids: Sequence[UUID], system: str | None = None
) -> RowsByKey[UUID, ExportStepRow]:
    """Return the steps of each request, ordered by system; only those of ``system`` unless it is None."""
    groups: RowsByKey[UUID, ExportStepRow] = RowsByKey()
    for row in await OF_REQUESTS.rows(connection, ids=as_list(ids), system=system):
        groups.add(row[1], ExportStepRow._make(row))
    return groups


@reads(OF_SYSTEM, OF_SYSTEM_IN_STATE)
async def of_system(
    connection: Connection, keys: Sequence[Any], page: PageRequest
) -> Mapping[Any, Page[ExportStepRow]]:
    """Return a page of steps for each key (system, state or None), the oldest step first."""
    after_at, after_id = page.after or (None, None)
    pages = {}
    for system, state in keys:
        statement = OF_SYSTEM if state is None else OF_SYSTEM_IN_STATE
        rows = await statement.rows(
            connection, system=system, state=state, after_at=after_at, after_id=after_id, first=page.first + 1
        )
        pages[system, state] = build_page([ExportStepRow._make(row) for row in rows], page)
    return pages


async def find_own(unit: UnitOfWork, step_id: UUID) -> OwnStep:
    """Return a step of the actor's system. Raise NOT_FOUND, or FORBIDDEN for a step of another system."""
    row = await FIND.row(unit.connection, id=step_id)
    if row is None:
        raise NotFound(argument="id")
    step_access.require_own(unit.actor, row["system"], "id")
    return OwnStep._make(row)


async def lock_open(unit: UnitOfWork, step_id: UUID) -> LockedStep:
    """Lock a step of the actor's system and its request. Raise STATE_CONFLICT when the request has ended."""
    own = await find_own(unit, step_id)
    request = await lock_request(unit, own.request_id)
    if request.state != RequestState.IN_PROGRESS:
        raise StateConflict(argument="id")
    row = await LOCK.row(unit.connection, subject_id=request.subject_id, id=step_id)
    if row is None:
        raise NotFound(argument="id")
    return LockedStep(request, *row)


async def fail_export_step(unit: UnitOfWork, step_id: UUID, error: str) -> UUID:
    """Mark a step as FAILED with the system's error text. The system may still hand in its part.

    Raise STATE_CONFLICT when it has done so, or when the request has ended.
    """
    message = replace_card_number(validation.single_line(error, "error", ERROR_LENGTH))
    step = await lock_open(unit, step_id)
    if step.state == ExportStepState.DONE:
        raise StateConflict(argument="id")
    key = await unit.keyring.key_of(step.request.subject_id)
    await MARK_FAILED.run(
        unit.connection, subject_id=step.request.subject_id, id=step_id, error=ERROR.encrypt(key, message)
    )
    return step_id
