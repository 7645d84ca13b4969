"""A database is asked whether it can write: as a standby it cannot, nor with a full disk."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from cli.embedded.data_dir import resolve_data_path
from models.storage.database import unavailable_for
from models.storage.write_probe import require_writable
from tests.conftest import Databases, World

pytestmark = pytest.mark.anyio
FILES = 64
"""Temporary files of one session that find the disk full."""


@contextmanager
def full_disk(databases: Databases, session: int) -> Iterator[None]:
    """Link every temporary file of a session to a device that is always full."""
    folder = resolve_data_path(databases.cluster.directory) / "data" / "base" / "pgsql_tmp"
    folder.mkdir(exist_ok=True)
    paths: list[Path] = [folder / f"pgsql_tmp{session}.{number}" for number in range(FILES)]
    for path in paths:
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/full")
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


async def test_a_database_that_takes_writes_passes_and_stays_unchanged(world: World) -> None:
    await require_writable(world.database.writers)
    await require_writable(world.database.keyring)


async def test_the_role_of_the_service_s_own_writes_may_ask(databases: Databases) -> None:
    url = databases.url + "&options=-crole%3Dprivacy_internal_writer"
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        await require_writable(pool)


async def test_a_read_only_session_fails_and_is_an_outage(world: World) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as refused:
        await require_writable(world.database.readers)
    assert unavailable_for(refused.value)


async def test_a_full_disk_fails_and_is_an_outage(databases: Databases) -> None:
    async with asyncpg.create_pool(databases.url, min_size=1, max_size=1) as pool:
        session = await pool.fetchval("SELECT pg_backend_pid()")
        folder = resolve_data_path(databases.cluster.directory) / "data" / "base" / "pgsql_tmp"
        await require_writable(pool)  # PostgreSQL creates the folder with the first temporary file
        assert await asyncio.to_thread(folder.is_dir)
        with full_disk(databases, session), pytest.raises(asyncpg.DiskFullError) as refused:
            await require_writable(pool)
        await require_writable(pool)
    assert unavailable_for(refused.value)
