"""The two databases: pools that read and pools that write, statements compiled once, one place that commits."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self

import asyncpg

from models.errors import Unavailable
from models.storage.statement import Connection

OUTAGE_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # What asyncpg says of a connection that broke while a statement was being prepared.
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
)
"""What says that PostgreSQL cannot answer now; the same question may be asked again."""

IDLE = 3
"""How often over a statement's time a transaction may idle before PostgreSQL ends it, and frees who waits."""

_READING = {
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}
"""What sessions that read are: each statement is planned once, for any values, and goes by an index.

PostgreSQL by itself plans these anew each time, which takes longer than the reading; and where a table was empty when
the plan was made, it would read the whole of it until that is analysed.
"""
_WRITING = {"default_transaction_read_only": "off"}


class _Pool(asyncpg.pool.Pool):
    """A pool that lets nobody wait for a connection longer than for a statement.

    Its sessions act as ``role`` from their first moment on, and know the columns that this role does not need.
    """

    def __init__(
        self, url: str, *, patience: float, read_only: bool, role: str | None, hides: frozenset[str], **given: Any
    ) -> None:
        self._patience = patience
        kind = type("Connection", (asyncpg.Connection,), {"hides": hides}) if hides else asyncpg.Connection
        super().__init__(
            url,
            max_queries=50_000,
            loop=None,
            connection_class=kind,
            record_class=asyncpg.Record,
            timeout=patience,
            command_timeout=patience,
            min_size=0,
            max_inactive_connection_lifetime=300,
            statement_cache_size=256,
            reset=_no_reset if read_only else None,
            server_settings={
                "application_name": "privacy",
                "timezone": "UTC",
                "default_transaction_isolation": "read committed",
                "idle_in_transaction_session_timeout": str(int(patience * IDLE * 1000)),
                **(_READING if read_only else _WRITING),
                **({"role": role} if role else {}),
            },
            **given,
        )

    def acquire(self, *, timeout: float | None = None) -> Any:
        return super().acquire(timeout=timeout or self._patience)


class DatabaseRoles(NamedTuple):
    """Which roles of PostgreSQL a process acts as; without any, it acts as its login.

    ``readers`` are those that callers' reads run as, each with the columns that it does not need.
    """

    internal: str | None = None
    writer: str | None = None
    readers: Mapping[str, frozenset[str]] = {}


class Database:
    """Pools of connections. Those that read cannot write: PostgreSQL refuses it on them.

    ``readers`` serves the service's own reads; ``read_as`` and ``keys_as`` those of callers, by the role they run as.
    """

    def __init__(self, readers: asyncpg.Pool, writers: asyncpg.Pool, keyring: asyncpg.Pool) -> None:
        self.readers = readers
        self.writers = writers
        self.keyring = keyring
        self.read_as: dict[str, asyncpg.Pool] = {}
        self.keys_as: dict[str, asyncpg.Pool] = {}

    @classmethod
    async def open(  # noqa: PLR0913 -- these are the parts of two addresses
        cls,
        url: str,
        keyring_url: str,
        *,
        readers: int,
        writers: int,
        timeout: float,  # noqa: ASYNC109 -- of each statement, not of this call
        acting: DatabaseRoles = DatabaseRoles(),  # noqa: B008 -- it cannot change
    ) -> Self:
        """Open the pools; nothing is connected before it is needed, so the service starts before its database."""

        def pool(url: str, size: int, role: str | None, *, read_only: bool, hides: frozenset[str] = frozenset()) -> Any:
            return _Pool(url, patience=timeout, max_size=size, read_only=read_only, role=role, hides=hides)

        made = cls(
            await pool(url, readers, acting.internal, read_only=True),
            await pool(url, writers, acting.writer, read_only=False),
            await pool(keyring_url, readers, acting.writer, read_only=False),
        )
        for role, hides in acting.readers.items():
            made.read_as[role] = await pool(url, readers, role, read_only=True, hides=hides)
            made.keys_as[role] = await pool(keyring_url, readers, role, read_only=True)
        return made

    async def close(self) -> None:
        for pool in (self.readers, self.writers, self.keyring, *self.read_as.values(), *self.keys_as.values()):
            try:
                await asyncio.wait_for(pool.close(), 5)
            except (TimeoutError, asyncpg.InterfaceError, OSError):
                pool.terminate()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Give a writing connection inside one transaction: the only place where the first database is committed."""
        async with self.writers.acquire() as connection, connection.transaction():
            yield connection


async def _no_reset(_connection: object) -> None:
    """Send nothing when a read-only connection goes back: its session holds no state worth resetting."""


def unavailable_for(error: BaseException) -> Unavailable | None:
    """Say UNAVAILABLE for an error that means PostgreSQL cannot answer now; None for any other error.

    What asyncpg could not send, because of what it is, is our fault and no outage: asyncpg calls that a ValueError.
    """
    return Unavailable() if isinstance(error, OUTAGE_ERRORS) and not isinstance(error, ValueError) else None
