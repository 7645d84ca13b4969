"""Planning of erasure steps: which internal systems take part in an erasure, and how each knows the person."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey
from models.erasure import steps, systems
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement
from models.subjects.accounts import REFERENCE as ACCOUNT_REFERENCE


class PlannedStep(NamedTuple):
    """A step to insert. ``reference`` is encrypted, under the person's key or the request's."""

    subject_id: UUID
    system: str
    reference: bytes | None


ACCOUNTS = Statement("""
SELECT subject_id, system, reference
FROM accounts
WHERE subject_id = ANY(:ids)
ORDER BY subject_id, system, added_at, id
""")

INSERT_STEPS = Statement("""
INSERT INTO erasure_steps (
    subject_id, id, request_id, system, account_reference, state, created_at, next_attempt_at, give_up_at
)
SELECT subject_id, id, request_id, system, reference, 'PENDING', n.at,
    CASE WHEN has_webhook THEN n.at END, CASE WHEN has_webhook THEN n.at + CAST(:retry_period AS interval) END
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:request_ids AS uuid[]), CAST(:systems AS text[]),
    CAST(:references AS bytea[]), CAST(:has_webhook AS boolean[])
) AS planned (subject_id, id, request_id, system, reference, has_webhook)
CROSS JOIN (SELECT clock_timestamp() AS at) AS n
""")


async def plan_steps(
    connection: Connection,
    requests: Mapping[UUID, UUID],
    keys: Mapping[UUID, DataKey],
    subject_keys: Mapping[UUID, DataKey | None],
) -> None:
    """Insert a step for each account, and for each always concerned system in which the person has no account.

    ``requests`` are the request ids by subject id; ``keys`` are the requests' keys. An account whose subject key is
    destroyed gets a step without a reference.
    """
    planned = []
    for step in await _account_steps(connection, requests):
        subject_key = subject_keys.get(step.subject_id)
        reference = ACCOUNT_REFERENCE.decrypt(subject_key, step.reference) if subject_key and step.reference else None
        encrypted = steps.REFERENCE.encrypt(keys[requests[step.subject_id]], reference) if reference else None
        planned.append(step._replace(reference=encrypted))
    await _insert_steps(connection, requests, planned)


async def plan_steps_without_references(connection: Connection, requests: Mapping[UUID, UUID]) -> None:
    """Insert one step for each concerned system. The person's key is destroyed: no account can be read."""
    accounts = await _account_steps(connection, requests)
    await _insert_steps(connection, requests, dict.fromkeys(step._replace(reference=None) for step in accounts))


async def _account_steps(connection: Connection, requests: Mapping[UUID, UUID]) -> list[PlannedStep]:
    return [PlannedStep._make(row) for row in await ACCOUNTS.rows(connection, ids=list(requests))]


async def _insert_steps(
    connection: Connection, requests: Mapping[UUID, UUID], account_steps: Iterable[PlannedStep]
) -> None:
    """Insert the steps of accounts, and add those of the always concerned systems."""
    planned = list(account_steps)
    registered: Sequence[systems.SystemRow] = (await systems.all_systems(connection, []))[None]
    with_webhook = {system.name for system in registered if system.webhook_url}
    with_account = {(step.subject_id, step.system) for step in planned}
    planned += [
        PlannedStep(subject_id, system.name, None)
        for subject_id in requests
        for system in registered
        if system.is_always_concerned and (subject_id, system.name) not in with_account
    ]
    await INSERT_STEPS.run(
        connection,
        subject_ids=[step.subject_id for step in planned],
        ids=[new_id() for _ in planned],
        request_ids=[requests[step.subject_id] for step in planned],
        systems=[step.system for step in planned],
        references=[step.reference for step in planned],
        has_webhook=[step.system in with_webhook for step in planned],
        retry_period=steps.RETRY_PERIOD,
    )
