"""Pruning deletes whole segments from the beginning, states it under a signature, and leaves the rest verifiable."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from models.audit.pruning import Prune, prune
from models.audit.segments import SegmentSigner
from models.storage.clock import now, use_clock
from tests.conftest import World
from tests.models.audit.sample_log import seal_all, verify_log, write_events
from tests.models.unit_of_work import counted

pytestmark = pytest.mark.anyio
SIGNER = SegmentSigner(SegmentSigner.generate())


async def pruned(world: World, before: datetime) -> tuple[int, int]:
    async with world.database.writers.acquire() as connection:
        return await prune(connection, SIGNER, before, "an officer")


async def wrote_at(world: World, count: int, at: datetime) -> None:
    with use_clock(lambda: at):
        await write_events(world.database, count)
    await seal_all(world.database, SIGNER)


async def test_only_segments_whose_events_are_all_old_are_deleted(world: World) -> None:
    end = now()
    for days, count in ((3, 2), (2, 3), (0, 4)):
        await wrote_at(world, count, end - timedelta(days=days))
    assert await pruned(world, end - timedelta(days=1)) == (2, 5)
    assert (await counted(world, "audit_segments"), await counted(world, "access_events")) == (1, 4)
    assert (await verify_log(world.database, SIGNER))[1] == []


async def test_a_young_segment_keeps_older_ones_that_follow_it(world: World) -> None:
    end = now()
    for days, count in ((3, 1), (0, 1), (3, 1)):
        await wrote_at(world, count, end - timedelta(days=days))
    assert await pruned(world, end - timedelta(days=1)) == (1, 1)
    assert await counted(world, "audit_segments") == 2
    assert (await verify_log(world.database, SIGNER))[1] == []


async def test_without_old_segments_nothing_is_deleted_or_stated(world: World) -> None:
    await wrote_at(world, 2, now())
    assert await pruned(world, now() - timedelta(days=1)) == (0, 0)
    assert await counted(world, "audit_prunes") == 0


async def test_the_chain_continues_after_all_segments_are_pruned(world: World) -> None:
    await wrote_at(world, 2, now() - timedelta(days=2))
    assert await pruned(world, now() - timedelta(days=1)) == (1, 2)
    await write_events(world.database, 1)
    [segment] = await seal_all(world.database, SIGNER)
    assert segment.number == 2
    result, findings = await verify_log(world.database, SIGNER)
    assert (result.segments, findings) == (1, [])


async def test_a_pruning_is_signed_at_the_time_of_the_clock(world: World) -> None:
    await wrote_at(world, 1, now() - timedelta(days=2))
    at = datetime(2031, 5, 6, tzinfo=UTC)
    with use_clock(lambda: at):
        await pruned(world, now())
    async with world.database.readers.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT number, head, until_transaction, pruned_at, key_id, signature, pruned_by, segment_count, "
            "event_count FROM audit_prunes"
        )
    assert row
    statement = Prune(*row)
    assert (statement.number, statement.pruned_at) == (1, at)
    assert (statement.pruned_by, statement.segment_count, statement.event_count) == ("an officer", 1, 1)
    assert statement.signature == SIGNER.sign(statement.message)


async def test_a_pruning_has_the_canonical_form_that_earlier_releases_signed() -> None:
    signer = SegmentSigner(base64.b64encode(bytes(range(32))).decode())
    head = bytes.fromhex("e25d4abbf4e6031a1572afa2f503f36ffc603545881ebadc0d8ada6150020b44")
    statement = Prune(3, head, 20, datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), signer.key_id)
    assert statement.message == (
        b'["prune",1,3,"e25d4abbf4e6031a1572afa2f503f36ffc603545881ebadc0d8ada6150020b44",20,1767323045000006,'
        b'"56475aa75463474c"]'
    )
