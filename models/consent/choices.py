"""The check of current choices: the row of each person agrees with a replay of the ledger."""

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

# A choice of the ledger is the last grant, or the first refusal after it. At equal times a refusal comes after a grant,
# and a higher sequence number last. No grant between a refusal and its last repetition counts.
# An erasure keeps the ledger, and deletes the choices before the status is ERASED.
DIFFERENT = Statement("""
WITH kept AS (
    SELECT s.id, c.purpose, c.choice ->> 0 AS state, CAST(c.choice ->> 1 AS timestamptz) AS effective_at,
        c.choice ->> 2 AS channel, c.choice ->> 3 AS policy_version,
        CAST(s.refusals_confirmed_at ->> c.purpose AS timestamptz) AS confirmed_at
    FROM subjects AS s
    CROSS JOIN LATERAL jsonb_each(s.choices) AS c (purpose, choice)
    WHERE s.id = ANY(:ids)
), events AS (
    SELECT e.subject_id, e.purpose, e.state, e.effective_at, e.channel, e.policy_version, e.epoch
    FROM consent_events AS e
    JOIN subjects AS s ON s.id = e.subject_id
    LEFT JOIN kept AS k ON k.id = e.subject_id AND k.purpose = e.purpose
    WHERE e.subject_id = ANY(:ids)
    AND (s.status IN ('ACTIVE', 'RESTRICTED') OR (s.status = 'ERASING' AND s.choices IS NOT NULL))
    AND (
        e.state <> 'GRANTED' OR k.confirmed_at IS NULL
        OR e.effective_at <= k.effective_at OR e.effective_at > k.confirmed_at
    )
), granted AS (
    SELECT subject_id, purpose, max(effective_at) AS effective_at
    FROM events
    WHERE state = 'GRANTED'
    GROUP BY subject_id, purpose
), replayed AS (
    SELECT DISTINCT ON (e.subject_id, e.purpose)
        e.subject_id, e.purpose, e.state, e.effective_at, e.channel, e.policy_version
    FROM events AS e
    LEFT JOIN granted AS g ON g.subject_id = e.subject_id AND g.purpose = e.purpose
    WHERE g.effective_at IS NULL
    OR e.effective_at >= g.effective_at
    ORDER BY e.subject_id, e.purpose, e.state = 'GRANTED', CASE WHEN e.state <> 'GRANTED' THEN e.effective_at END,
        CASE WHEN e.state = 'GRANTED' THEN -e.epoch ELSE e.epoch END
)
SELECT DISTINCT COALESCE(k.id, r.subject_id) AS id
FROM kept AS k
FULL JOIN replayed AS r ON r.subject_id = k.id AND r.purpose = k.purpose
WHERE (k.state, k.effective_at, k.channel, k.policy_version)
    IS DISTINCT FROM (r.state, r.effective_at, r.channel, r.policy_version)
OR (k.confirmed_at IS NOT NULL AND (k.state = 'GRANTED' OR k.confirmed_at < k.effective_at))
ORDER BY id
""")


async def find_different(database: Database, batch_size: int = BATCH_SIZE) -> AsyncIterator[UUID]:
    """Yield the ids of people whose current choices differ from a replay of the ledger."""
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
