"""Statements: parameters by name, results by shape, and NULL for columns that the connection's role may not read."""

import asyncpg
import pytest

from models.storage.database import Database, DatabaseRoles
from models.storage.statement import RowByKey, RowsByKey, Statement, as_list
from tests.conftest import Databases, World

NUMBERS = Statement("""
SELECT number, CAST(:suffix AS text) AS suffix
FROM generate_series(1, CAST(:last AS integer)) AS number
WHERE number <> CAST(:skipped AS integer)
ORDER BY number
""")
RESTRICTED = Statement(
    "SELECT t.name, t.secret, 1 AS one\nFROM (SELECT 'Ada' AS name, 'x' AS secret) AS t\nWHERE t.secret = 'x'",
    restricted_columns=("secret", "name"),
)


@pytest.mark.anyio
async def test_parameters_are_passed_by_name_whatever_their_order(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        rows = await NUMBERS.rows(connection, last=3, skipped=2, suffix="x")
        assert [tuple(row) for row in rows] == [(1, "x"), (3, "x")]
        row = await NUMBERS.row(connection, skipped=1, suffix="y", last=3)
        assert row
        assert tuple(row) == (2, "y")
        assert await NUMBERS.value(connection, skipped=1, suffix="y", last=3) == 2
        assert await NUMBERS.row(connection, skipped=1, suffix="y", last=1) is None


@pytest.mark.anyio
async def test_a_missing_parameter_is_an_error(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        with pytest.raises(KeyError, match="suffix"):
            await NUMBERS.rows(connection, last=3, skipped=2)


@pytest.mark.anyio
async def test_running_a_statement_returns_the_number_of_affected_rows(world: World) -> None:
    async with world.database.writers.acquire() as connection:
        await connection.execute("CREATE TEMPORARY TABLE counted (number integer)")
        add = Statement("INSERT INTO counted SELECT generate_series(1, CAST(:count AS integer))")
        assert await add.run(connection, count=7) == 7
        assert await Statement("DELETE FROM counted WHERE number > 4").run(connection) == 3
        assert await Statement("DROP TABLE counted").run(connection) == 0


@pytest.mark.anyio
async def test_a_read_connection_cannot_write(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await Statement("DELETE FROM subjects").run(connection)


def test_hidden_columns_become_null_in_the_select_list_only() -> None:
    assert RESTRICTED.sql_without(frozenset()) == RESTRICTED.sql
    hidden = RESTRICTED.sql_without(frozenset({"secret", "unrelated"}))
    assert hidden.startswith("SELECT t.name, NULL, 1 AS one\nFROM")
    assert hidden.endswith("WHERE t.secret = 'x'")


@pytest.mark.anyio
async def test_a_role_reads_null_for_the_columns_that_are_hidden_from_it(world: World, clean: Databases) -> None:
    roles = DatabaseRoles(readers={"privacy_store": frozenset({"secret"})})
    database = await Database.open(clean.url, clean.keyring_url, readers=1, writers=1, timeout=10, roles=roles)
    try:
        async with database.role_readers["privacy_store"].acquire() as connection:
            assert await connection.fetchval("SELECT current_user") == "privacy_store"
            assert [tuple(row) for row in await RESTRICTED.rows(connection)] == [("Ada", None, 1)]
        async with database.readers.acquire() as connection:
            assert [tuple(row) for row in await RESTRICTED.rows(connection)] == [("Ada", "x", 1)]
    finally:
        await database.close()


def test_a_key_without_rows_maps_to_none_or_to_an_empty_list() -> None:
    assert RowByKey({1: "a"})[2] is None
    groups: RowsByKey[int, str] = RowsByKey()
    groups.add(1, "a")
    groups.add(1, "b")
    assert (groups[1], groups[2]) == (["a", "b"], [])
    assert groups.keys() == {1}


def test_a_list_is_passed_to_the_driver_as_it_is() -> None:
    keys = [1, 2]
    assert as_list(keys) is keys
    assert as_list((1, 2)) == [1, 2]
