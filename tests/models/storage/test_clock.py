"""Tests can set the time that models see, in one context and the tasks that it starts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.storage.clock import now, use_clock
from tests.conftest import World

LEAP_DAY = datetime(2028, 2, 29, 12, tzinfo=UTC)


def test_the_system_clock_is_in_utc_and_moves_forward() -> None:
    first = now()
    assert first.tzinfo is UTC
    assert now() >= first


def test_another_clock_counts_until_its_context_ends() -> None:
    with use_clock(lambda: LEAP_DAY):
        assert now() == LEAP_DAY
        with use_clock(lambda: LEAP_DAY + timedelta(days=1)):
            assert now() == LEAP_DAY + timedelta(days=1)
        assert now() == LEAP_DAY
    assert now() != LEAP_DAY


def test_the_system_clock_is_back_after_an_exception() -> None:
    def fail() -> None:
        with use_clock(lambda: LEAP_DAY):
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert now() != LEAP_DAY


@pytest.mark.anyio
async def test_a_task_sees_the_clock_of_the_context_that_started_it() -> None:
    async def read() -> datetime:
        await asyncio.sleep(0)
        return now()

    with use_clock(lambda: LEAP_DAY):
        inside = asyncio.create_task(read())
    outside = asyncio.create_task(read())
    assert await inside == LEAP_DAY
    assert await outside != LEAP_DAY


@pytest.mark.anyio
async def test_a_unit_of_work_has_the_time_of_the_clock(world: World) -> None:
    started_at = now()
    with use_clock(lambda: started_at):
        async with world.unit() as unit:
            assert unit.at == started_at
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT at FROM access_events") == started_at
