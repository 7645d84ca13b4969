"""Wrong tokens: counted by the address that they come from, and answered ever more slowly."""

import asyncio
import time
from collections import OrderedDict
from typing import Final, NamedTuple

from prometheus_client import Counter

FREE: Final = 20
"""Wrong tokens of one address that are answered at once."""
FORGOTTEN: Final = 60.0
"""Seconds after which half of an address's wrong tokens are forgotten."""
STEP: Final = 0.05
"""Seconds that the first one too many waits; each further one waits as much longer."""
LONGEST: Final = 5.0
MOST_ADDRESSES: Final = 10_000
MOST_WAITING: Final = 1_000
"""Answers that may wait at once; those beyond leave at once, so that waiting cannot fill the memory."""

WRONG_TOKENS = Counter("privacy_wrong_tokens", "Requests without a valid token.")


class FailureCount(NamedTuple):
    """How many wrong tokens an address showed, as it was at a time."""

    weight: float
    at: float


class AuthFailureThrottle:
    """The wrong tokens that one process met."""

    def __init__(self) -> None:
        self._tallies: OrderedDict[str, FailureCount] = OrderedDict()
        self._waiting = 0

    def noted(self, address: str) -> float:
        """Count a wrong token of an address; give for how many seconds its answer waits."""
        WRONG_TOKENS.inc()
        now = time.monotonic()
        count, at = self._tallies.pop(address, FailureCount(0, now))
        count = count * 0.5 ** ((now - at) / FORGOTTEN) + 1
        self._tallies[address] = FailureCount(count, now)
        if len(self._tallies) > MOST_ADDRESSES:
            self._tallies.popitem(last=False)
        return min(LONGEST, max(0.0, count - FREE) * STEP)

    async def slow_down(self, address: str) -> None:
        """Have a wrong token wait for its answer; nobody who shows a good one waits."""
        seconds = self.noted(address)
        if seconds and self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                await asyncio.sleep(seconds)
            finally:
                self._waiting -= 1
