"""Fills the columns of current choices, and the table of the previous version, while other processes serve."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import UUID

import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncEngine

BATCH_SIZE: Final = 1000
"""People whose rows one transaction locks."""

# The rows are locked by a statement of their own, so that the next one sees the latest choices.
LOCK_NEXT: Final = sqlalchemy.text("""
SELECT id
FROM subjects
WHERE id > CAST(:after AS uuid)
ORDER BY id
LIMIT :most
FOR UPDATE
""")
LOCK_NEXT_WITH_CONFIRMED_REFUSALS: Final = sqlalchemy.text("""
SELECT id
FROM subjects
WHERE id IN (
    SELECT DISTINCT subject_id
    FROM consents
    WHERE subject_id > CAST(:after AS uuid)
    AND confirmed_at IS NOT NULL
    ORDER BY subject_id
    LIMIT :most
)
ORDER BY id
FOR UPDATE
""")

FILL_CHOICES: Final = sqlalchemy.text("""
UPDATE subjects AS s
SET choices = (
    SELECT jsonb_object_agg(c.purpose, jsonb_build_array(c.state, c.effective_at, c.channel, c.policy_version))
    FROM consents AS c
    WHERE c.subject_id = s.id
)
WHERE s.id = ANY(CAST(:ids AS uuid[]))
""")
FILL_CONFIRMED_REFUSALS: Final = sqlalchemy.text("""
UPDATE subjects AS s
SET refusals_confirmed_at = (
    SELECT jsonb_object_agg(c.purpose, c.confirmed_at)
    FROM consents AS c
    WHERE c.subject_id = s.id
    AND c.confirmed_at IS NOT NULL
)
WHERE s.id = ANY(CAST(:ids AS uuid[]))
""")

# The number is that of the event in the ledger. What a trigger has copied meanwhile stays.
FILL_TABLE: Final = sqlalchemy.text("""
INSERT INTO consents (subject_id, purpose, state, effective_at, epoch, channel, policy_version, confirmed_at)
SELECT s.id, c.purpose, e.state, e.effective_at, max(e.epoch), e.channel, e.policy_version,
    CAST(s.refusals_confirmed_at ->> c.purpose AS timestamptz)
FROM subjects AS s
CROSS JOIN LATERAL jsonb_each(s.choices) AS c (purpose, choice)
JOIN consent_events AS e ON e.subject_id = s.id AND e.purpose = c.purpose AND e.state = c.choice ->> 0
    AND e.effective_at = CAST(c.choice ->> 1 AS timestamptz) AND e.channel = c.choice ->> 2
    AND e.policy_version = c.choice ->> 3
WHERE s.id = ANY(CAST(:ids AS uuid[]))
GROUP BY s.id, c.purpose, e.state, e.effective_at, e.channel, e.policy_version
ON CONFLICT (subject_id, purpose) DO NOTHING
""")

# The downgrade disables them: they would copy each row back, and note each choice once more.
ENABLE_TRIGGERS: Final = sqlalchemy.text("""
ALTER TABLE consents ENABLE TRIGGER USER
""")


async def fill_choices(engine: AsyncEngine, batch_size: int = BATCH_SIZE) -> int:
    """Fill the choices of all people; return their number. The call may be stopped and repeated."""
    return await _fill(engine, LOCK_NEXT, FILL_CHOICES, batch_size)


async def fill_confirmed_refusals(engine: AsyncEngine, batch_size: int = BATCH_SIZE) -> int:
    """Fill when refusals were repeated; return the number of people. The call may be stopped and repeated."""
    return await _fill(engine, LOCK_NEXT_WITH_CONFIRMED_REFUSALS, FILL_CONFIRMED_REFUSALS, batch_size)


async def fill_table(engine: AsyncEngine, batch_size: int = BATCH_SIZE) -> int:
    """Fill the table of the previous version, and enable its triggers. The call may be stopped and repeated.

    Return the number of people.
    """
    count = await _fill(engine, LOCK_NEXT, FILL_TABLE, batch_size)
    async with engine.begin() as connection:
        await connection.execute(ENABLE_TRIGGERS)
    return count


async def _fill(engine: AsyncEngine, lock: sqlalchemy.TextClause, fill: sqlalchemy.TextClause, batch_size: int) -> int:
    count, after = 0, UUID(int=0)
    while True:
        async with engine.begin() as connection:
            ids = [row[0] for row in await connection.execute(lock, {"after": str(after), "most": batch_size})]
            if not ids:
                return count
            await connection.execute(fill, {"ids": list(map(str, ids))})
        count, after = count + len(ids), ids[-1]


FILLS: Final[Mapping[str, Callable[[AsyncEngine], Awaitable[int]]]] = {
    "0037": fill_choices,
    "0044": fill_confirmed_refusals,
}
"""What fills the rows after a revision. The revision after it marks that they are filled."""
