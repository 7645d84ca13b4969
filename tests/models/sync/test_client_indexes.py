"""Blind indexes: equal texts have equal indexes, and each way to store a client writes them."""

from typing import Any

import pytest

from models.encryption.keyring import Keyring
from models.errors import Unavailable
from models.sync.accounts import APP, VERSION
from models.sync.client_indexes import ClientIndex, blind_index, index_client
from models.sync.reports import ClientReport
from tests.conftest import World
from tests.models.sync.test_reports import recorded
from tests.models.unit_of_work import registered

pytestmark = pytest.mark.anyio
CLIENT = ClientReport("Planner", "5.1", "macOS", "Planner/5.1")
READ = "SELECT index_version, app_index, version_index, platform_index FROM sync_clients"
UPSERT_OF_THE_PREVIOUS_VERSION = """
INSERT INTO sync_clients
    (subject_id, sync_account_id, lookup_hash, app, version, platform, user_agent, last_seen_at)
SELECT subject_id, sync_account_id, lookup_hash, app, version, platform, user_agent, last_seen_at + interval '1 hour'
FROM sync_clients
ON CONFLICT (subject_id, sync_account_id, lookup_hash) DO UPDATE
SET last_seen_at = GREATEST(excluded.last_seen_at, sync_clients.last_seen_at)
"""


async def test_equal_texts_of_a_column_have_equal_indexes(world: World) -> None:
    index = blind_index(world.keyring, APP, "Planner")
    assert blind_index(world.keyring, APP, "Planner") == index
    assert index not in (blind_index(world.keyring, APP, "planner"), blind_index(world.keyring, VERSION, "Planner"))
    assert -(2**63) <= index < 2**63


async def test_an_index_needs_the_look_up_key(world: World) -> None:
    keyring = Keyring(world.keyring.pool, world.keyring.master_keys)
    with pytest.raises(Unavailable):
        index_client(keyring, *CLIENT[:3])


async def test_a_report_writes_the_indexes_of_the_newest_look_up_key(world: World) -> None:
    for who in [await registered(world, f"{name}@example.com") for name in "ab"]:
        await recorded(world, who, client=CLIENT)
    assert await rows(world) == [index_client(world.keyring, *CLIENT[:3])] * 2


async def test_a_report_to_the_previous_version_leaves_the_indexes_right(world: World) -> None:
    await recorded(world, await registered(world), client=CLIENT)
    async with world.database.transaction() as connection:
        await connection.execute(UPSERT_OF_THE_PREVIOUS_VERSION)
    assert await rows(world) == [index_client(world.keyring, *CLIENT[:3])]


async def rows(world: World) -> list[Any]:
    async with world.database.readers.acquire() as connection:
        return [ClientIndex(*row) for row in await connection.fetch(READ)]
