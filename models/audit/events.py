"""Access events: who looked at, changed, or was refused which fields of whom, for which case. Never a value."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Integer, bindparam, select, text, tuple_

from models.actors import Actor, Role
from models.storage.clock import now
from models.storage.columns import APPEND_ONLY, Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.ids import new_id
from models.storage.pagination import Page, PageRequest, page_of
from models.storage.statement import Connection, RowByKey, RowsByKey, Statement, as_list


class AccessAction(StrEnum):
    """What was done."""

    READ = "READ"
    WRITE = "WRITE"
    REFUSED = "REFUSED"
    GRANT = "GRANT"


PLACE: Final = text(
    "CAST(CAST(GREATEST(pg_current_xact_id(), pg_snapshot_xmax(pg_current_snapshot())) AS text) AS bigint)"
)
"""Where an event stands in the record: at the newest transaction that there is when it is written."""


class AccessEvent(Table, table=True):
    """One look at a person, one deed, or one refusal."""

    __tablename__ = "access_events"
    __table_args__ = (
        enum_check("action", AccessAction),
        enum_check("role", Role),
        # Counted repetitions, {3,64}, would cost ten times as much, and each event is checked.
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
    written_in: int = column(BigInteger, ErasureAction.KEPT, server_default=PLACE)


class EventFilter(NamedTuple):
    """Which events are looked for; None is any."""

    subject_id: UUID | None
    actor: str | None
    since: datetime | None


class AccessEventRow(NamedTuple):
    """An access event as it is read."""

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


class EventTemplate(NamedTuple):
    """What events that are alike have in common: who did what, to which fields, through which operation."""

    actor: Actor
    action: AccessAction
    fields: tuple[str, ...]
    """In their order of the alphabet."""
    operation: str | None = None
    operation_hash: bytes | None = None
    grant_id: UUID | None = None


class EventGroup:
    """Events that are to be written: one of each of these people, or of None, on the same occasion.

    No two entries are equal, so that each is written, whatever it says.
    """

    __slots__ = ("occasion", "subject_ids")

    def __init__(self, occasion: EventTemplate, subject_ids: Iterable[UUID | None]) -> None:
        self.occasion = occasion
        self.subject_ids = [*subject_ids]


# All events go out as one text: eleven arrays of them cost the driver half as much again. What many have in common,
# as those have who look at the same moment in the same way, stands in it once.
NOTE = Statement("""
INSERT INTO access_events
    (id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id)
SELECT each.id, each.at, actor, role, case_reference, each.subject_id, action, fields, operation, operation_hash,
    grant_id
FROM json_to_recordset(CAST(:alike AS json)) AS alike (
    actor text, role text, case_reference text, action text, fields text[], operation text, operation_hash bytea,
    grant_id uuid, ids uuid[], ats timestamptz[], subject_ids uuid[]
)
CROSS JOIN LATERAL unnest(alike.ids, alike.ats, alike.subject_ids) AS each (id, at, subject_id)
""")

OF_SUBJECTS = Statement("""
SELECT page.*
FROM unnest(CAST(:ids AS uuid[])) AS asked (subject_id)
CROSS JOIN LATERAL (
    SELECT e.id, e.at, e.actor, e.role, e.case_reference, e.subject_id, e.action, e.fields, e.operation,
        e.operation_hash, e.grant_id
    FROM access_events AS e
    WHERE e.subject_id = asked.subject_id
    AND (e.at, e.id) < (COALESCE(CAST(:after_at AS timestamptz), 'infinity'), CAST(:after_id AS uuid))
    ORDER BY e.at DESC, e.id DESC
    LIMIT :first
) AS page
""")

OF_GRANTS = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id
FROM access_events
WHERE grant_id = ANY(:ids)
ORDER BY at, id
""")


def _found(*filters: str) -> Statement:
    """Give the statement for some filters: each combination has its own, so that each uses its own index."""
    event: Any = AccessEvent
    clauses = {
        "subject_id": event.subject_id == bindparam("subject_id", type_=Uuid),
        "actor": event.actor == bindparam("actor", type_=Text),
        "since": event.at >= bindparam("since", type_=Timestamp),
        "after": tuple_(event.at, event.id)
        < tuple_(bindparam("after_at", type_=Timestamp), bindparam("after_id", type_=Uuid)),
    }
    return Statement(
        select(
            event.id,
            event.at,
            event.actor,
            event.role,
            event.case_reference,
            event.subject_id,
            event.action,
            event.fields,
            event.operation,
            event.operation_hash,
            event.grant_id,
        )
        .where(*(clauses[name] for name in filters))
        .order_by(event.at.desc(), event.id.desc())
        .limit(bindparam("first", type_=Integer))
    )


_FILTERS = ("subject_id", "actor", "since", "after")
FOUND = {chosen: _found(*chosen) for size in range(5) for chosen in combinations(_FILTERS, size)}
"""How events are found, the newest first, by the filters that are given."""


async def record_group(connection: Connection, *entries: EventGroup) -> None:
    """Write the events of entries, which are of now, all in one statement."""
    await NOTE.run(connection, alike=orjson.dumps([*map(_written, entries)]).decode())


def _written(entry: EventGroup) -> dict[str, Any]:
    """Give an entry as the statement takes it."""
    actor, action, fields, operation, operation_hash, grant_id = entry.occasion
    people = entry.subject_ids
    return {
        "actor": actor.name,
        "role": actor.role,
        "case_reference": actor.case,
        "action": action,
        "fields": fields,
        "operation": operation,
        "operation_hash": operation_hash and rf"\x{operation_hash.hex()}",
        "grant_id": grant_id and grant_id.hex,
        "ids": [new_id().hex for _ in people],
        "ats": [now() for _ in people],
        "subject_ids": [one and one.hex for one in people],
    }


async def record_groups(connection: Connection, entries: Sequence[EventGroup]) -> RowByKey[EventGroup, None]:
    """Write entries, committed when this returns, so that the answers which wait for them may leave."""
    await record_group(connection, *entries)
    return RowByKey()


async def of_subjects(
    connection: Connection, ids: Sequence[UUID], page: PageRequest
) -> Mapping[UUID, Page[AccessEventRow]]:
    """Give a page of each person's events, the newest first."""
    after_at, after_id = page.after or (None, None)
    groups: RowsByKey[UUID, AccessEventRow] = RowsByKey()
    rows = await OF_SUBJECTS.rows(
        connection, ids=as_list(ids), after_at=after_at, after_id=after_id, first=page.first + 1
    )
    for row in rows:
        groups.add(row[5], AccessEventRow._make(row))
    return {subject_id: page_of(groups[subject_id], page) for subject_id in ids}


async def of_grants(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, AccessEventRow]:
    """Give what was done about and under each grant, the oldest first."""
    groups: RowsByKey[UUID, AccessEventRow] = RowsByKey()
    for row in await OF_GRANTS.rows(connection, ids=as_list(ids)):
        groups.add(row["grant_id"], AccessEventRow._make(row))
    return groups


async def find_events(
    connection: Connection, keys: Sequence[EventFilter], page: PageRequest
) -> Mapping[EventFilter, Page[AccessEventRow]]:
    """Give a page of the events that fit each key, the newest first."""
    after_at, after_id = page.after or (None, None)
    pages = {}
    for wanted in keys:
        given = {**wanted._asdict(), "after": page.after}
        statement = FOUND[tuple(name for name in _FILTERS if given[name] is not None)]
        rows = await statement.rows(
            connection, **wanted._asdict(), after_at=after_at, after_id=after_id, first=page.first + 1
        )
        pages[wanted] = page_of([AccessEventRow._make(row) for row in rows], page)
    return pages
