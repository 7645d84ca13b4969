"""The main and the keyring database: pools that read, pools that write, and the one place that commits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

import asyncpg

from models.errors import Unavailable
from models.storage import session_checks, tracing
from models.storage.connection_budget import BudgetedPool, ConnectionBudget
from models.storage.outages import OUT_OF_REACH, describe, outages
from models.storage.statement import Connection

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

IDLE_TIMEOUT_FACTOR = 3
"""PostgreSQL ends a transaction that idles for this many times the statement timeout, which frees its locks."""

CLOSE_TIMEOUT = 5
"""Seconds that each pool has to close before its connections are terminated."""

_READ_SETTINGS = {
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}
"""Session settings of read connections: PostgreSQL plans each statement once, for any values, and uses an index.

Without bitmap scans a page is read in the order of its index, and not sorted after all rows of its list were read.

By default PostgreSQL plans these statements at every execution, which takes longer than the read. If a table was
empty when the plan was made, a generic plan would also scan the whole table until ANALYZE runs.
"""
_WRITE_SETTINGS = {"default_transaction_read_only": "off"}


class _Pool(BudgetedPool):
    """A pool whose timeout in seconds limits the wait for a connection as well as each statement.

    Its sessions act as ``role`` from their start. Its connections carry the columns that are hidden from this role.
    """

    def __init__(  # noqa: PLR0913 -- the settings of one pool
        self,
        url: str,
        *,
        target: str,
        timeout: float,
        budget: ConnectionBudget,
        read_only: bool,
        role: str | None,
        hidden_columns: frozenset[str],
    ) -> None:
        self._acquire_timeout = timeout
        connection_class: type[asyncpg.Connection] = asyncpg.Connection
        if hidden_columns:
            connection_class = type("Connection", (asyncpg.Connection,), {"hidden_columns": hidden_columns})
        super().__init__(
            url,
            max_queries=50_000,
            loop=None,
            connection_class=connection_class,
            record_class=asyncpg.Record,
            connect=_connect_and_check(target, role, read_only=read_only),
            # A connection that hangs is given up before the wait for it ends, so that its outage is logged.
            timeout=timeout * 0.9,
            command_timeout=timeout,
            min_size=0,
            budget=budget,
            max_inactive_connection_lifetime=300,
            statement_cache_size=256,
            reset=_no_reset if read_only else None,
            server_settings={
                "application_name": "privacy",
                "timezone": "UTC",
                "default_transaction_isolation": "read committed",
                "idle_in_transaction_session_timeout": str(int(timeout * IDLE_TIMEOUT_FACTOR * 1000)),
                **(_READ_SETTINGS if read_only else _WRITE_SETTINGS),
                **({"role": role} if role else {}),
            },
        )

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=timeout or self._acquire_timeout)


class DatabaseRoles(NamedTuple):
    """The PostgreSQL roles that a process acts as. A role that is None leaves its sessions to the login role.

    ``readers`` maps each role that callers' reads run as to the columns that are hidden from it.
    """

    internal: str | None = None
    writer: str | None = None
    readers: Mapping[str, frozenset[str]] = {}


class MaxConnections(NamedTuple):
    """The most connections that a process opens to each server."""

    database: int
    keyring: int


class Database:
    """Pools of connections. PostgreSQL refuses writes on the read pools.

    ``readers`` serves the service's own reads. ``role_readers`` and ``role_keyrings`` serve callers' reads, by role.
    """

    def __init__(self, readers: asyncpg.Pool, writers: asyncpg.Pool, keyring: asyncpg.Pool) -> None:
        self.readers = readers
        self.writers = writers
        self.keyring = keyring
        self.role_readers: dict[str, asyncpg.Pool] = {}
        self.role_keyrings: dict[str, asyncpg.Pool] = {}

    @property
    def max_connections(self) -> MaxConnections:
        """The most connections that this process opens to each server."""
        readers, writers, keyring = (pool.get_max_size() for pool in (self.readers, self.writers, self.keyring))
        return MaxConnections(readers + writers, keyring)

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
    ) -> Self:
        """Open the pools. They connect on first use, so that the service can start before its databases.

        All roles together open at most ``readers`` connections for reads of the first database, ``writers`` for
        mutations, and ``readers`` to the keyring. ``timeout`` is in seconds.
        """
        reading, writing, reading_keys = ConnectionBudget(readers), ConnectionBudget(writers), ConnectionBudget(readers)

        def pool(
            url: str,
            budget: ConnectionBudget,
            role: str | None,
            *,
            read_only: bool,
            hidden_columns: frozenset[str] = frozenset(),
        ) -> Any:
            return _Pool(
                url,
                target="keyring" if url == keyring_url else "database",
                timeout=timeout,
                budget=budget,
                read_only=read_only,
                role=role,
                hidden_columns=hidden_columns,
            )

        database = cls(
            await pool(url, reading, roles.internal, read_only=True),
            await pool(url, writing, roles.writer, read_only=False),
            await pool(keyring_url, reading_keys, roles.writer, read_only=False),
        )
        for role, hidden_columns in roles.readers.items():
            database.role_readers[role] = await pool(url, reading, role, read_only=True, hidden_columns=hidden_columns)
            database.role_keyrings[role] = await pool(keyring_url, reading_keys, role, read_only=True)
        return database

    async def close(self) -> None:
        """Close the pools, and terminate the connections of a pool that does not close within ``CLOSE_TIMEOUT``."""
        role_pools = (*self.role_readers.values(), *self.role_keyrings.values())
        for pool in (self.readers, self.writers, self.keyring, *role_pools):
            try:
                await asyncio.wait_for(pool.close(), CLOSE_TIMEOUT)
            except (TimeoutError, asyncpg.InterfaceError, OSError):
                pool.terminate()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a writing connection inside one transaction. Only this method commits to the main database."""
        async with self.writers.acquire() as connection, connection.transaction():
            yield connection


def _connect_and_check(
    target: str, role: str | None, *, read_only: bool
) -> Callable[..., Awaitable[asyncpg.Connection]]:
    """Return a function that connects, checks the session, and logs once why connections cannot be opened.

    A server that cannot be reached is one target. What it refuses may differ by role, so each role is one, too.
    """
    session = f"{target} connections as {role}" if role else f"{target} connections"
    server = f"{target} server"

    async def connect(*args: Any, **options: Any) -> asyncpg.Connection:
        try:
            connection: asyncpg.Connection = await asyncpg.connect(*args, **options)
            try:
                await session_checks.require_settings(connection, role, read_only=read_only)
            except BaseException:
                connection.terminate()
                raise
        except Exception as error:
            is_reached = isinstance(error, asyncpg.PostgresError) and describe(error) != OUT_OF_REACH
            outages.fail_with(session if is_reached else server, error)
            raise
        tracing.watch_statements(connection)
        outages.recover(server)
        outages.recover(session)
        return connection

    return connect


async def _no_reset(_connection: object) -> None:
    """Send no reset query when a read connection is released: a read leaves no session state behind."""


def unavailable_for(error: BaseException) -> Unavailable | None:
    """Return UNAVAILABLE for an error which means that PostgreSQL cannot answer now, otherwise None.

    asyncpg raises a ValueError for a value that it cannot encode. That is a fault of this service and no outage.
    """
    return Unavailable() if isinstance(error, OUTAGE_ERRORS) and not isinstance(error, ValueError) else None
