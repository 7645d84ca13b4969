"""The loop of a worker: one round of work after the other, with a pause after an idle round and after a failure."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

import structlog

from models.storage.database import OUTAGE_ERRORS

log = structlog.get_logger("privacy")

FIRST_PAUSE: Final = 1.0
"""Seconds of the pause after a failure. It doubles with each failure in succession."""
MAX_PAUSE: Final = 5.0
"""Seconds of the longest pause after a failure."""


async def repeat(
    work: Callable[[], Awaitable[object]],
    delayed: str,
    *,
    poll: float,
    expected: tuple[type[Exception], ...] = OUTAGE_ERRORS,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> NoReturn:
    """Repeat rounds of work until cancelled. A round that did something returns a true value, and the next one follows.

    After an idle round there is a pause of ``poll`` seconds. A failure is logged as the event ``delayed``: a warning
    for the errors ``expected``, an error for all others. Only its class is logged, as its text may hold personal data.
    """
    pause = 0.0
    while True:
        try:
            is_idle = not await work()
            pause = 0.0
        except Exception as problem:  # noqa: BLE001 -- no failure of one round may end the loop
            is_idle = True
            pause = min(MAX_PAUSE, max(FIRST_PAUSE, pause * 2))
            level = logging.WARNING if isinstance(problem, expected) else logging.ERROR
            log.log(level, delayed, problem=type(problem).__name__, seconds=pause)
        if is_idle:
            await sleep((pause or poll) * random.uniform(0.75, 1.25))  # noqa: S311 -- jitter, no secret
