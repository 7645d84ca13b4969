"""Looks after queries that are being answered: one whose caller has hung up is cancelled, down to its statement."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
UNWATCHED = 0.05
"""Seconds that a query may take before we look whether its caller is still there."""


class DisconnectMonitor:
    """Cancels the tasks of callers who are gone.

    One timer looks after all of them: who was there when it rang, and still is when it rings again, is watched.
    """

    def __init__(self) -> None:
        self._newer: dict[asyncio.Task[Any], Receive] = {}
        self._older: dict[asyncio.Task[Any], Receive] = {}
        self._watchers: dict[asyncio.Task[Any], asyncio.Task[bool]] = {}
        self._is_set = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, receive: Receive) -> asyncio.Task[Any]:
        """Look after the current task, whose caller hangs up through ``receive``."""
        self._loop = loop = self._loop or asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task, "a request is answered in a task"  # noqa: S101
        self._newer[task] = receive
        if not self._is_set:
            self._is_set = True
            loop.call_later(UNWATCHED, self._ring)
        return task

    def end(self, task: asyncio.Task[Any]) -> None:
        """Look after the task no longer."""
        if not self._newer.pop(task, None) and not self._older.pop(task, None) and task in self._watchers:
            self._watchers.pop(task).cancel()

    def has_hung_up(self, task: asyncio.Task[Any]) -> bool:
        """Say whether the task was cancelled because its caller hung up, and not for another reason as well."""
        watcher = self._watchers.get(task)
        return watcher is not None and watcher.done() and watcher.result() and not task.uncancel()

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        for task, receive in self._older.items():
            self._watchers[task] = loop.create_task(_cancel_when_gone(task, receive))
        self._older, self._newer = self._newer, {}
        self._is_set = bool(self._older)
        if self._is_set:
            loop.call_later(UNWATCHED, self._ring)


async def _cancel_when_gone(task: asyncio.Task[Any], receive: Receive) -> bool:
    has_gone = (await receive())["type"] == "http.disconnect"
    return has_gone and task.cancel()
