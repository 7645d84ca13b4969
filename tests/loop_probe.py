"""Measures how long the event loop of a service computes without a pause."""

import asyncio
import threading
import time
from typing import Self

INTERVAL = 0.001
"""Seconds between two measurements, when nothing else runs."""


class LoopProbe:
    """The longest turns of one event loop, as computing time of its thread: what others do on the machine is left out.

    A turn is measured between two callbacks of the probe, so that it is too long by the interval at most.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._last: float | None = None
        self.longest = 0.0
        """The seconds of the longest turn since it was read last."""
        self.turns = 0

    def __enter__(self) -> Self:
        self._loop.call_soon_threadsafe(self._measure)
        return self

    def __exit__(self, *_: object) -> None:
        ended = threading.Event()

        def end() -> None:
            if self._handle:
                self._handle.cancel()
            ended.set()

        self._loop.call_soon_threadsafe(end)
        ended.wait(30)

    def _measure(self) -> None:
        now = time.thread_time()
        if self._last is not None:
            self.longest = max(self.longest, now - self._last)
        self._last = now
        self.turns += 1
        self._handle = self._loop.call_later(INTERVAL, self._measure)

    def take(self) -> float:
        """Return the longest turn since the last call, once the turn under way has ended."""
        measured = threading.Event()
        self._loop.call_soon_threadsafe(self._loop.call_later, 2 * INTERVAL, measured.set)
        measured.wait(30)
        longest, self.longest = self.longest, 0.0
        return longest
