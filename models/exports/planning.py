"""Planning of exports: the key of the export, and a step for each internal system that holds the person."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from models.encryption import export_keys
from models.encryption.keyring import Keyring
from models.erasure import holders
from models.erasure.step_references import MAX_REFERENCES
from models.exports.steps import REFERENCE_LIST
from models.storage.database import Database
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement

LOCK_UNPLANNED = Statement("""
SELECT r.subject_id, r.id
FROM subjects AS s
JOIN rights_requests AS r ON r.subject_id = s.id
WHERE r.kind IN ('ACCESS', 'PORTABILITY')
AND r.state = 'IN_PROGRESS'
AND r.verified_at IS NOT NULL
AND NOT EXISTS (SELECT FROM exports AS e WHERE e.subject_id = r.subject_id AND e.request_id = r.id)
ORDER BY r.verified_at, r.id
LIMIT :most
FOR UPDATE OF s, r SKIP LOCKED
""")

INSERT_EXPORT = Statement("""
INSERT INTO exports (subject_id, request_id, planned_at)
VALUES (:subject_id, :request_id, clock_timestamp())
""")

INSERT_STEP = Statement("""
INSERT INTO export_steps (subject_id, id, request_id, system, reference_list, state, created_at, next_attempt_at)
SELECT :subject_id, :id, :request_id, :system, :references, 'PENDING', n.at,
    CASE WHEN EXISTS (SELECT FROM systems WHERE name = :system AND webhook_url IS NOT NULL) THEN n.at END
FROM (SELECT clock_timestamp() AS at) AS n
""")


async def plan_exports(database: Database, keyring: Keyring, most: int) -> int:
    """Plan the exports of at most ``most`` requests whose identity is proved. Return how many."""
    async with database.transaction() as connection:
        rows = await LOCK_UNPLANNED.rows(connection, most=most)
        if not rows:
            return 0
        # The key is committed before anything is encrypted with it. A key without an export does no harm.
        await export_keys.create_many(keyring, [row["id"] for row in rows])
        request_ids = {row["subject_id"]: [] for row in rows}  # type: dict[UUID, list[UUID]]
        for row in rows:
            request_ids[row["subject_id"]].append(row["id"])
            await INSERT_EXPORT.run(connection, subject_id=row["subject_id"], request_id=row["id"])
        await _insert_steps(connection, keyring, request_ids)
    return len(rows)


async def _insert_steps(connection: Connection, keyring: Keyring, request_ids: dict[UUID, list[UUID]]) -> None:
    async with keyring.pool.acquire() as ring:
        keys = await keyring.of_subjects(ring, [*request_ids])
    for holder in await holders.find_holders(connection, [*request_ids]):
        key = keys[holder.subject_id]
        for references in split(holder.decrypt_references(key)):
            for request_id in request_ids[holder.subject_id]:
                await INSERT_STEP.run(
                    connection,
                    subject_id=holder.subject_id,
                    id=new_id(),
                    request_id=request_id,
                    system=holder.system,
                    references=REFERENCE_LIST.encrypt(key, orjson.dumps(references).decode()) if key else None,
                )


def split(references: Sequence[str]) -> list[Sequence[str]]:
    """Return the references in lists of at most MAX_REFERENCES; one empty list when there are none."""
    return [references[start : start + MAX_REFERENCES] for start in range(0, len(references), MAX_REFERENCES)] or [()]
