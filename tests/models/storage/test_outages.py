"""Outages are logged once for each change of state: the class, the SQLSTATE and the target, and no value."""

import asyncio
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from models.storage.database import Database, DatabaseRoles, unavailable_for
from models.storage.outages import OutageLog, describe, outages
from tests.conftest import Databases

pytestmark = pytest.mark.anyio
UNREACHABLE = "postgresql://someone:secret@/privacy?host=/nowhere"


def test_a_reason_is_logged_once_and_a_change_again() -> None:
    outages = OutageLog()
    with capture_logs() as lines:
        for error in (ConnectionRefusedError("a value"), ConnectionRefusedError("another"), asyncpg.DiskFullError("x")):
            outages.fail_with("database", error)
        outages.fail("mail server", problem="SMTPServerDisconnected", host="mail.example.com:25")
        outages.recover("database")
        outages.recover("database")
    assert [{name: value for name, value in line.items() if name != "log_level"} for line in lines] == [
        {"event": "component unavailable", "target": "database", "problem": "ConnectionRefusedError"},
        {"event": "component unavailable", "target": "database", "problem": "DiskFullError", "sqlstate": "53100"},
        {
            "event": "component unavailable",
            "target": "mail server",
            "problem": "SMTPServerDisconnected",
            "host": "mail.example.com:25",
        },
        {"event": "component available", "target": "database"},
    ]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectionRefusedError(), "cannot be reached"),
        (asyncpg.CannotConnectNowError(), "cannot be reached"),
        (asyncpg.InvalidPasswordError(), "refuses the login: check the user and the password (SQLSTATE 28P01)"),
        (asyncpg.ReadOnlySQLTransactionError(), "is read-only: it is a standby (SQLSTATE 25006)"),
        (asyncpg.DiskFullError(), "has no space left on its disk (SQLSTATE 53100)"),
        (asyncpg.DivisionByZeroError(), "fails (SQLSTATE 22012)"),
        (ZeroDivisionError(), "fails"),
    ],
)
def test_a_sentence_says_what_is_wrong(error: Exception, sentence: str) -> None:
    assert describe(error) == sentence


async def _lines(url: str, roles: DatabaseRoles = DatabaseRoles()) -> list[dict[str, Any]]:  # noqa: B008 -- immutable
    """Try to read twice on each of two pools; return the log lines about the database."""
    database = await Database.open(url, UNREACHABLE, readers=1, writers=1, timeout=10, roles=roles)
    with capture_logs() as lines:
        for pool in (database.readers, database.writers):
            for _ in range(2):
                with pytest.raises((OSError, asyncpg.PostgresError)):
                    await pool.fetchval("SELECT 1")
    await database.close()
    assert "secret" not in str(lines)
    return [dict(line) for line in lines if line["event"] == "component unavailable"]


async def test_each_reason_why_connections_fail_has_its_own_class(databases: Databases) -> None:
    missing = {
        "login": (databases.cluster.url("postgres", "missing"), DatabaseRoles(), "28000"),
        "database": (databases.cluster.url("missing"), DatabaseRoles(), "3D000"),
        "role": (databases.url, DatabaseRoles("missing", "missing"), "22023"),
    }
    for url, roles, sqlstate in missing.values():
        lines = await _lines(url, roles)
        assert lines[0]["sqlstate"] == sqlstate
        assert len(lines) == len({line["target"] for line in lines})
    [line] = await _lines(UNREACHABLE)
    assert (line["target"], line["problem"]) == ("keyring server", "FileNotFoundError")


async def test_a_server_that_returns_is_logged(databases: Databases) -> None:
    name = f"late_{databases.url.rpartition('/')[2].partition('?')[0]}"
    url = databases.cluster.url(name)
    database = await Database.open(url, url + "&", readers=1, writers=1, timeout=10)
    outages.recover("database connections")  # of the tests before this one
    with capture_logs() as lines:
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await database.readers.fetchval("SELECT 1")
        await asyncio.to_thread(databases.cluster.create_database, name)
        assert await database.readers.fetchval("SELECT 1") == 1
    await database.close()
    await asyncio.to_thread(databases.cluster.run, "psql", "-c", f'DROP DATABASE "{name}" WITH (FORCE)')
    assert [line["event"] for line in lines] == ["component unavailable", "component available"]


def test_a_database_that_does_not_exist_now_is_an_outage() -> None:
    assert unavailable_for(asyncpg.InvalidCatalogNameError())
    assert unavailable_for(asyncpg.UndefinedTableError()) is None
