"""The record is sealed in order of commit, without gaps, whoever writes, however many seal, and wherever they die."""

import asyncio
import random

import asyncpg
import pytest

from models import audits
from models.audits import AccessAction
from models.segments import BEGINNING, Signer, WentBackError, leaves_of, seal
from tests.conftest import Databases, World
from tests.models.records import AGENT, PERSON, sealed, sealed_now, verified, wrote

pytestmark = pytest.mark.anyio
SIGNER = Signer(Signer.made())


async def test_a_segment_names_the_one_before_it(world: World) -> None:
    await wrote(world.database, 3)
    [first] = await sealed(world.database, SIGNER)
    await wrote(world.database, 2)
    [second] = await sealed(world.database, SIGNER)
    assert (first.number, first.event_count, first.previous) == (1, 3, BEGINNING)
    assert (second.number, second.event_count, second.previous) == (2, 2, first.head)
    assert second.from_transaction == first.until_transaction
    result, findings = await verified(world.database, SIGNER)
    assert (result.segments, result.events, findings) == (2, 5, [])


async def test_nothing_is_sealed_when_nothing_happened(world: World) -> None:
    assert await sealed_now(world.database, SIGNER) == []
    assert await verified(world.database, SIGNER) == ((0, 0, None), [])


async def test_events_of_a_transaction_that_still_runs_wait_and_hold_back_later_ones(world: World) -> None:
    async with world.database.transaction() as slow:
        await audits.note(slow, [audits.noted(AGENT, AccessAction.READ, PERSON, ["Subject.emails"])])
        await wrote(world.database, 2)
        assert await sealed_now(world.database, SIGNER) == []
    assert sum(segment.event_count for segment in await sealed(world.database, SIGNER)) == 3
    assert (await verified(world.database, SIGNER))[1] == []


async def test_a_long_backlog_is_cut_between_transactions(world: World) -> None:
    for count in (3, 4, 1, 9, 2):
        await wrote(world.database, count)
    made = await sealed(world.database, SIGNER, most=5)
    assert [segment.event_count for segment in made] == [3, 4, 1, 9, 2]
    result, findings = await verified(world.database, SIGNER)
    assert (result.events, findings) == (19, [])


async def test_many_writers_and_two_sealers_leave_no_gap_and_no_double(world: World) -> None:
    done = asyncio.Event()

    async def write(seed: int) -> int:
        dice = random.Random(seed)
        count = 0
        for _ in range(25):
            size = dice.randint(1, 4)
            async with world.database.transaction() as connection:
                for _ in range(size):
                    await audits.note(connection, [audits.noted(AGENT, AccessAction.READ, PERSON, ["Subject.emails"])])
                    await asyncio.sleep(dice.random() / 200)
                count += size
        return count

    async def keep_sealing() -> int:
        count = 0
        while not done.is_set():
            count += sum(segment.event_count for segment in await sealed_now(world.database, SIGNER))
            await asyncio.sleep(0)
        return count

    sealers = [asyncio.create_task(keep_sealing()) for _ in range(2)]
    written = sum(await asyncio.gather(*(write(seed) for seed in range(8))))
    done.set()
    counted = sum(await asyncio.gather(*sealers))
    counted += sum(segment.event_count for segment in await sealed(world.database, SIGNER))
    result, findings = await verified(world.database, SIGNER)
    assert findings == []
    assert written == counted == result.events


async def test_a_sealer_that_is_killed_anywhere_leaves_the_chain_whole(world: World, databases: Databases) -> None:
    dice = random.Random(5)
    written = 0
    for _ in range(40):
        written += len(await wrote(world.database, dice.randint(1, 300)))
        connection = await asyncpg.connect(databases.url)
        task = asyncio.create_task(seal(connection, SIGNER))  # type: ignore[arg-type]
        await asyncio.wait([task], timeout=dice.random() / 60)
        async with world.database.readers.acquire() as other:
            await other.execute(f"SELECT pg_terminate_backend({connection.get_server_pid()}, 5000)")
        await asyncio.gather(task, return_exceptions=True)
        connection.terminate()
    await sealed(world.database, SIGNER)
    result, findings = await verified(world.database, SIGNER)
    assert (findings, result.events) == ([], written)


async def test_a_chain_does_not_go_on_where_transactions_are_counted_anew(world: World) -> None:
    await wrote(world.database, 1)
    await sealed(world.database, SIGNER)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE audit_segments SET until_transaction = until_transaction + 1000000000")
    await wrote(world.database, 1)
    with pytest.raises(WentBackError):
        await sealed_now(world.database, SIGNER)


async def test_segments_hold_hashes_and_ids_alone(world: World) -> None:
    ids = await wrote(world.database, 2)
    [segment] = await sealed(world.database, SIGNER)
    async with world.database.readers.acquire() as connection:
        entries = await connection.fetchval("SELECT entries FROM audit_segments")
    assert len(entries) == 2 * 48
    assert sorted(entries[place : place + 16] for place in (0, 48)) == sorted(id_.bytes for id_ in ids)
    assert len({*leaves_of(entries)}) == segment.event_count == 2


@pytest.mark.parametrize("text", ["", "short", "!" * 44, "AAAA"])
def test_a_key_of_another_form_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="PRIVACY_AUDIT_KEY"):
        Signer(text)
