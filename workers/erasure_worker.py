"""The worker that erases: takes up what is due, in batches and at a bounded rate, and completes what is answered."""

import asyncio
import random
from datetime import date, timedelta
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from models.encryption.keyring import Keyring
from models.erasure import certificates, completion, execution, ledger_lag, ledger_marks, retention
from models.erasure.certificates import CertificateSigner
from models.erasure.completion import CleanupResult
from models.erasure.execution import LEASE
from models.storage.clock import now
from models.storage.database import OUTAGE_ERRORS, Database

log = structlog.get_logger("privacy")

BATCH: Final = 50
"""How many people are erased side by side, at most: their statements are shared, their commits too."""
POLL: Final = 1.0
"""Seconds between two looks for work when there is none."""
CLEANUP_INTERVAL: Final = 1.0
"""Seconds between two moves of the mark while there is work: whoever serves compares all that lies beyond it."""
MAX_BACKOFF: Final = 30.0

ERASED: Final = Counter("privacy_erasures", "People erased here.")
COMPLETED: Final = Counter("privacy_erasures_completed", "Erasures completed everywhere.")
WITHOUT_EMAIL: Final = Counter("privacy_erasures_without_letter", "Erasures whose last letter could not be posted.")
LAGGING: Final = Gauge("privacy_behind_ledger", "1 while the database is not in step with the erasure ledger.")


class LedgerLagError(Exception):
    """The databases are not in step: nothing may be erased, or said to be, before `privacy restore replay`."""


class ErasureWorker:
    """Carries erasures out, until cancelled."""

    def __init__(  # noqa: PLR0913 -- each is a setting
        self,
        database: Database,
        keyring: Keyring,
        *,
        issuer: str,
        backup_life: timedelta,
        rate: float | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        """Name where people are, who issues certificates, how long backups live, and the most people a second."""
        self._lease = lease
        self._database = database
        self._keyring = keyring
        self._issuer = issuer
        self._backup_life = backup_life
        self._rate = rate
        # No more than half a second's worth at once: a slow rate is not made of long bursts.
        self._batch = max(1, min(BATCH, int(rate / 2))) if rate else BATCH
        self._signer: CertificateSigner | None = None
        self._seen: CleanupResult | None = None
        self._tidied_at = 0.0
        self._forgotten_on: date | None = None

    async def run(self, *, poll: float = POLL) -> None:
        """Carry out what is due until cancelled; whatever goes wrong, try again."""
        pause = 0.0
        while True:
            try:
                if not await self.round():
                    await asyncio.sleep(poll * random.uniform(0.75, 1.25))  # noqa: S311 -- jitter, no secret
                pause = 0.0
            except Exception as problem:  # noqa: BLE001 -- the loop outlives whatever happens in one round
                pause = min(MAX_BACKOFF, max(1.0, pause * 2))
                level = 30 if isinstance(problem, (LedgerLagError, *OUTAGE_ERRORS)) else 40
                log.log(level, "erasures wait", problem=type(problem).__name__, seconds=pause)
                self._seen = None
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, no secret

    async def drain(self) -> int:
        """Carry out all that is due now; give how many people were erased here."""
        count = 0
        while done := await self.round():
            count += done[0]
        return count

    async def round(self) -> tuple[int, int] | None:
        """Erase and complete one batch; give how many of each, or None when there was nothing to do."""
        if self._seen is None:
            self._seen = await self._catch_up()
        began = asyncio.get_running_loop().time()
        claimed = await execution.claim_erasures(self._database, self._batch, self._lease)
        if claimed:
            await execution.execute(self._database, self._keyring, claimed)
            ERASED.inc(len(claimed))
        completed = await completion.complete(
            self._database,
            self._keyring,
            self._signer or await self._sign(),
            issuer=self._issuer,
            backup_life=self._backup_life,
            most=BATCH,
        )
        COMPLETED.inc(len(completed.request_ids))
        for request_id in completed.without_email:
            WITHOUT_EMAIL.inc()
            log.warning("erasure completed without a letter", request=str(request_id))
        if self._rate and claimed:
            await asyncio.sleep(max(0.0, began + len(claimed) / self._rate - asyncio.get_running_loop().time()))
        is_idle = not (claimed or completed.request_ids)
        if is_idle or asyncio.get_running_loop().time() >= self._tidied_at + CLEANUP_INTERVAL:
            self._seen = await completion.clean_up(self._database, self._keyring, self._seen)
            self._tidied_at = asyncio.get_running_loop().time()
        if is_idle:
            await self._forget()
            return None
        return len(claimed), len(completed.request_ids)

    async def _forget(self) -> None:
        """Once a day, and then a batch at a time, take away what need not be kept of the erased any more."""
        today = now().date()
        if self._forgotten_on != today and not await retention.delete_expired(self._database, BATCH):
            self._forgotten_on = today

    async def _sign(self) -> CertificateSigner:
        self._signer = await certificates.current_signer(self._keyring)
        return self._signer

    async def _catch_up(self) -> CleanupResult:
        """Begin only on a database that knows all that the ledger knows."""
        found = await ledger_lag.read_lag(self._database, self._keyring)
        LAGGING.set(found is not None)
        if found:
            raise LedgerLagError(found)
        async with self._database.writers.acquire() as connection:
            return CleanupResult(await ledger_marks.read(connection))
