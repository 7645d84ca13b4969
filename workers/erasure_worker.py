"""The worker that executes due erasures in batches, at a bounded rate, and completes those whose steps are done."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from models.encryption.keyring import Keyring
from models.erasure import certificates, completion, execution, held_erasures, ledger_lag, ledger_marks, retention
from models.erasure.certificates import CertificateSigner
from models.erasure.completion import CleanupResult
from models.erasure.execution import LEASE
from models.erasure.ledger_lag import LedgerLagError
from models.storage.clock import now
from models.storage.database import OUTAGE_ERRORS, Database
from workers import polling
from workers.metrics import WORKER_METRICS

log = structlog.get_logger("privacy")

BATCH: Final = 50
"""How many people are erased together at most; they share statements and commits."""
POLL: Final = 1.0
"""Seconds between polls while there is no work."""
CLEANUP_INTERVAL: Final = 1.0
"""Seconds between clean-ups while there is work; a clean-up advances the ledger mark."""

ERASED: Final = Counter("privacy_erasures", "People erased in this service.", registry=WORKER_METRICS)
COMPLETED: Final = Counter("privacy_erasures_completed", "Erasures completed everywhere.", registry=WORKER_METRICS)
WITHOUT_EMAIL: Final = Counter(
    "privacy_erasures_without_letter", "Erasures whose completion email could not be enqueued.", registry=WORKER_METRICS
)
LAGGING: Final = Gauge(
    "privacy_behind_ledger", "1 while the database lags behind the erasure ledger.", registry=WORKER_METRICS
)


class ErasureWorker:
    """Executes and completes erasures until cancelled."""

    def __init__(  # noqa: PLR0913 -- each is a setting
        self,
        database: Database,
        keyring: Keyring,
        *,
        issuer: str,
        backup_life: timedelta,
        rate: float | None = None,
        lease: timedelta = LEASE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Set the databases, the issuer of certificates, the retention of backups, and the limit in people a second.

        ``clock`` and ``sleep``, in seconds, keep the rate.
        """
        self._lease = lease
        self._clock = clock
        self._sleep = sleep
        self._database = database
        self._keyring = keyring
        self._issuer = issuer
        self._backup_life = backup_life
        self._rate = rate
        # A batch is at most half a second's worth of people, so that a low rate has no long bursts.
        self._batch = max(1, min(BATCH, int(rate / 2))) if rate else BATCH
        self._signer: CertificateSigner | None = None
        self._cleanup: CleanupResult | None = None
        self._cleaned_up_at = 0.0
        self._expired_deleted_on: date | None = None

    async def run(self, *, poll: float = POLL) -> None:
        """Execute due erasures until cancelled. Retry after every failure."""
        await polling.repeat(
            self._round_or_reset, "erasures are delayed", poll=poll, expected=(LedgerLagError, *OUTAGE_ERRORS)
        )

    async def _round_or_reset(self) -> tuple[int, int] | None:
        """Execute one batch. After a failure, the next one begins with a clean-up."""
        try:
            return await self.round()
        except Exception:
            self._cleanup = None
            raise

    async def drain(self) -> int:
        """Execute all erasures that are due now. Return how many people were erased."""
        count = 0
        while counts := await self.round():
            count += counts[0]
        return count

    async def round(self) -> tuple[int, int] | None:
        """Execute and complete one batch. Return both counts, or None when there was nothing to do."""
        mark = await self._check_ledger()
        if self._cleanup is None:
            self._cleanup = CleanupResult(mark)
        started = self._clock()
        claimed = await execution.claim_erasures(self._database, self._batch, self._lease)
        if claimed:
            await execution.execute(self._database, self._keyring, claimed)
            ERASED.inc(len(claimed))
        completed = await completion.complete(
            self._database,
            self._keyring,
            self._signer or await self._load_signer(),
            issuer=self._issuer,
            backup_life=self._backup_life,
            most=BATCH,
        )
        COMPLETED.inc(len(completed.request_ids))
        for request_id in completed.without_email:
            WITHOUT_EMAIL.inc()
            log.warning("erasure completed without an email", request=str(request_id))
        if self._rate and claimed:
            await self._sleep(max(0.0, started + len(claimed) / self._rate - self._clock()))
        is_idle = not (claimed or completed.request_ids)
        if is_idle or self._clock() >= self._cleaned_up_at + CLEANUP_INTERVAL:
            self._cleanup = await completion.clean_up(self._database, self._keyring, self._cleanup)
            self._cleaned_up_at = self._clock()
        if is_idle:
            await held_erasures.restrict_held(self._database)
            await self._delete_expired()
            return None
        return len(claimed), len(completed.request_ids)

    async def _delete_expired(self) -> None:
        """Delete retained data whose retention has ended: one batch a round, until nothing is left for the day."""
        today = now().date()
        if self._expired_deleted_on != today and not await retention.delete_expired(self._database, BATCH):
            self._expired_deleted_on = today

    async def _load_signer(self) -> CertificateSigner:
        self._signer = await certificates.current_signer(self._keyring)
        return self._signer

    async def _check_ledger(self) -> int:
        """Return the ledger mark. Raise LedgerLagError unless the database matches the ledger."""
        async with self._database.writers.acquire() as connection:
            mark = await ledger_marks.read(connection)
        lag = await ledger_lag.read_lag(self._database, self._keyring)
        LAGGING.set(lag is not None)
        if lag:
            raise LedgerLagError(lag)
        return mark
