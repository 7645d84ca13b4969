"""The worker of the privacy policy: letters to many people, deadlines of officers, retention."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Final

from prometheus_client import Counter

from models.disclosures import forced_notices
from models.encryption.keyring import Keyring
from models.erasure import system_backups
from models.incidents import incidents
from models.incidents import notices as incident_notices
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind
from models.policy import notices as policy_notices
from models.retention.runs import RetentionRuns
from models.statistics import computing
from models.storage.clock import now
from models.storage.database import Database
from workers import polling
from workers.metrics import WORKER_METRICS

POLL: Final = 1.0
"""Seconds between polls while there is no work."""
DEADLINE_INTERVAL: Final = 60.0
"""Seconds between two checks of the officers' deadlines."""
BATCH: Final = 500
"""How many people get a letter in one transaction, at most."""
RETENTION_BATCH: Final = 250
"""How many records a retention rule removes in one transaction, at most."""
DUE_WITHIN: Final = {
    StaffNoticeKind.INCIDENT_DUE_IN_A_DAY: timedelta(hours=24),
    StaffNoticeKind.INCIDENT_DUE_IN_HOURS: timedelta(hours=4),
}

ENQUEUED: Final = Counter(
    "privacy_notices_enqueued", "People for whom a letter to many was enqueued.", ["cause"], registry=WORKER_METRICS
)


class PolicyWorker:
    """Enqueues letters and notices, runs retention rules and computes statistics until cancelled."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Set the databases, and the limit of policy notices in people a second.

        ``clock`` and ``sleep``, in seconds, keep the rate.
        """
        self._database = database
        self._keyring = keyring
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._checked_at = float("-inf")
        self._computed_on: date | None = None
        self._runs = RetentionRuns(database, keyring, batch=RETENTION_BATCH)

    async def run(self, *, poll: float = POLL) -> None:
        """Do due work until cancelled. Retry after every failure."""
        await polling.repeat(self.round, "notices to people are delayed", poll=poll)

    async def drain(self) -> None:
        """Do all work that is due now."""
        self._checked_at = float("-inf")
        while await self.round():
            pass

    async def round(self) -> bool:
        """Do one batch of each kind of work. Return whether there may be more."""
        if self._clock() >= self._checked_at + DEADLINE_INTERVAL:
            self._checked_at = self._clock()
            await self._enqueue_deadlines()
        counts = {
            "forced disclosure": await forced_notices.enqueue_next(self._database, self._keyring, BATCH),
            "incident": await incident_notices.enqueue_next(self._database, self._keyring, BATCH),
        }
        started = self._clock()
        count = await policy_notices.enqueue_next(self._database, self._keyring, max(1, min(BATCH, int(self._rate))))
        if count:
            counts["policy"] = count
            await self._sleep(max(0.0, started + count / self._rate - self._clock()))
        for cause, each in counts.items():
            ENQUEUED.labels(cause).inc(each)
        if any(counts.values()) or count is not None or await self._runs.run_next(now().date()):
            return True
        return await self._compute_statistics()

    async def _compute_statistics(self) -> bool:
        """Compute the statistics of the day once. Return whether they were computed now."""
        today = now().date()
        if self._computed_on == today:
            return False
        is_new = await computing.compute_day(self._database, self._keyring, today)
        self._computed_on = today
        return is_new

    async def _enqueue_deadlines(self) -> None:
        """Enqueue the officers' notices of overdue backups and of incidents whose 72 hours end, each once."""
        async with self._database.transaction() as connection:
            for backup in await system_backups.overdue_backups(connection):
                await staff_notices.enqueue_once(connection, StaffNoticeKind.BACKUP_OVERDUE, backup.id)
            for kind, rest in DUE_WITHIN.items():
                for incident_id in await incidents.due_within(connection, rest):
                    await staff_notices.enqueue_once(connection, kind, incident_id)
