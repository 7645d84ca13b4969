"""The worker that plans, builds and ends exports."""

import time
from collections.abc import Mapping
from typing import Final

import structlog
from prometheus_client import Counter

from models.encryption.keyring import Keyring
from models.erasure import certificates
from models.exports import building, claiming, cleanup, planning
from models.storage.database import Database
from models.storage.ids import Prefix, format_id
from workers import polling
from workers.metrics import WORKER_METRICS

log = structlog.get_logger("privacy")

BATCH: Final = 20
POLL: Final = 1.0
SWEEP_SECONDS: Final = 600.0
"""Seconds between two searches for chunks that a killed process left."""

EXPORTS: Final = Counter("privacy_exports", "Exports that were built.", registry=WORKER_METRICS)


class ExportWorker:
    """Plans, builds and ends exports until cancelled. ``controller`` has the company's name and contact."""

    def __init__(self, database: Database, keyring: Keyring, *, issuer: str, controller: Mapping[str, str]) -> None:
        self._database = database
        self._keyring = keyring
        self._issuer = issuer
        self._controller = controller
        self._swept_at = 0.0

    async def run(self, *, poll: float = POLL) -> None:
        """Process exports until cancelled. Retry after every failure."""
        await polling.repeat(self.round, "exports are delayed", poll=poll)

    async def drain(self) -> int:
        """Process all exports that are due now. Return how much was done."""
        total = 0
        while count := await self.round():
            total += count
        return total

    async def round(self) -> int:
        """Plan and end a batch of exports, and build one. Return how many were planned, ended and built."""
        count = await cleanup.end_exports(self._database, self._keyring, BATCH)
        count += await planning.plan_exports(self._database, self._keyring, BATCH)
        if time.monotonic() >= self._swept_at + SWEEP_SECONDS:
            await cleanup.delete_orphans(self._database)
            self._swept_at = time.monotonic()
        export = await claiming.claim_export(self._database)
        if export is None:
            return count
        signer = await certificates.current_signer(self._keyring)
        if await building.build(
            self._database, self._keyring, signer, export, issuer=self._issuer, controller=self._controller
        ):
            EXPORTS.inc()
            log.info("export built", request=format_id(Prefix.RIGHTS_REQUEST, export.request_id))
            count += 1
        return count
