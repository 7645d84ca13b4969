"""Access events: who looked at, changed, or was refused which fields of whom, for which case. Never a value."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index

from models.actors import Actor, Role
from models.base import Fate, Id, Moment, Table, Text, new_id, one_of, stored
from models.database import Connection, Many, One, Statement, as_list
from models.pages import PageOf, Slice, sliced


class AccessAction(StrEnum):
    """What was done."""

    READ = "READ"
    WRITE = "WRITE"
    REFUSED = "REFUSED"
    GRANT = "GRANT"


class AccessEvent(Table, table=True):
    """One look at a person, one deed, or one refusal."""

    __tablename__ = "access_events"
    __table_args__ = (
        one_of("action", AccessAction),
        one_of("role", Role),
        CheckConstraint("case_reference ~ '^[A-Za-z0-9#\\:_/-]{3,64}$'", name="case_is_a_reference"),
        CheckConstraint("operation ~ '^[_A-Za-z][_0-9A-Za-z]{0,63}$'", name="operation_is_a_name"),
        Index("access_events_of_subject", "subject_id", "at", "id"),
        Index("access_events_of_actor", "actor", "at", "id"),
        Index("access_events_by_time", "at", "id"),
    )

    id: UUID = stored(Id, Fate.KEPT, primary_key=True)
    at: datetime = stored(Moment, Fate.KEPT)
    actor: str = stored(Text, Fate.KEPT)
    role: str = stored(Text, Fate.KEPT)
    case_reference: str | None = stored(Text, Fate.KEPT, nullable=True)
    subject_id: UUID | None = stored(Id, Fate.KEPT, nullable=True)
    action: str = stored(Text, Fate.KEPT)
    fields: list[str] = stored(ARRAY(Text), Fate.KEPT)
    operation: str | None = stored(Text, Fate.KEPT, nullable=True)


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


NOTE = Statement("""
INSERT INTO access_events (id, at, actor, role, case_reference, subject_id, action, fields, operation)
SELECT id, at, actor, role, case_reference, subject_id, action, string_to_array(fields, ' '), operation
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:at AS timestamptz[]), CAST(:actors AS text[]), CAST(:roles AS text[]),
    CAST(:cases AS text[]), CAST(:subjects AS uuid[]), CAST(:actions AS text[]), CAST(:fields AS text[]),
    CAST(:operations AS text[])
) AS fresh (id, at, actor, role, case_reference, subject_id, action, fields, operation)
""")

OF_SUBJECTS = Statement("""
SELECT page.*
FROM unnest(CAST(:ids AS uuid[])) AS asked (subject_id)
CROSS JOIN LATERAL (
    SELECT e.id, e.at, e.actor, e.role, e.case_reference, e.subject_id, e.action, e.fields, e.operation
    FROM access_events AS e
    WHERE e.subject_id = asked.subject_id
    AND (CAST(:after_at AS timestamptz) IS NULL OR (e.at, e.id) < (:after_at, CAST(:after_id AS uuid)))
    ORDER BY e.at DESC, e.id DESC
    LIMIT :first
) AS page
""")

# Every filter is optional; the newest events come first.
FOUND = Statement("""
SELECT e.id, e.at, e.actor, e.role, e.case_reference, e.subject_id, e.action, e.fields, e.operation
FROM access_events AS e
WHERE (CAST(:subject_id AS uuid) IS NULL OR e.subject_id = :subject_id)
AND (CAST(:actor AS text) IS NULL OR e.actor = :actor)
AND (CAST(:since AS timestamptz) IS NULL OR e.at >= :since)
AND (CAST(:after_at AS timestamptz) IS NULL OR (e.at, e.id) < (:after_at, CAST(:after_id AS uuid)))
ORDER BY e.at DESC, e.id DESC
LIMIT :first
""")


def written(actor: Actor, subject_id: UUID | None, verb: str, operation: str | None, at: datetime) -> AccessEventRow:
    """Make the event of one deed."""
    return AccessEventRow(
        new_id(), at, actor.name, actor.role, actor.case, subject_id, AccessAction.WRITE, (verb,), operation
    )


async def note(connection: Connection, events: Sequence[AccessEventRow]) -> None:
    """Write events, all in one statement."""
    ids, at, actors, roles, cases, subjects, actions, fields, operations = zip(*events, strict=True)
    await NOTE.run(
        connection,
        ids=ids,
        at=at,
        actors=actors,
        roles=[str(role) for role in roles],
        cases=cases,
        subjects=subjects,
        actions=actions,
        fields=[" ".join(names) for names in fields],
        operations=operations,
    )


async def recorded(connection: Connection, events: Sequence[AccessEventRow]) -> One[AccessEventRow, None]:
    """Write events, committed when this returns, so that the answers which wait for them may leave."""
    await note(connection, events)
    return One()


async def of_subjects(
    connection: Connection, ids: Sequence[UUID], page: PageOf
) -> Mapping[UUID, Slice[AccessEventRow]]:
    """Give a page of each person's events, the newest first."""
    after_at, after_id = page.after or (None, None)
    groups: Many[UUID, AccessEventRow] = Many()
    rows = await OF_SUBJECTS.rows(
        connection, ids=as_list(ids), after_at=after_at, after_id=after_id, first=page.first + 1
    )
    for row in rows:
        groups.add(row[5], AccessEventRow._make(row))
    return {subject_id: sliced(groups[subject_id], page) for subject_id in ids}


async def found(connection: Connection, keys: Sequence[Any], page: PageOf) -> Mapping[Any, Slice[AccessEventRow]]:
    """Give a page of the events that fit; a key is (person or None, actor or None, since or None)."""
    after_at, after_id = page.after or (None, None)
    pages = {}
    for subject_id, actor, since in keys:
        rows = await FOUND.rows(
            connection,
            subject_id=subject_id,
            actor=actor,
            since=since,
            after_at=after_at,
            after_id=after_id,
            first=page.first + 1,
        )
        pages[subject_id, actor, since] = sliced([AccessEventRow._make(row) for row in rows], page)
    return pages
