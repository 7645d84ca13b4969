"""Erasure plans: what erasing a person would destroy, where, and what would stay and why. They change nothing."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import orjson

from models.erasure import scope, systems
from models.erasure.retention import RetainedRow
from models.erasure.scope import SERVICE_NAME
from models.storage.clock import now
from models.storage.ids import Prefix, format_id
from models.storage.statement import Connection, RowByKey, Statement, as_list


class PlanItemRow(NamedTuple):
    """One thing that would go: in which system, what, and how many records where that is known."""

    system: str
    what: str
    records: int


class PlanRow(NamedTuple):
    """What would become of one person."""

    subject_id: UUID
    hash: str
    items: list[PlanItemRow]
    retained: list[RetainedRow]


ACCOUNTS = Statement("""
SELECT subject_id, system, count(*)
FROM accounts
WHERE subject_id = ANY(:ids)
GROUP BY subject_id, system
ORDER BY subject_id, system
""")


async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, PlanRow]:
    """Give the plan of each person."""
    ids = as_list(ids)
    counts = await scope.count_targets(connection, ids)
    kept = await scope.count_retained(connection, ids)
    always = [row.name for row in (await systems.all_systems(connection, []))[None] if row.is_always_concerned]
    told: dict[UUID, dict[str, int]] = {subject_id: dict.fromkeys(always, 0) for subject_id in ids}
    for subject_id, system, count in await ACCOUNTS.rows(connection, ids=ids):
        told[subject_id][system] = count
    today = now().date()
    plans: RowByKey[UUID, PlanRow] = RowByKey()
    for subject_id in ids:
        items = [PlanItemRow(SERVICE_NAME, what, count) for what, count in counts[subject_id].items()]
        items.append(PlanItemRow(SERVICE_NAME, "the key that opens every copy, in backups too", 1))
        items += [
            PlanItemRow(system, "everything under the person's accounts there", count)
            for system, count in sorted(told[subject_id].items())
        ]
        retained = scope.retained_rows(kept[subject_id], today)
        plans[subject_id] = PlanRow(subject_id, _hash(subject_id, items, retained), items, retained)
    return plans


def _hash(subject_id: UUID, items: list[PlanItemRow], retained: list[RetainedRow]) -> str:
    """Hash what a plan says, so that whoever agreed to it need not agree to another.

    What comes and goes by itself is left out: asking for the erasure posts letters of its own, and a worker sends them.
    So is until when something stays, which a plan that is agreed to in another year would have otherwise.
    """
    lasting = [[*row] for row in items if row.what not in scope.TRANSIENT]
    said = [format_id(Prefix.SUBJECT, subject_id), lasting, [row[:2] for row in retained]]
    return hashlib.sha256(orjson.dumps(said, default=list)).hexdigest()
