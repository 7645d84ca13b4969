"""Erasure plans: what an erasure would delete, in which system, and what it would retain. Planning changes nothing."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import orjson

from models.erasure import holders, scope
from models.erasure.holders import Holder
from models.erasure.retention import EVERYTHING_HELD, RetainedRow
from models.erasure.scope import SERVICE_NAME
from models.retention import holds
from models.storage.clock import now
from models.storage.ids import Prefix, format_id
from models.storage.statement import Connection, RowByKey, as_list


class PlanItemRow(NamedTuple):
    """One kind of data that would be erased: the system, its name, and the number of records where it is known."""

    system: str
    what: str
    records: int


class PlanRow(NamedTuple):
    """The plan for one person."""

    subject_id: UUID
    hash: str
    items: list[PlanItemRow]
    retained: list[RetainedRow]


async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, PlanRow]:
    """Return the plan of each person."""
    ids = as_list(ids)
    counts = await scope.count_targets(connection, ids)
    retained_counts = await scope.count_retained(connection, ids)
    holders_by_subject: dict[UUID, list[Holder]] = {subject_id: [] for subject_id in ids}
    for holder in await holders.find_holders(connection, ids):
        holders_by_subject[holder.subject_id].append(holder)
    holds_by_subject = await holds.in_force(connection, ids)
    today = now().date()
    plans: RowByKey[UUID, PlanRow] = RowByKey()
    for subject_id in ids:
        items = [PlanItemRow(SERVICE_NAME, what, count) for what, count in counts[subject_id].items()]
        items.append(PlanItemRow(SERVICE_NAME, "the key that opens every copy, in backups too", 1))
        items += [
            PlanItemRow(holder.system, "everything under the person's accounts there", len(holder.references))
            for holder in holders_by_subject[subject_id]
        ]
        retained = scope.retained_rows(retained_counts[subject_id], today)
        if hold := holds_by_subject.get(subject_id):
            retained = [RetainedRow(EVERYTHING_HELD, hold.ground), *retained]
        plans[subject_id] = PlanRow(subject_id, _hash(subject_id, items, retained), items, retained)
    return plans


def _hash(subject_id: UUID, items: list[PlanItemRow], retained: list[RetainedRow]) -> str:
    """Return the SHA-256 hash of a plan, by which an erasure request can demand exactly this plan.

    The hash leaves out transient targets: requesting an erasure enqueues emails itself, and a worker sends them.
    It leaves out the end of retention, which differs when the plan is approved in another year.
    """
    lasting = [[*row] for row in items if row.what not in scope.TRANSIENT]
    content = [format_id(Prefix.SUBJECT, subject_id), lasting, [row[:2] for row in retained]]
    return hashlib.sha256(orjson.dumps(content, default=list)).hexdigest()
