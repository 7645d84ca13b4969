"""A sampler of the locks of a retention run: the age of its write transactions, and the waits of a writer beside it."""

import asyncio
import random
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import asyncpg

from benchmarks.keeping_people import NAMES, KeepingDatabases

INTERVAL: Final = 0.01
IDLE_SECONDS: Final = 3
# A transaction that locked or changed a row has an id.
OLDEST: Final = """
SELECT COALESCE(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
FROM pg_stat_activity
WHERE datname = current_database()
AND application_name = 'privacy'
AND backend_xid IS NOT NULL
"""
DUE_KEYS: Final = {
    "SYNC_FILE_NAMES": "SELECT f.subject_id, f.sync_account_id, f.id FROM sync_files AS f JOIN sync_accounts AS a "
    "ON (a.subject_id, a.id) = (f.subject_id, f.sync_account_id) WHERE a.last_synced_at < now() - interval '30 days'",
    "SYNC_METADATA": "SELECT subject_id, sync_account_id, lookup_hash FROM sync_clients "
    "WHERE last_seen_at < now() - interval '30 days'",
    "LETTERS": "SELECT subject_id, id FROM letters WHERE posted_at < now() - interval '365 days'",
    "PAYMENT_FRAGMENTS": "SELECT subject_id, id FROM payment_fragments LIMIT 10000",
}
TOUCH: Final = {
    "SYNC_FILE_NAMES": "UPDATE sync_files SET size_bytes = size_bytes "
    "WHERE (subject_id, sync_account_id, id) = ($1, $2, $3)",
    "SYNC_METADATA": "UPDATE sync_clients SET user_agent = user_agent "
    "WHERE (subject_id, sync_account_id, lookup_hash) = ($1, $2, $3)",
    "LETTERS": "UPDATE letters SET reason = reason WHERE (subject_id, id) = ($1, $2)",
    "PAYMENT_FRAGMENTS": "UPDATE payment_fragments SET last_digits = last_digits WHERE (subject_id, id) = ($1, $2)",
}
SET_RULE: Final = "UPDATE retention_rules SET reason = reason WHERE category = $1"


class LockSampler:
    """Samples in a thread while the context is open. A writer changes rows that are due, and the rule, all the time."""

    def __init__(self, databases: KeepingDatabases, category: str) -> None:
        self._url = databases.cluster.url(NAMES[0])
        self._category = category
        self._is_over = threading.Event()
        self._has_begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.transaction_ms = 0.0
        self.wait_ms = 0.0
        self.idle_wait_ms = 0.0
        self.writes = 0

    def __enter__(self) -> Self:
        """Measure the waits of the writer without a run first."""
        self._thread.start()
        self._has_begun.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    async def _run(self) -> None:
        writer, watcher = await asyncpg.connect(self._url), await asyncpg.connect(self._url)
        try:
            keys = await writer.fetch(DUE_KEYS[self._category])
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._write(writer, keys)
            self.idle_wait_ms, self.wait_ms, self.writes = self.wait_ms, 0.0, 0
            self._has_begun.set()
            await asyncio.gather(self._write(writer, keys), self._watch(watcher))
        finally:
            self._has_begun.set()
            await writer.close()
            await watcher.close()

    async def _write(self, connection: asyncpg.Connection, keys: list[asyncpg.Record]) -> None:
        while not self._is_over.is_set():
            for sql, values in ((TOUCH[self._category], tuple(random.choice(keys))), (SET_RULE, (self._category,))):
                started_at = time.perf_counter()
                await connection.execute(sql, *values)
                self.wait_ms = max(self.wait_ms, (time.perf_counter() - started_at) * 1000)
                self.writes += 1
            await asyncio.sleep(INTERVAL)

    async def _watch(self, connection: asyncpg.Connection) -> None:
        while not self._is_over.is_set():
            seconds = await connection.fetchval(OLDEST)
            self.transaction_ms = max(self.transaction_ms, float(seconds) * 1000)
            await asyncio.sleep(INTERVAL)
