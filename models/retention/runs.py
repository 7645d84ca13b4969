"""Daily runs of the retention rules, in batches that a killed worker leaves whole."""

from datetime import date
from typing import Final

from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.data_categories import DataCategory
from models.encryption.keyring import Keyring
from models.retention import counting, removals
from models.retention.counting import START
from models.retention.rules import RETENTION_WORKER
from models.storage.database import Database
from models.storage.statement import Statement

# Only one worker runs a rule. A rule runs once a day, and first on the day after it was set.
CLAIM: Final = Statement("""
SELECT r.category, r.days
FROM retention_rules AS r
WHERE r.days IS NOT NULL
AND CAST(r.set_at AT TIME ZONE 'UTC' AS date) < CAST(:today AS date)
AND NOT EXISTS (
    SELECT FROM retention_runs AS n
    WHERE n.category = r.category AND n.ran_on = CAST(:today AS date) AND n.completed_at IS NOT NULL
)
ORDER BY r.category
LIMIT 1
FOR UPDATE OF r SKIP LOCKED
""")

RECORD: Final = Statement("""
INSERT INTO retention_runs (category, ran_on, days, removed, completed_at)
VALUES (:category, :today, :days, :removed, CASE WHEN :is_done THEN clock_timestamp() END)
ON CONFLICT (category, ran_on) DO UPDATE
SET removed = retention_runs.removed + excluded.removed, completed_at = excluded.completed_at
""")

FINISH: Final = Statement("""
UPDATE retention_rules AS r
SET last_run_at = clock_timestamp(), would_remove = :would_remove,
    last_run_removed = (
        SELECT n.removed FROM retention_runs AS n WHERE n.category = r.category AND n.ran_on = CAST(:today AS date)
    )
WHERE r.category = :category
""")


class RetentionRuns:
    """The runs of one worker. It keeps its place in the scan of a category; another worker begins again."""

    def __init__(self, database: Database, keyring: Keyring, *, batch: int) -> None:
        self._database = database
        self._keyring = keyring
        self._batch = batch
        self._places = dict.fromkeys(DataCategory, START)

    async def run_next(self, today: date) -> bool:
        """Remove one batch of one rule that is due today. Return whether a rule was due."""
        async with self._database.transaction() as connection:
            row = await CLAIM.row(connection, today=today)
            if row is None:
                return False
            category, days = DataCategory(row[0]), row[1]
            removed, place = await removals.remove_due(
                connection, self._keyring, category, days, self._batch, self._places[category]
            )
            self._places[category] = place or START
            await RECORD.run(
                connection, category=category, today=today, days=days, removed=removed, is_done=place is None
            )
            if place is None:
                count = await counting.count_due(connection, self._keyring, category, days)
                await FINISH.run(connection, category=category, today=today, would_remove=count)
                template = EventTemplate(RETENTION_WORKER, AccessAction.WRITE, ("removeExpired",))
                await events.append(connection, [EventGroup(template, [None])])
        return True
