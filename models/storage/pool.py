"""The pools of connections: the settings of their sessions, and the checks of each new session."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, cast

import asyncpg

from models.storage import session_checks
from models.storage.connection_budget import BudgetedPool, ConnectionBudget
from models.storage.outages import OUT_OF_REACH, describe, outages
from models.storage.role_transactions import RoleConnection

IDLE_TIMEOUT_FACTOR = 3
"""PostgreSQL ends a transaction that idles for this many times the statement timeout, which frees its locks."""

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
_REFUSALS = (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError)
"""Why PostgreSQL refuses a new session: it may not connect, or its role is missing. In a statement these are faults."""


CONNECT_TIMEOUT_OF_REPLICAS = 1.0
"""Seconds that connecting to a replica may take: the primary answers instead."""


class Destination(NamedTuple):
    """The server that the sessions of a pool belong to, where that can change."""

    url: Callable[[], str]
    require: Callable[[Any], Awaitable[None]]
    """Raises an outage unless a new session belongs to such a server."""
    is_replica: bool


class SessionRefused(asyncpg.PostgresConnectionError):
    """PostgreSQL refused a new session: a privilege or a role is missing. It has the SQLSTATE of the refusal."""

    def __init__(self, refusal: asyncpg.PostgresError) -> None:
        super().__init__("PostgreSQL refused a session")
        self.sqlstate = refusal.sqlstate  # type: ignore[misc]


class Pool(BudgetedPool):
    """A pool whose timeout in seconds limits the wait for a connection as well as each statement.

    Its sessions act as ``role`` from their start. Its connections carry the columns that are hidden from this role.
    Transactions may act as one of ``transaction_roles`` instead.
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
        hidden_columns: frozenset[str] = frozenset(),
        server: Destination | None = None,
        transaction_roles: Sequence[str] = (),
    ) -> None:
        self._acquire_timeout = timeout
        self._transaction_roles = transaction_roles
        connection_class: type[asyncpg.Connection] = RoleConnection if transaction_roles else asyncpg.Connection
        if hidden_columns:
            connection_class = type("Connection", (asyncpg.Connection,), {"hidden_columns": hidden_columns})
        super().__init__(
            url,
            max_queries=50_000,
            loop=None,
            connection_class=connection_class,
            record_class=asyncpg.Record,
            connect=_connect_and_check(target, role, server, transaction_roles, read_only=read_only),
            # A connection that hangs is given up before the wait for it ends, so that its outage is logged.
            timeout=min(timeout * 0.9, CONNECT_TIMEOUT_OF_REPLICAS) if server and server.is_replica else timeout * 0.9,
            command_timeout=timeout,
            min_size=0,
            budget=budget,
            max_inactive_connection_lifetime=300,
            statement_cache_size=256,
            reset=_no_reset if read_only else None,
            server_settings={
                "application_name": "privacy",
                "timezone": "UTC",
                "jit": "off",  # compiling a statement, at each execution, takes longer than executing it
                "default_transaction_isolation": "read committed",
                "idle_in_transaction_session_timeout": str(int(timeout * IDLE_TIMEOUT_FACTOR * 1000)),
                **(_READ_SETTINGS if read_only else _WRITE_SETTINGS),
                **({"role": role} if role else {}),
            },
        )

    def begin(self, connection: Any, role: str | None) -> AbstractAsyncContextManager[None]:
        """Return a transaction that acts as ``role`` if it is one of the roles of transactions."""
        transaction = connection.transaction_as(role) if role in self._transaction_roles else connection.transaction()
        return cast("AbstractAsyncContextManager[None]", transaction)

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=timeout or self._acquire_timeout)


def _connect_and_check(
    target: str,
    role: str | None,
    destination: Destination | None,
    transaction_roles: Sequence[str],
    *,
    read_only: bool,
) -> Callable[..., Awaitable[asyncpg.Connection]]:
    """Return a function that connects, checks the session, and logs once why connections cannot be opened.

    A server that cannot be reached is one target. What it refuses may differ by role, so each role is one, too.
    """
    session = f"{target} connections as {role}" if role else f"{target} connections"
    server = f"{target} server"

    async def connect(url: str, **options: Any) -> asyncpg.Connection:
        try:
            connection: asyncpg.Connection = await asyncpg.connect(destination.url() if destination else url, **options)
            try:
                if role and transaction_roles:
                    await session_checks.require_roles(connection, [*transaction_roles, role])
                await session_checks.require_settings(connection, role, read_only=read_only)
                if destination:
                    await destination.require(connection)
            except BaseException:
                connection.terminate()
                raise
        except Exception as error:
            is_reached = isinstance(error, asyncpg.PostgresError) and describe(error) != OUT_OF_REACH
            outages.fail_with(session if is_reached else server, error)
            if isinstance(error, _REFUSALS):
                raise SessionRefused(error) from None
            raise
        outages.recover(server)
        outages.recover(session)
        return connection

    return connect


async def _no_reset(_connection: object) -> None:
    """Send no reset query when a read connection is released: a read leaves no session state behind."""
