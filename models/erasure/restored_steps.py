"""The steps of other systems after a replay: open ones are planned again, done ones are as the certificate states."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from models.erasure import certificates, holders, step_planning
from models.erasure.ledger import LedgerEntry
from models.erasure.ledger_facts import ErasureFacts
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement


class DoneStep(NamedTuple):
    """A step that a system had completed. ``records`` is None where the certificate lacks the step."""

    subject_id: UUID
    id: UUID
    request_id: UUID
    system: str
    completed_at: datetime
    records: int | None


OF_REQUESTS = Statement("""
SELECT request_id, system, id
FROM erasure_steps
WHERE request_id = ANY(:ids)
ORDER BY request_id, system, id
""")

RESTORE = Statement("""
INSERT INTO erasure_steps (
    subject_id, id, request_id, system, state, created_at, completed_at, completed_by, records_erased
)
SELECT subject_id, id, request_id, system, 'DONE', completed_at, completed_at, 'erasure ledger', records
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:request_ids AS uuid[]), CAST(:systems AS text[]),
    CAST(:completed_at AS timestamptz[]), CAST(:records AS integer[])
) AS s (subject_id, id, request_id, system, completed_at, records)
ON CONFLICT (subject_id, id) DO UPDATE
SET state = 'DONE', completed_at = excluded.completed_at, completed_by = excluded.completed_by,
    records_erased = excluded.records_erased, next_attempt_at = NULL, account_reference = NULL, reference_list = NULL,
    error = NULL
""")


async def plan_open_steps(connection: Connection, entries: Sequence[LedgerEntry]) -> None:
    """Plan a step for each system of an uncompleted erasure that has none: no reference is readable any more.

    The ledger knows systems that the restored database does not know yet.
    """
    existing = await _existing(connection, [entry.request_id for entry in entries])
    requests = {entry.subject_id: entry.request_id for entry in entries}
    unplanned = [entry.subject_id for entry in entries if entry.request_id not in existing]
    systems = {entry.subject_id: {*(entry.systems or ())} for entry in entries}
    for holder in await holders.find_holders(connection, unplanned):
        systems[holder.subject_id].add(holder.system)
    for subject_id, request_id in requests.items():
        systems[subject_id] -= existing.get(request_id, {}).keys()
    await step_planning.plan_steps_without_references(connection, requests, systems)


async def restore_done_steps(connection: Connection, completed: Sequence[ErasureFacts]) -> None:
    """Restore the steps of completed erasures: counts and times as their certificates state them."""
    existing = await _existing(connection, [facts.request_id for facts in completed])
    rows = [row for facts in completed for row in _done_steps(facts, existing.get(facts.request_id, {}))]
    await RESTORE.run(
        connection,
        subject_ids=[row.subject_id for row in rows],
        ids=[row.id for row in rows],
        request_ids=[row.request_id for row in rows],
        systems=[row.system for row in rows],
        completed_at=[row.completed_at for row in rows],
        records=[row.records for row in rows],
    )


async def _existing(connection: Connection, request_ids: list[UUID]) -> dict[UUID, dict[str, list[UUID]]]:
    """Return the ids of the steps of each request by system."""
    existing: dict[UUID, dict[str, list[UUID]]] = {}
    for request_id, system, step_id in await OF_REQUESTS.rows(connection, ids=request_ids):
        existing.setdefault(request_id, {}).setdefault(system, []).append(step_id)
    return existing


def _done_steps(facts: ErasureFacts, existing: Mapping[str, Sequence[UUID]]) -> list[DoneStep]:
    """Return the steps of one erasure, those that the restored database has under their ids."""
    assert facts.certificate  # noqa: S101 -- a completed erasure has a certificate
    assert facts.completed_at  # noqa: S101
    claims: dict[str, Any] = certificates.read_claims(facts.certificate)
    remaining = {system: list(ids) for system, ids in existing.items()}
    steps = []
    for step in claims.get("systems", ()):
        ids = remaining.get(step["system"])
        step_id = ids.pop(0) if ids else new_id()
        completed_at = datetime.fromisoformat(step["completedAt"])
        steps.append(
            DoneStep(facts.subject_id, step_id, facts.request_id, step["system"], completed_at, step["recordsErased"])
        )
    steps += [
        DoneStep(facts.subject_id, step_id, facts.request_id, system, facts.completed_at, None)
        for system, ids in remaining.items()
        for step_id in ids
    ]
    return steps
