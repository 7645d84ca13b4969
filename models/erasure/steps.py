"""Erasure steps: the part of an erasure that one internal system executes, and the result that it reports.

The request's own key encrypts the references and the error text. It is destroyed when the request is completed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, UniqueConstraint, text

from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, EncryptedColumn
from models.erasure import step_access
from models.erasure.step_references import MAX_LIST_LENGTH, REFERENCE, REFERENCE_LIST
from models.errors import BadInput, NotFound, StateConflict
from models.storage import validation
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.pagination import Page, PageRequest, read_page
from models.storage.reported_texts import replace_card_number
from models.storage.statement import Connection, RowByKey, RowsByKey, Statement, as_list, reads
from models.subjects.identifiers import REFERENCE_LENGTH
from models.unit_of_work import UnitOfWork

ERROR_LENGTH = 200
MAX_RECORDS = 2**31 - 1
RETRY_PERIOD = timedelta(days=3)
"""How long webhook attempts are repeated before a step is marked as FAILED."""


class StepState(StrEnum):
    """The state of a step."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class ErasureStep(Table, table=True):
    """What one internal system erases. ``account_reference`` is the first of ``reference_list``."""

    __tablename__ = "erasure_steps"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "request_id"], ["rights_requests.subject_id", "rights_requests.id"]),
        UniqueConstraint("id", name="erasure_step_id_is_one"),
        enum_check("state", StepState),
        CheckConstraint("(state = 'DONE') = (completed_at IS NOT NULL)", name="what_is_done_has_its_time"),
        CheckConstraint("records_erased >= 0", name="records_are_counted"),
        CheckConstraint(
            f"octet_length(account_reference) <= {4 * REFERENCE_LENGTH + ENCRYPTION_OVERHEAD}",
            name="step_reference_is_short",
        ),
        CheckConstraint(f"octet_length(reference_list) <= {MAX_LIST_LENGTH}", name="step_references_are_bounded"),
        CheckConstraint(f"octet_length(error) <= {4 * ERROR_LENGTH + ENCRYPTION_OVERHEAD}", name="step_error_is_short"),
        Index("erasure_steps_of_request", "request_id"),
        Index("erasure_steps_of_system", "system", "state", "created_at", "id"),
        Index("erasure_steps_to_tell", "next_attempt_at", postgresql_where=text("state = 'PENDING'")),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    request_id: UUID = column(Uuid, ErasureAction.KEPT)
    system: str = column(Text, ErasureAction.KEPT)
    account_reference: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)
    state: str = column(Text, ErasureAction.KEPT)
    attempts: int = column(Integer, ErasureAction.KEPT, server_default="0")
    created_at: datetime = column(Timestamp, ErasureAction.KEPT)
    next_attempt_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    give_up_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    completed_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    completed_by: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    records_erased: int | None = column(Integer, ErasureAction.KEPT, nullable=True)
    error: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)
    reference_list: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)


ERROR = EncryptedColumn("erasure_steps.error")


class ErasureStepRow(NamedTuple):
    """A step as read. ``subject_id`` is the id of the request, which owns the data key, ``person_id`` the person's."""

    id: UUID
    request_id: UUID
    subject_id: UUID
    system: str
    account_reference: Annotated[bytes | None, REFERENCE]
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    completed_at: datetime | None
    records_erased: int | None
    error: Annotated[bytes | None, ERROR]
    person_id: UUID
    reference_list: Annotated[bytes | None, REFERENCE_LIST]


BY_IDS = Statement("""
SELECT id, request_id, request_id, system, account_reference, state, attempts, created_at, next_attempt_at,
    completed_at, records_erased, error, subject_id, reference_list
FROM erasure_steps
WHERE id = ANY(:ids)
""")

OF_REQUESTS = Statement("""
SELECT id, request_id, request_id, system, account_reference, state, attempts, created_at, next_attempt_at,
    completed_at, records_erased, error, subject_id, reference_list
FROM erasure_steps
WHERE request_id = ANY(:ids)
AND system = COALESCE(CAST(:system AS text), system)
ORDER BY request_id, system, id
""")

OF_SYSTEM = Statement("""
SELECT id, request_id, request_id, system, account_reference, state, attempts, created_at, next_attempt_at,
    completed_at, records_erased, error, subject_id, reference_list
FROM erasure_steps
WHERE system = :system
AND (created_at, id) > (COALESCE(CAST(:after_at AS timestamptz), '-infinity'), CAST(:after_id AS uuid))
ORDER BY created_at, id
LIMIT :first
""")

OF_SYSTEM_IN_STATE = Statement("""
SELECT id, request_id, request_id, system, account_reference, state, attempts, created_at, next_attempt_at,
    completed_at, records_erased, error, subject_id, reference_list
FROM erasure_steps
WHERE system = :system
AND state = :state
AND (created_at, id) > (COALESCE(CAST(:after_at AS timestamptz), '-infinity'), CAST(:after_id AS uuid))
ORDER BY created_at, id
LIMIT :first
""")

# Locks the request, so that the steps of one request change one after another.
LOCK_REQUEST = Statement("""
SELECT s.subject_id, s.request_id, s.state, s.system
FROM rights_requests AS r
JOIN erasure_steps AS s ON s.subject_id = r.subject_id AND s.request_id = r.id
WHERE s.id = :id
FOR UPDATE OF r
""")

STATE = Statement("""
SELECT state
FROM erasure_steps
WHERE subject_id = :subject_id
AND id = :id
""")

MARK_SETTLED = Statement("""
UPDATE rights_requests AS r
SET settled_at = clock_timestamp()
WHERE r.subject_id = :subject_id
AND r.id = :request_id
AND r.settled_at IS NULL
AND NOT EXISTS (
    SELECT FROM erasure_steps AS s WHERE (s.subject_id, s.request_id) = (r.subject_id, r.id) AND s.state <> 'DONE'
)
""")

# The account reference and the error text are deleted once the step is done.
MARK_DONE = Statement("""
UPDATE erasure_steps
SET state = 'DONE', completed_at = :at, completed_by = :actor, records_erased = :records,
    next_attempt_at = NULL, account_reference = NULL, reference_list = NULL, error = NULL
WHERE subject_id = :subject_id
AND id = :id
""")

MARK_FAILED = Statement("""
UPDATE erasure_steps
SET state = 'FAILED', error = :error, next_attempt_at = NULL
WHERE subject_id = :subject_id
AND id = :id
""")


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, ErasureStepRow]:
    """Return the steps with these ids."""
    return RowByKey((row[0], ErasureStepRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


@reads(OF_REQUESTS)
async def of_requests(
    connection: Connection, ids: Sequence[UUID], system: str | None = None
) -> RowsByKey[UUID, ErasureStepRow]:
    """Return the steps of each request, ordered by system; only those of ``system`` unless it is None."""
    groups: RowsByKey[UUID, ErasureStepRow] = RowsByKey()
    for row in await OF_REQUESTS.rows(connection, ids=as_list(ids), system=system):
        groups.add(row[1], ErasureStepRow._make(row))
    return groups


@reads(OF_SYSTEM, OF_SYSTEM_IN_STATE)
async def of_system(
    connection: Connection, keys: Sequence[Any], page: PageRequest
) -> Mapping[Any, Page[ErasureStepRow]]:
    """Return a page of steps for each key (system, state or None), the oldest step first."""
    pages = {}
    for system, state in keys:
        statement = OF_SYSTEM if state is None else OF_SYSTEM_IN_STATE
        own = {"system": system, "state": state}
        pages[system, state] = await read_page(connection, statement, ErasureStepRow._make, page, **own)
    return pages


async def complete_erasure_step(unit: UnitOfWork, step_id: UUID, records_erased: int) -> UUID:
    """Mark a step as DONE, once. Raise BAD_INPUT for a count outside 0 to MAX_RECORDS, or NOT_FOUND."""
    if not 0 <= records_erased <= MAX_RECORDS:
        raise BadInput("recordsErased", "it is not a count")
    step = await _lock(unit, step_id)
    if step.state != StepState.DONE:
        own, actor = {"subject_id": step.subject_id, "id": step_id}, unit.actor.name
        await MARK_DONE.run(unit.connection, **own, at=unit.at, actor=actor, records=records_erased)
        await MARK_SETTLED.run(unit.connection, subject_id=step.subject_id, request_id=step.request_id)
    return step_id


async def fail_erasure_step(unit: UnitOfWork, step_id: UUID, error: str) -> UUID:
    """Mark a step as FAILED with the system's error text. Raise STATE_CONFLICT when the step is already DONE."""
    message = replace_card_number(validation.single_line(error, "error", ERROR_LENGTH))
    step = await _lock(unit, step_id)
    if step.state == StepState.DONE:
        raise StateConflict(argument="id")
    key = await unit.keyring.key_of(step.request_id)
    await MARK_FAILED.run(unit.connection, subject_id=step.subject_id, id=step_id, error=ERROR.encrypt(key, message))
    return step_id


class _LockedStep(NamedTuple):
    """A step whose request is locked."""

    subject_id: UUID
    request_id: UUID
    state: str


async def _lock(unit: UnitOfWork, step_id: UUID) -> _LockedStep:
    """Lock the step's request and return the step. Raise NOT_FOUND, or FORBIDDEN for a step of another system."""
    row = await LOCK_REQUEST.row(unit.connection, id=step_id)
    if row is None:
        raise NotFound(argument="id")
    step_access.require_own(unit.actor, row["system"], "id")
    unit.subject_ids.append(row["subject_id"])
    state = await STATE.value(unit.connection, subject_id=row["subject_id"], id=step_id)
    return _LockedStep(row["subject_id"], row["request_id"], state)
