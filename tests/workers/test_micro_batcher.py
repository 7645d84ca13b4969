"""Calls of the same moment share one batch, and each caller gets its own result."""

import asyncio
from collections.abc import Sequence

import pytest

from workers.micro_batcher import MicroBatcher

pytestmark = pytest.mark.anyio


class Desk:
    """Answers with the double, once it may, and notes what was asked together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_answer = asyncio.Event()

    async def answer(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await self.may_answer.wait()
        if 13 in numbers:
            raise OSError
        return [number * 2 for number in numbers]


async def begun(joined: MicroBatcher[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    """Ask for all of these in turn, and let them wait."""

    async def ask(number: int) -> int:
        return await joined(number)

    tasks = [asyncio.create_task(ask(number)) for number in numbers]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_the_first_goes_alone_and_the_others_together(anyio_backend: str) -> None:
    desk = Desk()
    joined = MicroBatcher(desk.answer)
    first = await begun(joined, 1)
    others = await begun(joined, 2, 3, 4)
    desk.may_answer.set()
    assert await asyncio.gather(*first, *others) == [2, 4, 6, 8]
    assert desk.batches == [[1], [2, 3, 4]]


async def test_an_error_is_everybodys_who_asked_and_nobody_elses(anyio_backend: str) -> None:
    desk = Desk()
    joined = MicroBatcher(desk.answer)
    first = await begun(joined, 1)
    others = await begun(joined, 13, 3)
    desk.may_answer.set()
    assert await asyncio.gather(*first) == [2]
    assert [type(each) for each in await asyncio.gather(*others, return_exceptions=True)] == [OSError, OSError]
    assert await joined(5) == 10


async def test_who_is_cancelled_leaves_the_others_their_answers(anyio_backend: str) -> None:
    desk = Desk()
    joined = MicroBatcher(desk.answer)
    first, second, third = [*await begun(joined, 1), *await begun(joined, 2, 3)]
    first.cancel()
    second.cancel()
    desk.may_answer.set()
    assert await third == 6
    assert await joined(4) == 8
