"""Fills the column of current choices, in batches, while other processes serve."""

from typing import Final
from uuid import UUID

import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncEngine

REVISION: Final = "0037"
"""The revision that adds the column. The revision after it marks that the column is filled."""
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

FILL: Final = sqlalchemy.text("""
UPDATE subjects AS s
SET choices = (
    SELECT jsonb_object_agg(c.purpose, jsonb_build_array(c.state, c.effective_at, c.channel, c.policy_version))
    FROM consents AS c
    WHERE c.subject_id = s.id
)
WHERE s.id = ANY(CAST(:ids AS uuid[]))
""")


async def fill_choices(engine: AsyncEngine, batch_size: int = BATCH_SIZE) -> int:
    """Fill the choices of all people; return their number. The call may be stopped and repeated."""
    count, after = 0, UUID(int=0)
    while True:
        async with engine.begin() as connection:
            ids = [row[0] for row in await connection.execute(LOCK_NEXT, {"after": str(after), "most": batch_size})]
            if not ids:
                return count
            await connection.execute(FILL, {"ids": list(map(str, ids))})
        count, after = count + len(ids), ids[-1]
