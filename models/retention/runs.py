"""Daily runs of the retention rules, in batches that a killed worker leaves whole.

Records are found without a lock. A transaction locks the records that it removes and the rule, and nothing for longer.
Where transactions take long, the next ones remove less.
"""

import time
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.data_categories import DataCategory
from models.encryption.keyring import Keyring
from models.retention import counting, removals
from models.retention.counting import START, Key
from models.retention.rules import RETENTION_WORKER
from models.storage.database import Database
from models.storage.statement import Connection, Statement

# A rule runs once a day, and first on the day after it was set.
FIND_DUE: Final = Statement("""
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
""")

# Only one worker removes by a rule at a time, and only while the rule is what it was. Transactions that wait are short.
CLAIM: Final = Statement("""
SELECT r.category
FROM retention_rules AS r
WHERE r.category = :category
AND r.days = :days
AND CAST(r.set_at AT TIME ZONE 'UTC' AS date) < CAST(:today AS date)
AND NOT EXISTS (
    SELECT FROM retention_runs AS n
    WHERE n.category = r.category AND n.ran_on = CAST(:today AS date) AND n.completed_at IS NOT NULL
)
FOR UPDATE OF r
""")

RECORD: Final = Statement("""
INSERT INTO retention_runs (category, ran_on, days, removed, completed_at)
VALUES (:category, :today, :days, :removed, CASE WHEN :is_done THEN clock_timestamp() END)
ON CONFLICT (category, ran_on) DO UPDATE
SET removed = retention_runs.removed + excluded.removed, completed_at = excluded.completed_at
""")

FINISH: Final = Statement("""
UPDATE retention_rules AS r
SET last_run_at = clock_timestamp(), would_remove = 0, counted_at = clock_timestamp(),
    last_run_removed = (
        SELECT n.removed FROM retention_runs AS n WHERE n.category = r.category AND n.ran_on = CAST(:today AS date)
    )
WHERE r.category = :category
""")

# Rules that came with a migration have no count before they were run or set.
NOT_COUNTED: Final = Statement("""
SELECT category, days
FROM retention_rules
WHERE days IS NOT NULL
AND counted_at IS NULL
ORDER BY category
LIMIT 1
""")

SET_COUNT: Final = Statement("""
UPDATE retention_rules
SET would_remove = :count, counted_at = clock_timestamp()
WHERE category = :category
AND days = :days
AND counted_at IS NULL
""")

LEAST_BATCH: Final = 10
TRANSACTION_SECONDS: Final = 0.05
"""How long a transaction should hold its locks at most. A busy database takes longer for the same batch."""


def next_batch(batch: int, seconds: float, most: int) -> int:
    """Return the size of the next batch, after one of this size took this time."""
    if seconds > TRANSACTION_SECONDS:
        return max(LEAST_BATCH, batch // 2)
    return min(most, batch * 2) if seconds < TRANSACTION_SECONDS / 4 else batch


@dataclass(slots=True)
class _Scan:
    """How far the run of a rule is: the due keys of the pages before the place of the next one."""

    rule: tuple[DataCategory, int, date]
    place: Key | None = START
    keys: list[Key] = field(default_factory=list)


@dataclass(slots=True)
class _Count:
    """How far the count of a rule is."""

    category: DataCategory
    days: int
    place: Key = START
    total: int = 0


class RetentionRuns:
    """The runs of one worker. It keeps its place in the scan of a category; another worker begins again."""

    def __init__(self, database: Database, keyring: Keyring, *, batch: int) -> None:
        self._database = database
        self._keyring = keyring
        self._most = batch
        self._batch = min(batch, LEAST_BATCH)
        self._scan: _Scan | None = None
        self._count: _Count | None = None

    async def run_next(self, today: date) -> bool:
        """Read one page of a rule that is due today, or remove one batch. Return whether there may be more to do.

        While no rule is due, count one page of a rule without a count.
        """
        async with self._database.readers.acquire() as connection:
            row = await FIND_DUE.row(connection, today=today)
            if row is None:
                return await self._count_next(connection)
            category, days = DataCategory(row[0]), row[1]
            if self._scan is None or self._scan.rule != (category, days, today):
                self._scan = _Scan((category, days, today))
            scan = self._scan
            # A transaction for the few due records of each page would cost more than the search for them.
            if len(scan.keys) < self._most and scan.place is not None:
                keys, scan.place = await counting.scan(connection, self._keyring, category, days, scan.place)
                scan.keys += keys
        if len(scan.keys) >= self._most or scan.place is None:
            return await self._remove(scan)
        return True

    async def _remove(self, scan: _Scan) -> bool:
        """Remove one batch of the keys that were found; after the last page the run is complete."""
        category, days, today = scan.rule
        batch, started_at = self._batch, time.perf_counter()
        async with self._database.transaction() as connection:
            if await CLAIM.row(connection, category=category, days=days, today=today) is None:
                return False
            removed = 0
            if scan.keys:
                removed = await removals.remove_due(connection, category, days, scan.keys, batch)
            is_page_done = removed < batch
            is_done = is_page_done and scan.place is None
            await RECORD.run(connection, category=category, today=today, days=days, removed=removed, is_done=is_done)
            if is_done:
                await FINISH.run(connection, category=category, today=today)
                template = EventTemplate(RETENTION_WORKER, AccessAction.WRITE, ("removeExpired",))
                await events.append(connection, [EventGroup(template, [None])])
        self._batch = next_batch(batch, time.perf_counter() - started_at, self._most)
        if is_page_done:
            scan.keys = []
        if is_done:
            self._scan = None
        return True

    async def _count_next(self, connection: Connection) -> bool:
        """Count one page of a rule without a count. Return whether there was one."""
        if self._count is None:
            row = await NOT_COUNTED.row(connection)
            if row is None:
                return False
            self._count = _Count(DataCategory(row[0]), row[1])
        count = self._count
        page_count, place = await counting.count_page(
            connection, self._keyring, count.category, count.days, count.place
        )
        count.total += page_count
        if place is not None:
            count.place = place
            return True
        async with self._database.transaction() as writer:
            await SET_COUNT.run(writer, category=count.category, days=count.days, count=count.total)
        self._count = None
        return True
