"""Turns of the event loop for long computations: one slice of one computation in each turn."""

import asyncio
from collections import deque
from collections.abc import Generator
from typing import TypeAlias, TypeVar

_Result = TypeVar("_Result")
Steps: TypeAlias = Generator[None, None, _Result]
"""A computation that yields where another request may have its turn, and returns its result."""


class TurnQueue:
    """Lets the long computations of one process take turns, in the order in which they wait."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.slices = 0
        """How many slices were computed."""

    def wait(self) -> "asyncio.Future[None]":
        """Return a future that is done in a turn of the event loop in which no other slice is computed."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append(future)
        if len(self._waiting) == 1:
            loop.call_soon(self._start_next)
        return future

    def _start_next(self) -> None:
        while self._waiting and self._waiting[0].done():  # the request was cancelled
            self._waiting.popleft()
        if self._waiting:
            self.slices += 1
            self._waiting.popleft().set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._start_next)

    async def run(self, steps: Steps[_Result]) -> _Result:
        """Run a computation, each of its steps in a turn of its own; return its result."""
        while True:
            await self.wait()
            try:
                next(steps)
            except StopIteration as end:
                result: _Result = end.value
                return result


def run_at_once(steps: Steps[_Result]) -> _Result:
    """Run a computation without a pause; return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _Result = end.value
            return result


async def run_with_pauses(steps: Steps[_Result]) -> _Result:
    """Run a computation with a turn of the event loop between its steps; return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _Result = end.value
            return result
        await asyncio.sleep(0)
