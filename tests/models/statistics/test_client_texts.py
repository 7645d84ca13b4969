"""Tests of the texts of blind indexes, and of the indexes that the worker writes."""

import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from models.statistics.client_texts import ClientTexts, EncryptedClient, IndexedClient, PageRange, set_indexes
from models.sync.accounts import APP, PLATFORM, VERSION
from models.sync.client_indexes import index_client
from tests.conftest import World

pytestmark = pytest.mark.anyio
ALL = PageRange(UUID(int=0), UUID(int=2**128 - 1), [])
READ_INDEXES = "SELECT index_version, app_index, version_index, platform_index FROM sync_clients"
TEXTS = "Planner", "5.1", "macOS"


async def client(world: World, *texts: str) -> EncryptedClient:
    """Insert a client of a new person as the previous version does, without indexes; return it."""
    key = await world.keyring.create(uuid4())
    app, version, platform = (
        column.encrypt(key, text) for column, text in zip((APP, VERSION, PLATFORM), texts, strict=True)
    )
    row = EncryptedClient(key.owner_id, uuid4().bytes, random.randbytes(32), app, version, platform, None)
    async with world.database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "INSERT INTO sync_clients (subject_id, sync_account_id, lookup_hash, app, version, platform, user_agent, "
            "last_seen_at) VALUES ($1, $2, $3, $4, $5, $6, '', $7)",
            *(row.subject_id, UUID(bytes=row.account), *row[2:6], datetime(2026, 1, 1, tzinfo=UTC)),
        )
    return row


async def indexes(world: World) -> list[tuple[int | None, ...]]:
    async with world.database.readers.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(READ_INDEXES)]


def indexed(world: World, row: EncryptedClient, *texts: str) -> IndexedClient:
    return row, index_client(world.keyring, *texts)[1:]


async def test_clients_get_the_indexes_of_their_texts(world: World) -> None:
    rows = [await client(world, *TEXTS) for _ in range(3)]
    await set_indexes(world.database, 1, [indexed(world, row, *TEXTS) for row in rows])
    assert await indexes(world) == [index_client(world.keyring, *TEXTS)] * 3
    await set_indexes(world.database, 1, [])


async def test_a_client_that_changed_since_it_was_read_gets_no_index(world: World) -> None:
    row = await client(world, *TEXTS)
    for changed in (row._replace(app=row.platform), row._replace(version=b""), row._replace(hash=b"")):
        await set_indexes(world.database, 1, [indexed(world, changed, *TEXTS)])
    assert await indexes(world) == [(None, None, None, None)]


async def test_a_client_that_another_transaction_changes_is_not_waited_for(world: World) -> None:
    locked, free = await client(world, *TEXTS), await client(world, *TEXTS)
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM sync_clients WHERE subject_id = $1", locked.subject_id)
        await set_indexes(world.database, 1, [indexed(world, row, *TEXTS) for row in (locked, free)])
    assert await indexes(world) == [index_client(world.keyring, *TEXTS)]


async def test_a_text_is_found_by_a_client_whose_key_exists(world: World) -> None:
    rows = [await client(world, *TEXTS) for _ in range(3)]
    await set_indexes(world.database, 1, [indexed(world, row, *TEXTS) for row in rows])
    _, app, version, platform = index_client(world.keyring, *TEXTS)
    texts = ClientTexts(world.keyring)
    without_key = [row.subject_id for row in rows[:2]]
    await world.keyring.destroy(without_key)
    async with world.database.readers.acquire() as connection:
        await texts.find(connection, {app, version, platform, 7}, ALL._replace(without_key=without_key))
        assert texts.by_index == {app: "Planner", version: "5.1", platform: "macOS"}
        await world.keyring.destroy([rows[2].subject_id])
        texts = ClientTexts(world.keyring)
        await texts.find(connection, {app}, ALL)
        assert texts.by_index == {}, "all keys were destroyed"
