"""How many connections each server permits, compared with the budgets of this process."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import structlog

from models.storage.database import OUTAGE_ERRORS, Database
from models.storage.statement import Statement

log = structlog.get_logger("privacy")
RETRY_INTERVAL = 1.0
"""Seconds between two attempts while a server cannot be reached."""

# Every role may read these. A limit of -1 means none, and NULL means a version without that setting.
PERMITTED_CONNECTIONS = Statement("""
SELECT LEAST(
    CAST(current_setting('max_connections') AS integer)
    - CAST(current_setting('superuser_reserved_connections') AS integer)
    - COALESCE(CAST(current_setting('reserved_connections', true) AS integer), 0),
    (SELECT NULLIF(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
    (SELECT NULLIF(rolconnlimit, -1) FROM pg_roles WHERE rolname = session_user)
)
""")


async def log_capacity(database: Database) -> None:
    """Log for each server how many connections this process may open, and how many the server permits to all.

    A server that cannot be reached is asked again, but replicas that cannot be reached are left out. It is a warning if
    the server permits fewer.
    """
    mine = database.max_connections
    replicas = [(server, pools[None]) for server, pools in database.replica_readers.items() if server.is_standby]
    for target, pool, most in (
        ("database", database.readers, mine.database),
        ("keyring", database.keyring, mine.keyring),
        *((server.name, pool, mine.replica) for server, pool in replicas),
    ):
        permitted = await _permitted(pool)
        write: Any = log.info if permitted >= most else log.warning
        write("database connections", target=target, process=most, permitted=permitted)


async def _permitted(pool: asyncpg.Pool) -> int:
    while True:
        with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
            async with pool.acquire() as connection:
                return int(await PERMITTED_CONNECTIONS.value(connection))
        await asyncio.sleep(RETRY_INTERVAL)
