"""A process logs how many connections it may open to each server, and how many the server permits."""

import asyncpg
import pytest
from structlog.testing import capture_logs

from models.storage.connection_capacity import log_capacity
from models.storage.database import Database
from tests.conftest import Databases

pytestmark = pytest.mark.anyio


async def logged(databases: Databases, readers: int) -> list[tuple[str, str, int, int]]:
    database = await Database.open(databases.url, databases.keyring_url, readers=readers, writers=2, timeout=10)
    try:
        with capture_logs() as lines:
            await log_capacity(database)
    finally:
        await database.close()
    lines = [line for line in lines if line["event"] == "database connections"]
    return [(line["log_level"], line["target"], line["process"], line["permitted"]) for line in lines]


async def test_it_is_a_warning_when_the_server_permits_fewer(clean: Databases) -> None:
    assert await logged(clean, 4) == [("info", "database", 6, 297), ("info", "keyring", 4, 297)]
    connection = await asyncpg.connect(clean.url)
    name = await connection.fetchval("SELECT quote_ident(current_database())")
    try:
        await connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 5")
        assert await logged(clean, 4) == [("warning", "database", 6, 5), ("info", "keyring", 4, 297)]
    finally:
        await connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
        await connection.close()
