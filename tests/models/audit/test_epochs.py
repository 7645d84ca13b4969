"""The watermark never passes an event that can still be committed, and an epoch begins only on another server."""

import pytest

from models.audit import epochs, events
from tests.conftest import World
from tests.models.audit.sample_log import READ_GROUP
from tests.models.unit_of_work import counted

pytestmark = pytest.mark.anyio
POSITIONS = "SELECT written_in FROM access_events ORDER BY written_in"


async def read_watermark(world: World) -> epochs.Watermark:
    async with world.database.writers.acquire() as connection:
        return await epochs.read_watermark(connection)


async def test_the_watermark_stops_at_an_event_that_is_not_committed(world: World) -> None:
    async with world.database.transaction() as slow:
        await events.append(slow, [READ_GROUP])
        position = await slow.fetchval(POSITIONS)
        async with world.database.transaction() as fast:
            await events.append(fast, [READ_GROUP])
        watermark = await read_watermark(world)
        assert watermark.position <= position
        assert watermark.newest_position >= watermark.position
    async with world.database.transaction() as later:
        await later.fetchval("SELECT pg_current_xact_id()")
    assert (await read_watermark(world)).position > position


async def test_a_transaction_without_events_does_not_hold_the_watermark(world: World) -> None:
    async with world.database.transaction() as idle:
        own = await idle.fetchval("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
        async with world.database.transaction() as other:
            await other.fetchval("SELECT pg_current_xact_id()")
        offset = await idle.fetchval("SELECT begins_after FROM audit_eras ORDER BY number DESC LIMIT 1")
        assert (await read_watermark(world)).position > offset + own


async def test_no_epoch_begins_on_the_server_of_the_last_epoch(world: World) -> None:
    assert (await read_watermark(world)).is_current_server
    async with world.database.writers.acquire() as connection:
        assert await epochs.begin_epoch(connection) is None
    assert await counted(world, "access_events") == 0


async def test_an_epoch_begins_on_another_server_continues_the_positions_and_is_logged(world: World) -> None:
    async with world.database.transaction() as connection:
        await events.append(connection, [READ_GROUP])
    async with world.database.writers.acquire() as connection:
        moved = connection.transaction()
        await moved.start()
        await connection.execute("UPDATE audit_eras SET server = server + 1")
        assert not (await epochs.read_watermark(connection)).is_current_server
        number = await epochs.begin_epoch(connection)
        assert number == await connection.fetchval("SELECT max(number) FROM audit_eras")
        assert (await epochs.read_watermark(connection)).is_current_server
        first, second = [row[0] for row in await connection.fetch(POSITIONS)]
        assert first < second
        row = await connection.fetchrow("SELECT actor, fields FROM access_events WHERE written_in = $1", second)
        assert row
        assert tuple(row) == (epochs.LOG_KEEPER.name, ["beginEra"])
        await moved.rollback()
