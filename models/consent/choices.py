"""The check of current choices: the row of each person agrees with the stored choices and with the ledger."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from models.storage.database import Database
from models.storage.statement import Statement

BATCH_SIZE: Final = 1000
"""People whom one statement compares."""

NEXT_SUBJECTS = Statement("""
SELECT id
FROM subjects
WHERE id > :after
ORDER BY id
LIMIT :most
""")

# The event that counts has the latest time, a refusal at equal times, then the highest sequence. A grant from before
# the last repetition of a refusal does not count. An erasure keeps the ledger and deletes the choices.
DIFFERENT = Statement("""
SELECT s.id
FROM subjects AS s
WHERE s.id = ANY(:ids)
AND (
    s.choices IS DISTINCT FROM (
        SELECT jsonb_object_agg(c.purpose, jsonb_build_array(c.state, c.effective_at, c.channel, c.policy_version))
        FROM consents AS c
        WHERE c.subject_id = s.id
    )
    OR EXISTS (
        SELECT
        FROM (
            SELECT DISTINCT ON (e.purpose) e.purpose, e.state
            FROM consent_events AS e
            LEFT JOIN consents AS c ON c.subject_id = e.subject_id AND c.purpose = e.purpose
            WHERE e.subject_id = s.id
            AND s.status IN ('ACTIVE', 'RESTRICTED')
            AND NOT (e.state = 'GRANTED' AND e.effective_at <= COALESCE(c.confirmed_at, '-infinity'))
            ORDER BY e.purpose, e.effective_at DESC, e.state <> 'GRANTED' DESC, e.epoch DESC
        ) AS latest
        WHERE latest.state IS DISTINCT FROM s.choices -> latest.purpose ->> 0
    )
)
ORDER BY s.id
""")


async def find_different(database: Database, batch_size: int = BATCH_SIZE) -> AsyncIterator[UUID]:
    """Yield the ids of people whose current choices differ from the stored ones or from a replay of the ledger."""
    after = UUID(int=0)
    while True:
        async with database.readers.acquire() as connection:
            ids = [row[0] for row in await NEXT_SUBJECTS.rows(connection, after=after, most=batch_size)]
            rows = await DIFFERENT.rows(connection, ids=ids) if ids else []
        for row in rows:
            yield row[0]
        if not ids:
            return
        after = ids[-1]
