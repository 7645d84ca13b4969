"""A notice is enqueued once, claimed by one worker at a time, and comes back until it is sent."""

import asyncio
from datetime import timedelta

import pytest

from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind, StaffNoticeRow
from models.storage.clock import now, use_clock
from models.storage.ids import new_id
from tests.conftest import World
from tests.models.unit_of_work import counted, execute

pytestmark = pytest.mark.anyio
ASKED, ISSUED = StaffNoticeKind.ACCESS_GRANT_ASKED, StaffNoticeKind.PEOPLE_TOKEN_ISSUED


async def claim(world: World, *kinds: StaffNoticeKind) -> StaffNoticeRow | None:
    async with world.database.writers.acquire() as connection:
        return await staff_notices.claim(connection, kinds or [*StaffNoticeKind])


async def settle(world: World, notice: StaffNoticeRow, *, is_sent: bool) -> None:
    async with world.database.writers.acquire() as connection:
        await staff_notices.record_attempt(connection, notice.id, is_sent=is_sent)


async def test_a_notice_about_the_same_object_is_enqueued_once(world: World) -> None:
    about = new_id()
    async with world.unit() as unit:
        await staff_notices.enqueue(unit, ASKED, about)
        await staff_notices.enqueue(unit, ASKED, about)
        await staff_notices.enqueue(unit, ISSUED, about)
        await staff_notices.enqueue_once(unit.connection, ASKED, about)
    assert await counted(world, "notices") == 2


async def test_a_notice_of_a_unit_that_fails_is_not_enqueued(world: World) -> None:
    async def fail() -> None:
        async with world.unit() as unit:
            await staff_notices.enqueue(unit, ASKED, new_id())
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await claim(world) is None


async def test_a_claimed_notice_is_not_claimed_again_while_it_is_being_sent(world: World) -> None:
    about = new_id()
    async with world.unit() as unit:
        await staff_notices.enqueue(unit, ASKED, about)
    assert await claim(world, ISSUED) is None
    claimed = [notice for notice in await asyncio.gather(*(claim(world) for _ in range(4))) if notice]
    assert [(notice.notice, notice.about) for notice in claimed] == [(ASKED, about)]
    assert await claim(world) is None


async def test_a_notice_whose_worker_died_is_claimed_again(world: World) -> None:
    async with world.unit() as unit:
        await staff_notices.enqueue(unit, ASKED, new_id())
    first = await claim(world)
    await execute(world, "UPDATE notices SET due_at = due_at - interval '5 minutes'")
    assert first
    assert await claim(world) == first


async def test_a_sent_notice_is_never_claimed_again(world: World) -> None:
    async with world.unit() as unit:
        await staff_notices.enqueue(unit, ASKED, new_id())
    notice = await claim(world)
    assert notice
    await settle(world, notice, is_sent=True)
    await execute(world, "UPDATE notices SET due_at = due_at - interval '1 year'")
    assert await claim(world) is None


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (7, 7), (60, 60), (900, 60)])
async def test_a_notice_that_was_not_sent_is_postponed_by_a_minute_for_each_attempt_and_an_hour_at_most(
    world: World, attempts: int, minutes: int
) -> None:
    async with world.unit() as unit:
        await staff_notices.enqueue(unit, ASKED, new_id())
    notice = await claim(world)
    assert notice
    await execute(world, "UPDATE notices SET attempts = $1", attempts)
    async with world.database.transaction() as connection:
        earliest = await connection.fetchval("SELECT clock_timestamp()")
        await staff_notices.record_attempt(connection, notice.id, is_sent=False)
        latest = await connection.fetchval("SELECT clock_timestamp()")
        due_at = await connection.fetchval("SELECT due_at FROM notices")
    assert earliest <= due_at - timedelta(minutes=minutes) <= latest


async def test_the_notice_that_was_due_first_is_claimed_first(world: World) -> None:
    start = now() - timedelta(hours=1)
    abouts = [new_id() for _ in range(3)]
    for index in (2, 0, 1):
        with use_clock(lambda index=index: start + timedelta(minutes=index)):  # type: ignore[misc]
            async with world.unit() as unit:
                await staff_notices.enqueue(unit, ASKED, abouts[index])
    claimed = [await claim(world) for _ in abouts]
    assert [notice and notice.about for notice in claimed] == abouts
