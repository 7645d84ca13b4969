"""The main and the keyring database: pools that read, pools that write, and the one place that commits."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple, Self

import asyncpg

from models.errors import Unavailable
from models.storage.connection_budget import ConnectionBudget
from models.storage.pool import Destination, Pool
from models.storage.servers import DatabaseServers, Server
from models.storage.statement import Connection
from models.storage.wal_position import read_state

OUTAGE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # asyncpg raises this when a connection breaks while it prepares a statement.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.ObjectNotInPrerequisiteStateError,
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
    # The database is created again, or its name is wrong: /readyz tells which component it is.
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.DeadlockDetectedError,
    asyncpg.exceptions.SerializationError,
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.TransactionTimeoutError,
    # A standby, or a server whose administrator has made it read-only: after a fail-over the address leads elsewhere.
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    # The disk fails. A full disk is one of the insufficient resources above.
    asyncpg.exceptions.PostgresSystemError,
)
"""Errors which mean that PostgreSQL cannot answer now. The caller may try again."""

CLOSE_TIMEOUT = 5
"""Seconds that each pool has to close before its connections are terminated."""


class DatabaseRoles(NamedTuple):
    """The PostgreSQL roles that a process acts as. A role that is None leaves its sessions to the login role.

    ``internal`` and ``writer`` are those of the service's own reads and writes. ``readers`` maps each role that
    callers' reads run as to the columns that are hidden from it. ``mutations`` are the roles of groups of mutations.
    """

    internal: str | None = None
    writer: str | None = None
    readers: Mapping[str, frozenset[str]] = {}
    mutations: Sequence[str] = ()


class MaxConnections(NamedTuple):
    """The most connections that a process opens to each server."""

    database: int
    keyring: int
    replica: int
    """To each replica; 0 where there are none."""


class ReplicaSettings(NamedTuple):
    """The URLs of replicas of the first database, and how many seconds their answers may lag behind."""

    urls: Sequence[str] = ()
    lag: float = 0.1


class Database:
    """Pools of connections. PostgreSQL refuses writes on the read pools.

    ``readers`` serves the service's own reads. ``role_readers`` and ``role_keyrings`` serve callers' reads, by role.
    """

    def __init__(self, readers: Pool, writers: Pool, keyring: Pool, servers: DatabaseServers | None = None) -> None:
        self.readers = readers
        self.writers = writers
        self.keyring = keyring
        self.servers = servers
        """The servers of the first database; None without replicas."""
        self.role_readers: dict[str, Pool] = {}
        self.role_keyrings: dict[str, Pool] = {}
        self.replica_readers: dict[Server, dict[str | None, Pool]] = {}
        """The pools of each server for reads of it as a replica, by role; that of None has no role of a caller."""
        if servers:
            servers.on_loss(self._end_reads_of)
            servers.on_promotion(self._end_sessions_of_primary)

    @property
    def max_connections(self) -> MaxConnections:
        """The most connections that this process opens to each server, with the one that asks for its state."""
        readers, writers, keyring = (pool.get_max_size() for pool in (self.readers, self.writers, self.keyring))
        asking = 1 if self.servers else 0
        return MaxConnections(readers + writers + asking, keyring, (readers + asking) * asking)

    @classmethod
    async def open(  # noqa: PLR0913 -- the settings of two databases
        cls,
        url: str,
        keyring_url: str,
        *,
        readers: int,
        writers: int,
        timeout: float,  # noqa: ASYNC109 -- of each statement, not of this call
        roles: DatabaseRoles = DatabaseRoles(),  # noqa: B008 -- immutable
        replicas: ReplicaSettings = ReplicaSettings(),  # noqa: B008 -- immutable
    ) -> Self:
        """Open the pools. They connect on first use, so that the service can start before its databases.

        All roles together open at most ``readers`` connections for reads of the first database, and ``writers`` for
        mutations. They open at most ``readers`` to the keyring and to each replica. ``timeout`` is in seconds.
        With replicas this returns once each server has been asked for its state.
        """
        servers = DatabaseServers([url, *replicas.urls], replicas.lag) if replicas.urls else None
        primary = (
            Destination(lambda: servers.primary_url, servers.require_primary, is_replica=False) if servers else None
        )
        target = "keyring" if url == keyring_url else "database"
        main = partial(Pool, url, target=target, timeout=timeout, server=primary)
        ring = partial(Pool, keyring_url, target="keyring", timeout=timeout, budget=ConnectionBudget(readers))
        reading = ConnectionBudget(readers)
        database = cls(
            await main(budget=reading, role=roles.internal, read_only=True),
            await main(
                budget=ConnectionBudget(writers),
                role=roles.writer,
                read_only=False,
                transaction_roles=roles.mutations,
            ),
            await ring(role=roles.writer, read_only=False),
            servers,
        )
        for role, hidden in roles.readers.items():
            database.role_readers[role] = await main(budget=reading, role=role, read_only=True, hidden_columns=hidden)
            database.role_keyrings[role] = await ring(role=role, read_only=True)
        for server in servers.servers if servers else ():
            replica = Destination(partial(getattr, server, "url"), server.require_replica, is_replica=True)
            pool = partial(
                Pool, server.url, target=server.name, timeout=timeout, budget=ConnectionBudget(readers), server=replica
            )
            database.replica_readers[server] = {None: await pool(role=roles.internal, read_only=True)}
            for role, hidden in roles.readers.items():
                database.replica_readers[server][role] = await pool(role=role, read_only=True, hidden_columns=hidden)
        if servers:
            await servers.start()
        return database

    async def close(self) -> None:
        """Close the pools, and terminate the connections of a pool that does not close within ``CLOSE_TIMEOUT``."""
        if self.servers:
            await self.servers.close()
        replica_pools = [pool for pools in self.replica_readers.values() for pool in pools.values()]
        for pool in (*self._primary_pools, self.keyring, *self.role_keyrings.values(), *replica_pools):
            try:
                await asyncio.wait_for(pool.close(), CLOSE_TIMEOUT)
            except (TimeoutError, asyncpg.InterfaceError, OSError):
                pool.terminate()

    @property
    def _primary_pools(self) -> Iterator[Pool]:
        yield from (self.readers, self.writers, *self.role_readers.values())

    def _end_reads_of(self, server: Server) -> None:
        for pool in self.replica_readers.get(server, {}).values():
            pool.end_connections()

    def _end_sessions_of_primary(self) -> None:
        for pool in self._primary_pools:
            pool.end_connections()

    @asynccontextmanager
    async def transaction(self, role: str | None = None) -> AsyncIterator[Connection]:
        """Yield a writing connection inside one transaction. Only this method commits to the main database.

        ``role`` is the role of a group of mutations, which the transaction acts as if the process has such roles.
        """
        async with self.writers.acquire() as connection:
            async with self.writers.begin(connection, role):
                yield connection
            if self.servers:
                self.servers.primary.note_seen((await read_state(connection)).position)


def unavailable_for(error: BaseException) -> Unavailable | None:
    """Return UNAVAILABLE for an error which means that PostgreSQL cannot answer now, otherwise None.

    asyncpg raises a ValueError for a value that it cannot encode. That is a fault of this service and no outage.
    """
    return Unavailable() if isinstance(error, OUTAGE_ERRORS) and not isinstance(error, ValueError) else None
