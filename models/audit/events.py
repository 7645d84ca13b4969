"""Access events: which actor read, changed or was refused which fields of which person, for which case; no values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Integer, text

from models.actors import Actor, Role
from models.audit import known_systems
from models.storage.clock import now
from models.storage.columns import APPEND_ONLY, Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.ids import new_id
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.statement import Connection, RowByKey, RowsByKey, Statement, as_list, reads


class AccessAction(StrEnum):
    """The kind of access that an event records."""

    READ = "READ"
    WRITE = "WRITE"
    REFUSED = "REFUSED"
    GRANT = "GRANT"


LOG_POSITION: Final = text(
    "CAST(CAST(GREATEST(pg_current_xact_id(), pg_snapshot_xmax(pg_current_snapshot())) AS text) AS bigint)"
)
"""The position of an event in the audit log: the newest transaction id of the server when the event is written."""


class AccessEvent(Table, table=True):
    """One read of personal data, one mutation, or one refusal."""

    __tablename__ = "access_events"
    __table_args__ = (
        enum_check("action", AccessAction),
        enum_check("role", Role),
        # A counted repetition, {3,64}, takes ten times as long, and PostgreSQL checks each event.
        CheckConstraint(
            "case_reference ~ '^[A-Za-z0-9#\\:_/-]+$' AND octet_length(case_reference) BETWEEN 3 AND 64",
            name="case_is_a_reference",
        ),
        CheckConstraint(
            "operation ~ '^[_A-Za-z][_0-9A-Za-z]*$' AND octet_length(operation) <= 64", name="operation_is_a_name"
        ),
        Index("access_events_of_subject", "subject_id", "at", "id"),
        Index("access_events_of_actor", "actor", "at", "id"),
        CheckConstraint("octet_length(operation_hash) = 32", name="operation_hash_is_one"),
        Index("access_events_of_grant", "grant_id", "at", "id", postgresql_where=text("grant_id IS NOT NULL")),
        Index("access_events_by_commit", "written_in", "id"),
        APPEND_ONLY,
    )

    at: datetime = column(Timestamp, ErasureAction.KEPT, primary_key=True)
    id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    actor: str = column(Text, ErasureAction.KEPT)
    role: str = column(Text, ErasureAction.KEPT)
    case_reference: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    subject_id: UUID | None = column(Uuid, ErasureAction.KEPT, nullable=True)
    action: str = column(Text, ErasureAction.KEPT)
    fields: list[str] = column(ARRAY(Text), ErasureAction.KEPT)
    operation: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    operation_hash: bytes | None = column(Bytes, ErasureAction.KEPT, nullable=True)
    grant_id: UUID | None = column(Uuid, ErasureAction.KEPT, nullable=True)
    actor_identity: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    occurrences: int | None = column(Integer, ErasureAction.KEPT, nullable=True)
    written_in: int = column(BigInteger, ErasureAction.KEPT, server_default=LOG_POSITION)


class AccessEventRow(NamedTuple):
    """An access event as the queries return it."""

    id: UUID
    at: datetime
    actor: str
    role: str
    case: str | None
    subject_id: UUID | None
    action: str
    fields: tuple[str, ...]
    operation: str | None
    operation_hash: bytes | None = None
    grant_id: UUID | None = None
    actor_identity: str | None = None
    occurrences: int | None = None
    """How many refusals alike the event counts; None is one."""


class EventTemplate(NamedTuple):
    """What the events of a group share: the actor, the action, the fields and the operation."""

    actor: Actor
    action: AccessAction
    fields: tuple[str, ...]
    """Coordinates in alphabetical order."""
    operation: str | None = None
    operation_hash: bytes | None = None
    grant_id: UUID | None = None
    occurrences: int | None = None


class EventGroup:
    """Events to append: one for each person, or one for None, with a common template.

    Groups compare by identity, so that the batch loader appends each group even if another one has the same content.
    """

    __slots__ = ("subject_ids", "template")

    def __init__(self, template: EventTemplate, subject_ids: Iterable[UUID | None]) -> None:
        self.template = template
        self.subject_ids = [*subject_ids]


# All groups are sent as one JSON text: with thirteen arrays the driver needs half as much time again. The text holds
# the template of a group once.
INSERT_EVENTS = Statement("""
INSERT INTO access_events
    (id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id,
    actor_identity, occurrences)
SELECT each.id, each.at, actor, role, case_reference, each.subject_id, action, fields, operation, operation_hash,
    grant_id, actor_identity, occurrences
FROM json_to_recordset(CAST(:groups AS json)) AS event_group (
    actor text, role text, case_reference text, action text, fields text[], operation text, operation_hash bytea,
    grant_id uuid, actor_identity text, occurrences int, ids uuid[], ats timestamptz[], subject_ids uuid[]
)
CROSS JOIN LATERAL unnest(event_group.ids, event_group.ats, event_group.subject_ids) AS each (id, at, subject_id)
""")

OF_SUBJECTS = Statement("""
SELECT page.*
FROM unnest(CAST(:ids AS uuid[])) AS requested (subject_id)
CROSS JOIN LATERAL (
    SELECT e.id, e.at, e.actor, e.role, e.case_reference, e.subject_id, e.action, e.fields, e.operation,
        e.operation_hash, e.grant_id, e.actor_identity, e.occurrences
    FROM access_events AS e
    WHERE e.subject_id = requested.subject_id
    AND (e.at, e.id) < (COALESCE(CAST(:after_at AS timestamptz), 'infinity'), CAST(:after_id AS uuid))
    ORDER BY e.at DESC, e.id DESC
    LIMIT :first
) AS page
""")

OF_GRANTS = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id,
    actor_identity, occurrences
FROM access_events
WHERE grant_id = ANY(:ids)
ORDER BY at, id
""")


async def append(connection: Connection, groups: Sequence[EventGroup]) -> RowByKey[EventGroup, None]:
    """Append the events of all groups, which happened now, and record the systems of their actors. Return nothing."""
    accesses = [group for group in groups if group.template.action in {AccessAction.READ, AccessAction.WRITE}]
    await known_systems.record_systems(connection, [(each.template.actor, each.subject_ids) for each in accesses])
    await INSERT_EVENTS.run(connection, groups=orjson.dumps([*map(_group_row, groups)]).decode())
    return RowByKey()


def _group_row(group: EventGroup) -> dict[str, Any]:
    """Return a group in the form that INSERT_EVENTS reads."""
    actor, action, fields, operation, operation_hash, grant_id, occurrences = group.template
    return {
        "actor": actor.name,
        "role": actor.role,
        "case_reference": actor.case,
        "action": action,
        "fields": fields,
        "operation": operation,
        "operation_hash": operation_hash and rf"\x{operation_hash.hex()}",
        "grant_id": grant_id and grant_id.hex,
        "actor_identity": actor.identity,
        "occurrences": occurrences,
        "ids": [new_id().hex for _ in group.subject_ids],
        "ats": [now() for _ in group.subject_ids],
        "subject_ids": [subject_id and subject_id.hex for subject_id in group.subject_ids],
    }


@reads(OF_SUBJECTS)
async def of_subjects(
    connection: Connection, ids: Sequence[UUID], page: PageRequest
) -> Mapping[UUID, Page[AccessEventRow]]:
    """Return a page of the events of each person, the newest first."""
    after_at, after_id = page.after or (None, None)
    groups: RowsByKey[UUID, AccessEventRow] = RowsByKey()
    rows = await OF_SUBJECTS.rows(
        connection, ids=as_list(ids), after_at=after_at, after_id=after_id, first=page.first + 1
    )
    for row in rows:
        groups.add(row[5], AccessEventRow._make(row))
    return {subject_id: build_page(groups[subject_id], page) for subject_id in ids}


async def of_grants(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, AccessEventRow]:
    """Return the events that concern each access grant, the oldest first."""
    groups: RowsByKey[UUID, AccessEventRow] = RowsByKey()
    for row in await OF_GRANTS.rows(connection, ids=as_list(ids)):
        groups.add(row["grant_id"], AccessEventRow._make(row))
    return groups
