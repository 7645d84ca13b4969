"""The log is sealed in commit order and without gaps, with many writers and sealers, and after kills at every line."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest

from models.audit import events
from models.audit.sealing import TransactionCounterResetError, seal_segment
from models.audit.segments import ENTRY_LENGTH, GENESIS_HEAD, SegmentSigner, event_id_at, parse_leaves
from models.storage.database import OUTAGE_ERRORS, Database
from tests.conftest import Databases, World
from tests.models.audit.sample_log import READ_GROUP, seal_all, verify_log, write_events
from workers.audit_sealer import POLL, AuditSealer

pytestmark = pytest.mark.anyio
SIGNER = SegmentSigner(SegmentSigner.generate())
UNSEALED = """
SELECT EXISTS (
    SELECT FROM access_events WHERE written_in >= COALESCE((SELECT max(until_transaction) FROM audit_segments), 0)
)
"""


async def test_a_segment_names_the_one_before_it(world: World) -> None:
    await write_events(world.database, 3)
    [first] = await seal_all(world.database, SIGNER)
    await write_events(world.database, 2)
    [second] = await seal_all(world.database, SIGNER)
    assert (first.number, first.event_count, first.previous) == (1, 3, GENESIS_HEAD)
    assert (second.number, second.event_count, second.previous) == (2, 2, first.head)
    assert second.from_transaction == first.until_transaction
    result, findings = await verify_log(world.database, SIGNER)
    assert (result.segments, result.events, findings) == (2, 5, [])


async def test_nothing_is_sealed_when_nothing_happened(world: World) -> None:
    assert await seal_all(world.database, SIGNER) == []
    assert await verify_log(world.database, SIGNER) == ((0, 0, None), [])


async def test_events_of_a_transaction_that_still_runs_wait_and_hold_back_later_ones(world: World) -> None:
    async with world.database.transaction() as slow:
        await events.append(slow, [READ_GROUP])
        await write_events(world.database, 2)
        assert await seal_all(world.database, SIGNER) == []
    assert sum(segment.event_count for segment in await seal_all(world.database, SIGNER)) == 3
    assert (await verify_log(world.database, SIGNER))[1] == []


async def test_a_transaction_that_has_written_no_event_yet_delays_nobody_and_leaves_no_gap(world: World) -> None:
    async with world.database.transaction() as idle:
        early = await idle.fetchval("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
        await write_events(world.database, 2)
        [segment] = await seal_all(world.database, SIGNER)
        assert segment.event_count == 2
        assert segment.until_transaction > early
        await events.append(idle, [READ_GROUP])
    [late] = await seal_all(world.database, SIGNER)
    assert late.event_count == 1
    result, findings = await verify_log(world.database, SIGNER)
    assert (result.events, findings) == (3, [])


async def test_a_writer_that_idles_in_another_database_delays_nobody(world: World) -> None:
    async with world.database.keyring.acquire() as ring, ring.transaction():
        await ring.fetchval("SELECT pg_current_xact_id()")
        await write_events(world.database, 1)
        assert len(await seal_all(world.database, SIGNER)) == 1


async def test_a_transaction_that_writes_no_event_does_not_delay_the_sealer(world: World) -> None:
    assert POLL <= 0.5, "segments are at most about a second behind their events"
    sealer = asyncio.create_task(AuditSealer(world.database, SIGNER).run())
    async with asyncio.timeout(120), world.database.transaction() as idle:
        await idle.fetchval("SELECT pg_current_xact_id()")
        for _ in range(5):
            await write_events(world.database, 1)
            while await world.database.writers.fetchval(UNSEALED):  # noqa: ASYNC110 -- PostgreSQL sends no notice
                await asyncio.sleep(0.02)
    sealer.cancel()


async def test_the_sealer_signs_each_event_while_another_transaction_has_written_none(world: World) -> None:
    sealer = AuditSealer(world.database, SIGNER)
    async with world.database.transaction() as idle:
        await idle.fetchval("SELECT pg_current_xact_id()")
        for _ in range(5):
            await write_events(world.database, 1)
            assert await sealer.drain() == 1
            assert not await world.database.writers.fetchval(UNSEALED)
    assert await sealer.drain() == 0


async def test_a_writer_of_an_event_that_idles_is_ended_by_postgresql(world: World, clean: Databases) -> None:
    impatient = await Database.open(clean.url, clean.keyring_url, readers=1, writers=1, timeout=0.3)
    async with impatient.writers.acquire() as hung:
        ended = asyncio.Event()
        hung.add_termination_listener(lambda _: ended.set())
        await hung.execute("BEGIN")
        await events.append(hung, [READ_GROUP])
        await write_events(world.database, 2)
        async with asyncio.timeout(60):
            await ended.wait()
        assert await AuditSealer(world.database, SIGNER).drain() == 2
        with pytest.raises(OUTAGE_ERRORS):
            await hung.execute("COMMIT")
    await impatient.close()
    assert (await verify_log(world.database, SIGNER))[1] == []


@pytest.mark.parametrize("isolation", ["repeatable_read", "serializable"])
async def test_a_transaction_that_looks_at_the_past_writes_no_event(world: World, isolation: Any) -> None:
    async with world.database.writers.acquire() as connection:
        with pytest.raises(asyncpg.FeatureNotSupportedError):
            async with connection.transaction(isolation=isolation):
                await events.append(connection, [READ_GROUP])


async def test_whatever_changed_the_eras_no_event_is_written_on_another_server_than_the_last(world: World) -> None:
    async with world.database.writers.acquire() as connection:
        changed = connection.transaction()
        await changed.start()
        await connection.execute("UPDATE audit_eras SET server = server + 1")
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await events.append(connection, [READ_GROUP])
        await changed.rollback()
        await events.append(connection, [READ_GROUP])


async def test_a_long_backlog_is_cut_between_transactions(world: World) -> None:
    for count in (3, 4, 1, 9, 2):
        await write_events(world.database, count)
    segments = await seal_all(world.database, SIGNER, most=5)
    assert [segment.event_count for segment in segments] == [3, 4, 1, 9, 2]
    result, findings = await verify_log(world.database, SIGNER)
    assert (result.events, findings) == (19, [])


async def test_many_writers_and_two_sealers_leave_no_gap_and_no_double(world: World) -> None:
    done = asyncio.Event()

    async def write(seed: int) -> int:
        dice = random.Random(seed)
        count = 0
        for _ in range(25):
            size = dice.randint(1, 4)
            async with world.database.transaction() as connection:
                if dice.random() < 0.5:
                    await connection.fetchval("SELECT pg_current_xact_id()")
                    await asyncio.sleep(dice.random() / 50)
                for _ in range(size):
                    await events.append(connection, [READ_GROUP])
                    await asyncio.sleep(dice.random() / 200)
                count += size
        return count

    async def keep_sealing() -> int:
        count = 0
        while not done.is_set():
            count += sum(segment.event_count for segment in await seal_all(world.database, SIGNER))
            await asyncio.sleep(0)
        return count

    sealers = [asyncio.create_task(keep_sealing()) for _ in range(2)]
    written = sum(await asyncio.gather(*(write(seed) for seed in range(8))))
    done.set()
    counted = sum(await asyncio.gather(*sealers))
    counted += sum(segment.event_count for segment in await seal_all(world.database, SIGNER))
    result, findings = await verify_log(world.database, SIGNER)
    assert findings == []
    assert written == counted == result.events


async def test_a_sealer_that_is_killed_anywhere_leaves_the_chain_whole(world: World, databases: Databases) -> None:
    dice = random.Random(5)
    written = 0
    for _ in range(40):
        written += len(await write_events(world.database, dice.randint(1, 300)))
        connection = await asyncpg.connect(databases.url)
        task = asyncio.create_task(seal_segment(connection, SIGNER))  # type: ignore[arg-type]
        await asyncio.wait([task], timeout=dice.random() / 60)
        async with world.database.readers.acquire() as other:
            await other.execute(f"SELECT pg_terminate_backend({connection.get_server_pid()}, 5000)")
        await asyncio.gather(task, return_exceptions=True)
        connection.terminate()
    await seal_all(world.database, SIGNER)
    result, findings = await verify_log(world.database, SIGNER)
    assert (findings, result.events) == ([], written)


async def test_two_sealers_that_die_at_any_moment_beside_many_writers_leave_no_gap_and_no_double(
    world: World, databases: Databases
) -> None:
    done = asyncio.Event()

    async def write(seed: int) -> int:
        dice = random.Random(seed)
        count = 0
        for _ in range(30):
            count += len(await write_events(world.database, dice.randint(1, 40)))
            await asyncio.sleep(dice.random() / 50)
        return count

    async def seal_and_die(seed: int) -> int:
        dice = random.Random(seed)
        deaths = 0
        while not done.is_set():
            connection = await asyncpg.connect(databases.url)
            task = asyncio.create_task(seal_segment(connection, SIGNER, 50))  # type: ignore[arg-type]
            await asyncio.wait([task], timeout=dice.random() / 60)
            async with world.database.readers.acquire() as other:
                await other.execute(f"SELECT pg_terminate_backend({connection.get_server_pid()}, 5000)")
            await asyncio.gather(task, return_exceptions=True)
            deaths += task.exception() is not None
            connection.terminate()
        return deaths

    sealers = [asyncio.create_task(seal_and_die(seed)) for seed in range(2)]
    written = sum(await asyncio.gather(*(write(seed) for seed in range(8))))
    done.set()
    assert sum(await asyncio.gather(*sealers)) > 0
    await seal_all(world.database, SIGNER)
    result, findings = await verify_log(world.database, SIGNER)
    assert (findings, result.events) == ([], written)
    rows = await world.database.writers.fetch("SELECT entries FROM audit_segments")
    ids = [event_id_at(row[0], place) for row in rows for place in range(len(row[0]) // ENTRY_LENGTH)]
    assert len(ids) == len(set(ids)) == written


async def test_a_chain_does_not_go_on_where_transactions_are_counted_anew(world: World) -> None:
    await write_events(world.database, 1)
    await seal_all(world.database, SIGNER)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE audit_segments SET until_transaction = until_transaction + 1000000000")
    await write_events(world.database, 1)
    with pytest.raises(TransactionCounterResetError):
        await seal_all(world.database, SIGNER)


async def test_segments_hold_hashes_and_ids_alone(world: World) -> None:
    ids = await write_events(world.database, 2)
    [segment] = await seal_all(world.database, SIGNER)
    async with world.database.readers.acquire() as connection:
        entries = await connection.fetchval("SELECT entries FROM audit_segments")
    assert len(entries) == 2 * 48
    assert sorted(entries[place : place + 16] for place in (0, 48)) == sorted(id_.bytes for id_ in ids)
    assert len({*parse_leaves(entries)}) == segment.event_count == 2
