"""The number of connections of a process, and the time that a request may take to arrive."""

import asyncio
import resource
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import structlog
from uvicorn.server import ServerState

log = structlog.get_logger("privacy")
SWEEP_SECONDS: Final = 1.0
RESERVED_FILES: Final = 128
"""The file descriptors that are left for databases, logs and modules."""
HEALTH_TARGETS: Final = frozenset({b"/healthz", b"/readyz"})


class ConnectionLimits(NamedTuple):
    """The limits of the connections of one process."""

    head_seconds: float = 10.0
    """Seconds until a head is complete, from the connection or from its first byte."""
    body_seconds: float = 30.0
    """Seconds in which the next 256 KiB of a body arrive, or the rest of it."""
    reader_seconds: float = 60.0
    """Seconds in which a client reads what does not fit into the buffers of its connection."""
    max_connections: int = 10_000
    """The most connections, where the limit of open files permits as many."""
    reserved_connections: int = 32
    """The connections beyond the maximum that are accepted for health checks only."""

    @property
    def files(self) -> int:
        """The open files that a process with these connections needs."""
        return self.max_connections + self.reserved_connections + RESERVED_FILES

    def connections_for(self, files: int) -> int:
        """Return how many connections a process with this file limit serves."""
        return max(16, min(self.max_connections, files - self.reserved_connections - RESERVED_FILES))


DEFAULT_LIMITS: Final = ConnectionLimits()


def raise_file_limit(target_files: int = DEFAULT_LIMITS.files) -> int:
    """Raise the soft limit of open files towards the hard one, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = target_files if hard == resource.RLIM_INFINITY else min(hard, target_files)
    if soft != resource.RLIM_INFINITY and soft < target:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
            soft = target
    return target_files if soft == resource.RLIM_INFINITY else soft


class ConnectionMonitor:
    """Ends the connections of one server whose requests do not arrive, and counts connections."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connections: Collection[Any],
        limits: ConnectionLimits = DEFAULT_LIMITS,
    ) -> None:
        self._loop = loop
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None
        self.limits = limits
        self.max_connections = limits.connections_for(raise_file_limit(limits.files))

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
        return len(self._connections) > self.max_connections + self.limits.reserved_connections


def warn_of_file_limit(limits: ConnectionLimits) -> None:
    """Raise the file limit of this process. Write a warning where it does not permit the maximum of connections."""
    files = raise_file_limit(limits.files)
    if (permitted := limits.connections_for(files)) < limits.max_connections:
        log.warning("connections limited", files=files, connections=permitted, needed_files=limits.files)


_MONITORS: WeakKeyDictionary[ServerState, ConnectionMonitor] = WeakKeyDictionary()


def monitor_of(
    state: ServerState, loop: asyncio.AbstractEventLoop, limits: ConnectionLimits = DEFAULT_LIMITS
) -> ConnectionMonitor:
    """Return the connection monitor of a server."""
    return _MONITORS.get(state) or _MONITORS.setdefault(state, ConnectionMonitor(loop, state.connections, limits))
