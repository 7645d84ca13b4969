"""Tests of the personal reads that services repeat."""

import asyncio
from uuid import UUID

import pytest

from models.actors import Actor, Role
from models.errors import Unavailable
from resolvers.recent_reads import Claims, ReadKey, RecentReads

STORE = Actor("store", Role.STORE, (Role.STORE,))
DIGITS = ("PaymentFragment.lastDigits",)


def key(number: int = 1) -> ReadKey:
    return ReadKey(STORE, "Cards", None, UUID(int=number))


def test_a_read_is_recorded_again_when_its_minute_is_over() -> None:
    at = 0.0
    reads = RecentReads(clock=lambda: at)
    assert reads.claim(key(), DIGITS)[0] == DIGITS
    at = 59.9
    assert reads.claim(key(), DIGITS)[0] == ()
    at = 60.0
    assert reads.claim(key(), DIGITS)[0] == DIGITS


def test_the_oldest_read_is_forgotten_when_there_are_too_many() -> None:
    reads = RecentReads(max_entries=2)
    for number in (1, 2, 3):
        assert reads.claim(key(number), DIGITS)[0] == DIGITS
    assert reads.claim(key(3), DIGITS)[0] == ()
    assert reads.claim(key(1), DIGITS)[0] == DIGITS


def test_a_read_waits_for_the_write_of_another_and_fails_with_it() -> None:
    async def check() -> None:
        reads = RecentReads()
        is_written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        first, second = Claims(reads), Claims(reads)
        assert first.add(key(), DIGITS) == DIGITS
        recording = asyncio.ensure_future(first.record(lambda: is_written))
        assert second.add(key(), DIGITS) == ()
        assert second
        waiting = asyncio.ensure_future(second.record(None))
        await asyncio.sleep(0)
        assert not waiting.done()
        is_written.set_exception(Unavailable())
        for each in (recording, waiting):
            with pytest.raises(Unavailable):
                await each
        assert reads.claim(key(), DIGITS)[0] == DIGITS

    asyncio.run(check())


def test_a_cancelled_request_does_not_cancel_the_write_that_others_wait_for() -> None:
    async def check() -> None:
        reads = RecentReads()
        is_written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        first, second = Claims(reads), Claims(reads)
        first.add(key(), DIGITS)
        recording = asyncio.ensure_future(first.record(lambda: is_written))
        second.add(key(), DIGITS)
        waiting = asyncio.ensure_future(second.record(None))
        await asyncio.sleep(0)
        recording.cancel()
        await asyncio.sleep(0)
        is_written.set_result(None)
        await waiting

    asyncio.run(check())


def test_a_write_that_does_not_start_leaves_nothing_behind() -> None:
    def refuse() -> asyncio.Future[None]:
        raise Unavailable

    reads = RecentReads()
    claims = Claims(reads)
    claims.add(key(), DIGITS)
    with pytest.raises(Unavailable):
        claims.record(refuse)
    assert reads.claim(key(), DIGITS)[0] == DIGITS
