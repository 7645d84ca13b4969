"""Measures how long the event loop of a service computes without a pause."""

import asyncio
import gc
import threading
import time
from typing import NamedTuple, Self

INTERVAL = 0.001
"""Seconds between two measurements, when nothing else runs."""


class Turns(NamedTuple):
    """What the loop's thread computed between two readings, in seconds of processor time."""

    longest: float
    """The longest turn."""
    collecting: float
    """The part of the longest turn in which the garbage collector ran."""
    total: float
    """All turns."""


class LoopProbe:
    """The longest turns of one event loop, as processor time of its thread: what others do on the machine is left out.

    The loop's own thread reads the clock of its processor time (``time.thread_time``). Everything that this thread
    computes counts: Python, C calls, and pauses of the garbage collector. Waiting does not count: for the processor,
    for the interpreter lock while another thread of the process computes, for a lock, for the disk.
    A turn is measured between two callbacks of the probe: it is too long by the interval, and by further callbacks
    that the loop runs in the same round. It is never too short.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._thread = 0
        self._last: float | None = None
        self._collection_began = 0.0
        self._collecting = 0.0
        self._longest = Turns(0.0, 0.0, 0.0)
        self._total = 0.0
        self.turns = 0

    def __enter__(self) -> Self:
        gc.callbacks.append(self._collect)
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
        gc.callbacks.remove(self._collect)

    def _collect(self, phase: str, _: object) -> None:
        """Count the time of a collection, if the loop's thread runs it."""
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._collection_began = time.thread_time()
        else:
            self._collecting += time.thread_time() - self._collection_began

    def _measure(self) -> None:
        now = time.thread_time()
        self._thread = threading.get_ident()
        if self._last is not None:
            turn = now - self._last
            self._total += turn
            if turn > self._longest.longest:
                self._longest = Turns(turn, self._collecting, 0.0)
        self._last, self._collecting = now, 0.0
        self.turns += 1
        self._handle = self._loop.call_later(INTERVAL, self._measure)

    def read(self) -> Turns:
        """Return the turns since the last reading, once the turn under way has ended."""
        measured = threading.Event()
        self._loop.call_soon_threadsafe(self._loop.call_later, 2 * INTERVAL, measured.set)
        measured.wait(30)
        longest, self._longest = self._longest, Turns(0.0, 0.0, 0.0)
        total, self._total = self._total, 0.0
        return longest._replace(total=total)

    def take(self) -> float:
        """Return the seconds of the longest turn since the last reading."""
        return self.read().longest
