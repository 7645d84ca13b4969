"""The gate: nothing is answered while the database does not know of every erasure, as after a restore."""

import asyncio
from contextlib import suppress
from typing import Final

from prometheus_client import Gauge

from models.encryption.keyring import Keyring
from models.erasure import ledger_lag
from models.erasure.ledger_lag import LedgerLag
from models.errors import Unavailable
from models.storage.database import OUTAGE_ERRORS, Database

LOOKED: Final = 1.0
"""Seconds between two looks."""
CONFIRMED: Final = 0.25
"""Seconds after which a lag is looked at once more before an open gate closes, and again before it opens."""


CLOSED: Final = Gauge("privacy_gate_closed", "1 while nothing is answered, for want of step with the erasure ledger.")


class RestoreGuard:
    """Whether this process may answer: not before it has looked once, and not while the databases are out of step."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._is_open = False
        self.lag: LedgerLag | None = None

    def demand(self) -> None:
        """Refuse whatever is asked while the gate is closed: UNAVAILABLE."""
        if not self._is_open:
            raise Unavailable

    async def look(self) -> LedgerLag | None:
        """Say why nothing may be answered, or None; opens or closes the gate. An outage leaves it as it is."""
        found = await ledger_lag.read_lag(self._database, self._keyring)
        if found and self._is_open:
            await asyncio.sleep(CONFIRMED)
            found = await ledger_lag.read_lag(self._database, self._keyring)
        self.lag = found
        self._is_open = found is None
        CLOSED.set(found is not None)
        return found

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            with suppress(*OUTAGE_ERRORS, Exception):
                await self.look()
            await asyncio.sleep(LOOKED if self._is_open else CONFIRMED)
