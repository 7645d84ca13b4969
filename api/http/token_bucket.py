"""How often one address may ask what needs no token: a bucket for each, which fills up again with time."""

import time
from collections import OrderedDict
from math import ceil
from typing import Final

BURST: Final = 120.0
"""How many requests an address may make at once: mailbox providers unsubscribe many people from one address."""
A_SECOND: Final = 2.0
MOST_ADDRESSES: Final = 10_000


class TokenBucketLimiter:
    """The buckets of one process; of many addresses it forgets those that were heard of longest ago."""

    def __init__(self, burst: float = BURST, a_second: float = A_SECOND) -> None:
        self._burst = burst
        self._a_second = a_second
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> int:
        """Count one request; return 0 when it may be answered, and otherwise after how many seconds it may."""
        left = self._now(caller)
        if left < 1:
            return max(1, ceil((1 - left) / self._a_second))
        self.charge(caller, 1)
        return 0

    def charge(self, caller: str, count: float) -> None:
        """Count further requests."""
        self._left[caller] = (max(0.0, self._now(caller) - count), time.monotonic())
        self._left.move_to_end(caller)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)

    def _now(self, caller: str) -> float:
        left, at = self._left.get(caller, (self._burst, 0.0))
        return min(self._burst, left + (time.monotonic() - at) * self._a_second)
