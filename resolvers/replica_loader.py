"""Batch loaders that read from a replica, or note the position of what they have read."""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import asyncpg

from models.storage.database import OUTAGE_ERRORS
from models.storage.servers import DatabaseServers, Server
from models.storage.statement import Connection
from models.storage.wal_position import WalPosition, read_state
from resolvers.batch_loader import BatchLoader
from resolvers.field_sources import Read
from resolvers.load_request import LoadRequest, Then


class _PositionedRead:
    """A read that is followed by the position of its server, which includes what the read has returned."""

    def __init__(self, read: Read, note: Callable[[WalPosition], None]) -> None:
        self.read = read
        self._note = note
        self.__name__ = getattr(read, "__name__", "")

    async def __call__(self, connection: Connection, keys: Sequence[Any], *arguments: Any) -> Mapping[Any, Any]:
        values = await self.read(connection, keys, *arguments)
        self._note((await read_state(connection)).position)
        return values


class RoutedLoader(BatchLoader):
    """Loads keys for requests that read from one server, in one role.

    What a replica cannot read because of an outage is read by the loader of the primary.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        servers: DatabaseServers,
        *,
        replica: Server | None = None,
        primary: BatchLoader | None = None,
        is_positioned: bool,
    ) -> None:
        super().__init__(pool)
        self._servers = servers
        self._replica = replica
        self._primary = primary
        self._is_positioned = is_positioned
        if replica:
            self.trace_attributes = {"replica": replica.name}
        self._reads: dict[Read, _PositionedRead] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def _note(self, position: WalPosition) -> None:
        if self._replica:
            self._replica.note_seen_by_role(position)
        else:
            self._servers.primary.note_seen(position)

    def request(
        self, read: Read, keys: Sequence[Any], arguments: tuple[Hashable, ...] = (), then: Then = None, size: int = 0
    ) -> asyncio.Future[Any]:
        if not self._is_positioned:
            return super().request(read, keys, arguments, then, size)
        positioned = self._reads.get(read)
        if positioned is None:
            positioned = self._reads[read] = _PositionedRead(read, self._note)
        return super().request(positioned, keys, arguments, then, size)

    def fail(self, batch: Sequence[LoadRequest], error: Exception, read: Read, arguments: tuple[Any, ...]) -> None:
        # What takes too long on a replica would do so on the primary, too.
        is_outage = isinstance(error, OUTAGE_ERRORS) and not isinstance(error, (TimeoutError, ValueError))
        if self._primary is None or not is_outage:
            super().fail(batch, error, read, arguments)
            return
        original = read.read if isinstance(read, _PositionedRead) else read
        task = asyncio.get_running_loop().create_task(self._load_from(self._primary, batch, original, arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load_from(
        self, primary: BatchLoader, batch: Sequence[LoadRequest], read: Read, arguments: tuple[Any, ...]
    ) -> None:
        keys = [*dict.fromkeys(key for request in batch for key in request.keys if not request.done())]
        try:
            values = dict(zip(keys, await primary.load(read, keys, arguments), strict=True))
        except Exception as error:  # noqa: BLE001 -- it is set as the exception of the requests
            for request in batch:
                request.fail(error)
        else:
            self._note(self._servers.primary.seen)
            for request in batch:
                request.resolve(values)
