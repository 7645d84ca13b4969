"""The servers of the first database: which of them is the primary, and how fresh each replica is."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg
import structlog
from prometheus_client import Gauge

from models.storage.outages import outages
from models.storage.statement import Connection
from models.storage.wal_position import ServerState, WalPosition, begin_session, read_state

log = structlog.get_logger("privacy")

ASK_TIMEOUT: Final = 0.5
"""Seconds without an answer after which a server is left out."""
MIN_ASK_INTERVAL: Final = 0.01
MAX_ASK_INTERVAL: Final = 0.05
"""Seconds between two questions to a server; in this range it is a quarter of the permitted lag."""
RETRY_INTERVAL: Final = 0.1
"""Seconds between two attempts to reach a server."""
LAG_NOTICE: Final = 1.0
"""Seconds beyond the permitted lag after which a lag is logged."""
PROMOTION_DELAY: Final = 1.0
"""Seconds until a promoted server is used while the former primary still answers.

By then all processes that reach the promoted server have stopped to use the former one.
"""

IN_USE: Final = Gauge("privacy_replica_in_use", "1 while requests may read from this replica.", ["server"])
LAG: Final = Gauge("privacy_replica_lag_seconds", "How old answers of this replica may be at most.", ["server"])


class Server:
    """One server, and what is known of it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.system = 0
        """The identifier of its cluster, which its standbys have, too."""
        self.is_standby: bool | None = None
        """Whether it is a standby; None while it cannot be reached."""
        self.position = WalPosition(0, 0)
        """The position that it last reported: its answers include it."""
        self.floor = WalPosition(0, 0)
        """The newest position that it ever reported: requests may rely on it."""
        self.seen = WalPosition(0, 0)
        """A position that includes all that reads from it have returned."""
        self.fresh_at = -math.inf
        """The last time of the monotonic clock at which it had everything that the primary had."""
        self.is_asked = asyncio.Event()
        """Set once it has answered, or has failed to."""

    def note_state(self, state: ServerState) -> None:
        """Note what the server reported. The timeline of its stream is not visible while the stream is interrupted."""
        self.is_standby = state.is_standby
        timeline = max(state.position.timeline, self.position.timeline)
        self.position = WalPosition(timeline, state.position.lsn)
        self.floor = max(self.floor, self.position)
        self.note_seen(self.position)

    def note_seen(self, position: WalPosition) -> None:
        """Note a position that includes what a read has returned."""
        self.seen = max(self.seen, position)

    def note_seen_by_role(self, position: WalPosition) -> None:
        """Note a position that a session of a caller's role has asked for: it may not see the timeline of a stream."""
        self.note_seen(WalPosition(max(position.timeline, self.seen.timeline), position.lsn))

    async def require_replica(self, connection: Connection) -> None:
        """Raise an outage unless this new session reads from a standby that has kept what it had.

        A standby that was killed may answer again before it has replayed as much as before.
        """
        known = self.floor
        state = await read_state(connection)
        if not state.is_standby or state.position.lsn < known.lsn:
            raise asyncpg.CannotConnectNowError("the server is no standby, or is behind its former position")


class DatabaseServers:
    """The servers of the first database. One task for each asks it for its state, until `close`."""

    def __init__(self, urls: Sequence[str], lag: float) -> None:
        """Set the servers, first the one that the first database is expected on. ``lag`` is in seconds."""
        self.servers = [Server(f"server {number}", url) for number, url in enumerate(urls, 1)]
        self.primary = self.servers[0]
        """The server that mutations are sent to: the last one that was seen to be a primary."""
        self.lag = lag
        self._interval = min(max(lag / 4, MIN_ASK_INTERVAL), MAX_ASK_INTERVAL)
        self._timeline = 0
        """The highest timeline on which a primary was seen."""
        self._usable_at = 0.0
        """The time of the monotonic clock from which the primary is used."""
        self._history: deque[tuple[float, WalPosition]] = deque()
        """Times of the monotonic clock, and the position that the primary had then or later."""
        self._order = list(self.servers)
        self._tasks: list[asyncio.Task[None]] = []
        self._loss_listeners: list[Callable[[Server], None]] = []
        self._promotion_listeners: list[Callable[[], None]] = []

    @property
    def primary_url(self) -> str:
        """The URL of the primary."""
        return self.primary.url

    async def require_primary(self, connection: Connection) -> None:
        """Raise an outage unless this new session is one of the primary, and not of a standby or an old primary."""
        if time.monotonic() < self._usable_at:
            raise asyncpg.CannotConnectNowError("the server was promoted a moment ago")
        state = await read_state(connection)
        if state.is_standby or state.position.timeline < self._timeline:
            raise asyncpg.ReadOnlySQLTransactionError("the server is a standby, or was replaced by a promoted one")

    def on_loss(self, listener: Callable[[Server], None]) -> None:
        """Call this with each replica that cannot be used any more: its sessions must end."""
        self._loss_listeners.append(listener)

    def on_promotion(self, listener: Callable[[], None]) -> None:
        """Call this when another server has become the primary: sessions of the former one must end."""
        self._promotion_listeners.append(listener)

    async def start(self) -> None:
        """Start to ask the servers; return when each has answered, or has failed to."""
        self._tasks = [asyncio.create_task(self._watch(server)) for server in self.servers]
        await asyncio.gather(*(server.is_asked.wait() for server in self.servers))

    async def close(self) -> None:
        """Stop asking."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def choose(self, position: WalPosition | None) -> Server | None:
        """Return a replica that has all that was committed ``lag`` seconds ago, and this position; None if none has."""
        oldest = time.monotonic() - self.lag
        for server in self._order:
            if server.fresh_at >= oldest and (position is None or server.position.includes(position)):
                return server
        return None

    @property
    def in_use(self) -> list[str]:
        """The names of the replicas that requests may read from."""
        oldest = time.monotonic() - self.lag
        return [server.name for server in self.servers if server.fresh_at >= oldest]

    async def _watch(self, server: Server) -> None:
        while True:
            try:
                await self._ask_repeatedly(server)
            except Exception as error:  # noqa: BLE001 -- whatever it is, the server cannot be used
                self._lose(server)
                outages.fail_with(server.name, error)
            server.is_asked.set()
            await asyncio.sleep(RETRY_INTERVAL)

    async def _ask_repeatedly(self, server: Server) -> None:
        settings = {"application_name": "privacy-freshness", "default_transaction_read_only": "on"}
        connection: Any = await asyncpg.connect(
            server.url, timeout=ASK_TIMEOUT, command_timeout=ASK_TIMEOUT, server_settings=settings
        )
        # A killed server closes this connection at once, and before another one can be opened to its successor.
        connection.add_termination_listener(lambda _: self._lose(server))
        server.position = WalPosition(0, 0)
        try:
            server.system = await begin_session(connection)
            while True:
                asked_at = time.monotonic()
                self._update(server, asked_at, await read_state(connection))
                server.is_asked.set()
                await asyncio.sleep(self._interval)
        finally:
            connection.terminate()

    def _update(self, server: Server, asked_at: float, state: ServerState) -> None:
        if server.is_standby != state.is_standby:
            self._lose(server)
        server.note_state(state)
        if state.is_standby:
            self._refresh(server)
            return
        self._consider(server)
        if server is self.primary and server.position.timeline == self._timeline:
            outages.recover(server.name)
            self._note_position(asked_at, server.position)

    def _consider(self, server: Server) -> None:
        """Make a server the primary if its timeline is newer, or the same where there is no other primary."""
        timeline = server.position.timeline
        if self._timeline and server.system != self.primary.system:
            outages.fail(server.name, problem="belongs to another cluster")
        elif timeline < self._timeline:
            outages.fail(server.name, problem="is an old primary: another server was promoted")
        elif timeline > self._timeline or (server is not self.primary and self.primary.is_standby is not False):
            former, self.primary, self._timeline = self.primary, server, timeline
            self._history.clear()
            IN_USE.remove(server.name)
            LAG.remove(server.name)
            for each in self.servers:
                each.fresh_at, each.floor = -math.inf, WalPosition(0, 0)
            if server is not former:
                self._usable_at = time.monotonic() + (PROMOTION_DELAY if former.is_standby is False else 0.0)
                log.warning("primary changed", server=server.name)
                for listener in self._promotion_listeners:
                    listener()

    def _note_position(self, asked_at: float, position: WalPosition) -> None:
        history = self._history
        if history and history[-1][1] == position:
            history.pop()
        history.append((asked_at, position))
        while history[0][0] < asked_at - self.lag and len(history) > 1:
            history.popleft()
        self._order.append(self._order.pop(0))
        for server in self.servers:
            if server.is_standby:
                self._refresh(server)

    def _refresh(self, replica: Server) -> None:
        """Note the last time at which a replica had everything that the primary had."""
        for at, position in reversed(self._history if replica.system == self.primary.system else ()):
            if replica.position.lsn >= position.lsn and replica.position.timeline == position.timeline:
                replica.fresh_at = max(replica.fresh_at, at)
                break
        age = time.monotonic() - replica.fresh_at
        is_in_use = age <= self.lag
        IN_USE.labels(replica.name).set(is_in_use)
        LAG.labels(replica.name).set(age)
        if is_in_use:
            outages.recover(replica.name)
        elif age > self.lag + LAG_NOTICE and self.primary.is_standby is False:
            outages.fail(replica.name, problem="lags behind the primary, or follows another server")

    def _lose(self, server: Server) -> None:
        """Leave out a server that does not answer, or is no longer what it was."""
        if server.is_standby is None:
            return
        was_standby, server.is_standby, server.fresh_at = server.is_standby, None, -math.inf
        if was_standby:
            IN_USE.labels(server.name).set(0)
            LAG.labels(server.name).set(math.inf)
            for listener in self._loss_listeners:
                listener(server)
