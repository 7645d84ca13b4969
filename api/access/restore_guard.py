"""The guard that refuses requests while the database lags behind the erasure ledger, as after a restore."""

import asyncio
from contextlib import suppress
from typing import Final

import asyncpg
from prometheus_client import Gauge

from models.encryption.keyring import Keyring
from models.erasure import ledger_lag
from models.erasure.ledger_lag import LedgerLag
from models.errors import Unavailable
from models.storage.database import OUTAGE_ERRORS, Database

POLL_SECONDS: Final = 0.25
"""Seconds between two reads of the lag while the guard is open."""
RECHECK_SECONDS: Final = 0.1
"""Seconds after which an open guard confirms a lag with a second read, and between two reads of a closed guard."""


CLOSED: Final = Gauge("privacy_gate_closed", "1 while requests are refused because of a lag behind the erasure ledger.")


class RestoreGuard:
    """Whether this process may answer requests. It is closed until the first read of the lag has found none."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._poll_seconds = POLL_SECONDS
        self._is_open = False
        self._closings = 0
        self.lag: LedgerLag | None = None

    def close(self) -> None:
        """Close the guard until the lag is read again: another server may lack erasures."""
        self._closings += 1
        self._is_open = False

    def require_open(self) -> None:
        """Raise UNAVAILABLE while the guard is closed."""
        if not self._is_open:
            raise Unavailable

    async def refresh(self) -> LedgerLag | None:
        """Read the lag, then open or close the guard; return the lag, or None.

        An outage raises and leaves the guard as it was. A database without tables, as during a restore, raises and
        closes the guard.
        """
        closings = self._closings
        try:
            lag = await ledger_lag.read_lag(self._database, self._keyring)
        except asyncpg.UndefinedTableError:
            self._is_open = False
            CLOSED.set(1)
            raise
        if lag and self._is_open:
            await asyncio.sleep(RECHECK_SECONDS)
            lag = await ledger_lag.read_lag(self._database, self._keyring)
        self.lag = lag
        self._is_open = lag is None and closings == self._closings
        CLOSED.set(lag is not None)
        return lag

    async def poll(self) -> None:
        """Refresh the guard repeatedly, until cancelled."""
        while True:
            with suppress(*OUTAGE_ERRORS, Exception):
                await self.refresh()
            await asyncio.sleep(self._poll_seconds if self._is_open else RECHECK_SECONDS)
