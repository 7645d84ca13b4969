"""The time between SIGTERM and the end of a process: it is not ready any more, and answers what still arrives."""

import asyncio
import signal
import threading
from typing import Any

import structlog

log = structlog.get_logger("privacy")


class Drain:
    """Whether a process has begun to stop. Its responses then close their connections."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.is_active = False

    def install(self) -> None:
        """Put the drain before the handler that the server has for SIGTERM. A second SIGTERM stops at once."""
        stop: Any = signal.getsignal(signal.SIGTERM)
        if self.seconds <= 0 or threading.current_thread() is not threading.main_thread() or not callable(stop):
            return
        loop = asyncio.get_running_loop()

        def begin(number: int, frame: Any) -> None:
            if self.is_active:
                stop(number, frame)
                return
            self.is_active = True
            log.info("draining", seconds=self.seconds)
            loop.call_soon_threadsafe(loop.call_later, self.seconds, stop, number, None)

        signal.signal(signal.SIGTERM, begin)


NO_DRAIN = Drain()
"""The drain of an application that has none."""
