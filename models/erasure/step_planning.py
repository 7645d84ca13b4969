"""Which systems have to take part in an erasure, and what each of them calls the person."""

from collections.abc import Mapping
from uuid import UUID

from models.encryption.encrypted_column import DataKey
from models.erasure import steps, systems
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement
from models.subjects.accounts import REFERENCE as ACCOUNT_REFERENCE

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
    CASE WHEN is_told THEN n.at END, CASE WHEN is_told THEN n.at + CAST(:patience AS interval) END
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:request_ids AS uuid[]), CAST(:systems AS text[]),
    CAST(:references AS bytea[]), CAST(:told AS boolean[])
) AS fresh (subject_id, id, request_id, system, reference, is_told)
CROSS JOIN (SELECT clock_timestamp() AS at) AS n
""")


async def plan_steps(
    connection: Connection,
    waiting: Mapping[UUID, UUID],
    keys: Mapping[UUID, DataKey],
    people: Mapping[UUID, DataKey],
) -> None:
    """Make a step for each account, and for each system that is always concerned and knows the person by none."""
    listed = (await systems.all_systems(connection, []))[None]
    told = {system.name for system in listed if system.webhook_url}
    wanted: list[tuple[UUID, str, bytes | None]] = []
    for subject_id, system, sealed in await ACCOUNTS.rows(connection, ids=list(waiting)):
        person = people.get(subject_id)
        reference = ACCOUNT_REFERENCE.decrypt(person, sealed) if person else None
        kept = steps.REFERENCE.encrypt(keys[waiting[subject_id]], reference) if reference else None
        wanted.append((subject_id, system, kept))
    known = {(subject_id, system) for subject_id, system, _ in wanted}
    wanted += [
        (subject_id, system.name, None)
        for subject_id in waiting
        for system in listed
        if system.is_always_concerned and (subject_id, system.name) not in known
    ]
    await INSERT_STEPS.run(
        connection,
        subject_ids=[row[0] for row in wanted],
        ids=[new_id() for _ in wanted],
        request_ids=[waiting[row[0]] for row in wanted],
        systems=[row[1] for row in wanted],
        references=[row[2] for row in wanted],
        told=[row[1] in told for row in wanted],
        patience=steps.RETRY_PERIOD,
    )
