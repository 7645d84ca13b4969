"""The throttle for wrong tokens: they are counted by client address, and answered ever more slowly."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from prometheus_client import Counter

FREE: Final = 20
"""How many wrong tokens of one address are answered without delay."""
FORGOTTEN: Final = 60.0
"""Seconds after which the count of an address is halved."""
STEP: Final = 0.05
"""Seconds by which each further wrong token is delayed more."""
LONGEST: Final = 5.0
MOST_ADDRESSES: Final = 10_000
MOST_WAITING: Final = 1_000
"""How many responses are delayed at once; further ones are not, so that waiting cannot fill the memory."""

WRONG_TOKENS = Counter("privacy_wrong_tokens", "Requests without a valid token.")


class FailureCount(NamedTuple):
    """The decayed count of wrong tokens of an address at a time."""

    weight: float
    at: float


class AuthFailureThrottle:
    """The wrong tokens of one process."""

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._counts: OrderedDict[str, FailureCount] = OrderedDict()
        self._waiting = 0

    def noted(self, address: str) -> float:
        """Count a wrong token of an address; return by how many seconds its response is delayed."""
        WRONG_TOKENS.inc()
        now = self._clock()
        count, at = self._counts.pop(address, FailureCount(0, now))
        count = count * 0.5 ** ((now - at) / FORGOTTEN) + 1
        self._counts[address] = FailureCount(count, now)
        if len(self._counts) > MOST_ADDRESSES:
            self._counts.popitem(last=False)
        return min(LONGEST, max(0.0, count - FREE) * STEP)

    async def slow_down(self, address: str) -> None:
        """Delay the response to a wrong token; valid tokens are never delayed."""
        seconds = self.noted(address)
        if seconds and self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                await self._sleep(seconds)
            finally:
                self._waiting -= 1
