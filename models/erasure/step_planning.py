"""Planning of erasure steps: one for each system that holds the person, with the references that it knows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey
from models.erasure import holders, step_references, steps
from models.erasure import systems as registered_systems
from models.erasure.holders import Holder
from models.erasure.step_references import MAX_REFERENCES
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement


class PlannedStep(NamedTuple):
    """A step to insert, with the references under which the system knows the person."""

    subject_id: UUID
    system: str
    references: Sequence[str]


INSERT_STEPS = Statement("""
INSERT INTO erasure_steps (
    subject_id, id, request_id, system, account_reference, reference_list, state, created_at, next_attempt_at,
    give_up_at
)
SELECT subject_id, id, request_id, system, reference, reference_list, 'PENDING', n.at,
    CASE WHEN has_webhook THEN n.at END, CASE WHEN has_webhook THEN n.at + CAST(:retry_period AS interval) END
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:request_ids AS uuid[]), CAST(:systems AS text[]),
    CAST(:references AS bytea[]), CAST(:reference_lists AS bytea[]), CAST(:has_webhook AS boolean[])
) AS planned (subject_id, id, request_id, system, reference, reference_list, has_webhook)
CROSS JOIN (SELECT clock_timestamp() AS at) AS n
""")


async def plan_steps(
    connection: Connection,
    requests: Mapping[UUID, UUID],
    keys: Mapping[UUID, DataKey],
    subject_keys: Mapping[UUID, DataKey | None],
) -> None:
    """Insert a step for each system that holds the person; several for more than MAX_REFERENCES references.

    ``requests`` are the request ids by subject id; ``keys`` are the requests' keys. A step has no references where
    the person's key is destroyed.
    """
    planned = [
        PlannedStep(holder.subject_id, holder.system, references)
        for holder in await holders.find_holders(connection, list(requests))
        for references in _split(holder, subject_keys.get(holder.subject_id))
    ]
    await _insert_steps(connection, requests, planned, keys)


async def plan_steps_without_references(
    connection: Connection, requests: Mapping[UUID, UUID], systems: Mapping[UUID, Iterable[str]]
) -> None:
    """Insert one step for each of the systems of a person whose key is destroyed: no reference is readable.

    ``requests`` are the request ids by subject id; ``systems`` are the names of the systems by subject id.
    """
    planned = [PlannedStep(subject_id, system, ()) for subject_id, names in systems.items() for system in sorted(names)]
    await _insert_steps(connection, requests, planned, {})


def _split(holder: Holder, key: DataKey | None) -> list[Sequence[str]]:
    """Return the references of a holder in lists of at most MAX_REFERENCES; one empty list when there are none."""
    references = holder.decrypt_references(key)
    return [references[start : start + MAX_REFERENCES] for start in range(0, len(references), MAX_REFERENCES)] or [()]


async def _insert_steps(
    connection: Connection,
    requests: Mapping[UUID, UUID],
    planned: Sequence[PlannedStep],
    keys: Mapping[UUID, DataKey],
) -> None:
    registered: Sequence[registered_systems.SystemRow] = (await registered_systems.all_systems(connection, []))[None]
    with_webhook = {system.name for system in registered if system.webhook_url}
    encrypted = [
        step_references.encrypt_references(keys[requests[step.subject_id]], step.references)
        if step.references
        else (None, None)
        for step in planned
    ]
    await INSERT_STEPS.run(
        connection,
        subject_ids=[step.subject_id for step in planned],
        ids=[new_id() for _ in planned],
        request_ids=[requests[step.subject_id] for step in planned],
        systems=[step.system for step in planned],
        references=[first for first, _ in encrypted],
        reference_lists=[every for _, every in encrypted],
        has_webhook=[step.system in with_webhook for step in planned],
        retry_period=steps.RETRY_PERIOD,
    )
