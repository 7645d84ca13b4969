"""The number of connections of a process, and the time that a request may take to arrive."""

import asyncio
import logging
import resource
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

log = logging.getLogger("uvicorn.error")
HEAD_SECONDS: Final = 10
"""Seconds until a head is complete, from the connection or from its first byte."""
BODY_SECONDS: Final = 30
"""Seconds until a body is complete, from the end of its head."""
READER_SECONDS: Final = 60
"""Seconds that a client may take to read a response that does not fit into the buffers of its connection."""
SWEEP_SECONDS: Final = 1.0
RESERVED_CONNECTIONS: Final = 32
"""The connections beyond the maximum that are accepted for health checks only."""
RESERVED_FILES: Final = 128
"""The file descriptors that are left for databases, logs and modules."""
MAX_CONNECTIONS: Final = 10_000
"""The most connections of a process, where its file limit permits as many."""
TARGET_FILES: Final = MAX_CONNECTIONS + RESERVED_CONNECTIONS + RESERVED_FILES
HEALTH_TARGETS: Final = frozenset({b"/healthz", b"/readyz"})


def raise_file_limit() -> int:
    """Raise the soft limit of open files towards the hard one, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = TARGET_FILES if hard == resource.RLIM_INFINITY else min(hard, TARGET_FILES)
    if soft != resource.RLIM_INFINITY and soft < target:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
            soft = target
    return TARGET_FILES if soft == resource.RLIM_INFINITY else soft


def connections_for(files: int) -> int:
    """Return how many connections a process with this file limit serves."""
    return max(16, min(MAX_CONNECTIONS, files - RESERVED_CONNECTIONS - RESERVED_FILES))


class ConnectionMonitor:
    """Ends the connections of one server whose requests do not arrive, and counts connections."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: Collection[Any]) -> None:
        self._loop = loop
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None
        files = raise_file_limit()
        self.max_connections = connections_for(files)
        if self.max_connections < MAX_CONNECTIONS:
            log.warning("The limit of %d open files permits %d connections.", files, self.max_connections)

    def watch(self) -> None:
        """Examine the connections regularly, as long as there are any."""
        if self._timer is None:
            self._timer = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        now = self._loop.time()
        for connection in [*self._connections]:
            connection.check_deadline(now)
        if self._connections:
            self.watch()

    @property
    def is_full(self) -> bool:
        """Whether the newest connection is beyond the maximum."""
        return len(self._connections) > self.max_connections

    @property
    def is_exhausted(self) -> bool:
        """Whether the newest connection is beyond the reserve, too."""
        return len(self._connections) > self.max_connections + RESERVED_CONNECTIONS
