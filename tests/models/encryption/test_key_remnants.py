"""Destroyed keys are gone from the files of the keyring once its tables are rewritten, and until then are counted."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from models.encryption import key_remnants
from models.encryption.keyring import SUBJECT_KEYS
from tests.cli.commands import privacy
from tests.conftest import LASTING_WORLDS, Databases, World

pytestmark = pytest.mark.anyio
FILE = "SELECT pg_read_binary_file(pg_relation_filepath('subject_keys'))"


async def flush_statistics(world: World) -> None:
    """Count now what the lasting sessions deleted in earlier tests. PostgreSQL may count it ten seconds later."""
    pool = world.keyring.pool
    sessions = [await pool.acquire() for _ in range(pool.get_idle_size())]
    for session in sessions:
        await session.execute("SELECT pg_stat_force_next_flush()")
        await pool.release(session)


@pytest.fixture(autouse=True)
def flushed_by_helpers(clean: Databases) -> None:
    LASTING_WORLDS.run(clean, flush_statistics)


@pytest.fixture(autouse=True)
async def flushed_by_tests(world: World) -> None:
    await flush_statistics(world)


async def remove_a_key(world: World, url: str, number: int) -> bytes:
    """Create a key and destroy it; return its wrapped form."""
    owner = UUID(int=number)
    await SUBJECT_KEYS.create(world.keyring.pool, world.keyring.master_keys, [owner])
    connection = await asyncpg.connect(url)  # its statistics are written when it ends
    wrapped: bytes = await connection.fetchval("SELECT wrapped FROM subject_keys WHERE subject_id = $1", owner)
    await connection.execute("DELETE FROM subject_keys WHERE subject_id = $1", owner)
    await connection.execute("CHECKPOINT")
    await connection.close()
    return wrapped


async def test_a_rewrite_removes_destroyed_keys_and_a_command_shows_when_the_last_is_gone(
    world: World, databases: Databases, tmp_path: Path
) -> None:
    wrapped = await remove_a_key(world, databases.keyring_url, 1)
    async with world.keyring.pool.acquire() as connection:
        assert wrapped in await connection.fetchval(FILE)
        assert (await key_remnants.find_remnants(connection)).in_tables is None
    before = await privacy("keys", "remnants", on=databases, at=tmp_path)
    assert before.code == 1
    assert "tables: unknown until `privacy keys rewrite` has run" in before.out
    rewrite = await privacy("keys", "rewrite", on=databases, at=tmp_path)
    assert rewrite.code == 0, rewrite.errors
    after = await privacy("keys", "remnants", on=databases, at=tmp_path)
    assert (after.code, after.out.splitlines()[0][:12], after.out.splitlines()[1]) == (0, "tables: none", "WAL: none")
    async with world.keyring.pool.acquire() as connection:
        assert wrapped not in await connection.fetchval(FILE)
    await asyncio.gather(remove_a_key(world, databases.keyring_url, 2), remove_a_key(world, databases.keyring_url, 3))
    async with world.keyring.pool.acquire() as connection:
        assert (await key_remnants.find_remnants(connection)).in_tables == 2


@pytest.mark.parametrize("reading", ["SELECT now()", "SELECT count(*) FROM subject_keys"])
async def test_a_rewrite_reports_keys_that_an_older_transaction_keeps(
    world: World, databases: Databases, tmp_path: Path, reading: str
) -> None:
    older = await asyncpg.connect(databases.keyring_url)
    async with older.transaction(isolation="repeatable_read", readonly=True):
        await older.fetchval(reading)
        wrapped = await remove_a_key(world, databases.keyring_url, 4)
        kept = await privacy("keys", "rewrite", "--wait", "0", on=databases, at=tmp_path)
        assert kept.code == 1
        assert kept.errors.startswith("destroyed keys remain")
        remnants = await privacy("keys", "remnants", on=databases, at=tmp_path)
        assert (remnants.code, remnants.out.splitlines()[0][:15]) == (1, "tables: unknown")
    await older.close()
    assert (await privacy("keys", "rewrite", on=databases, at=tmp_path)).code == 0
    async with world.keyring.pool.acquire() as connection:
        assert wrapped not in await connection.fetchval(FILE)
