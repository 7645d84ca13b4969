"""Long computations take turns: one slice of one of them in each turn of the event loop."""

import asyncio
from collections.abc import Generator
from itertools import pairwise

import pytest

from models.storage.turns import Steps, TurnQueue, run_at_once, run_with_pauses

pytestmark = pytest.mark.anyio


def counted(name: str, steps: int, seen: list[str]) -> Steps[str]:
    for _ in range(steps):
        seen.append(name)
        yield
    seen.append(name)
    return name


async def test_two_computations_alternate_and_others_run_between_their_slices() -> None:
    queue, seen, turns = TurnQueue(), list[str](), list[int]()
    stop = asyncio.Event()

    async def others() -> None:
        while not stop.is_set():
            turns.append(len(seen))
            await asyncio.sleep(0)

    watching = asyncio.create_task(others())
    results = await asyncio.gather(queue.run(counted("a", 3, seen)), queue.run(counted("b", 3, seen)))
    stop.set()
    await watching
    assert list(results) == ["a", "b"]
    assert seen == [*"abababab"]
    assert queue.slices == 8
    assert {later - earlier for earlier, later in pairwise(turns)} <= {0, 1}


async def test_a_cancelled_computation_gives_its_turn_to_the_next() -> None:
    queue, seen = TurnQueue(), list[str]()
    first, second = (asyncio.create_task(queue.run(counted(name, 2, seen))) for name in "ab")
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "b"
    assert seen == ["b"] * 3


async def test_an_exception_is_that_of_the_computation_alone() -> None:
    def failing() -> Generator[None, None, None]:
        yield
        raise LookupError

    queue, seen = TurnQueue(), list[str]()
    results = await asyncio.gather(queue.run(failing()), queue.run(counted("a", 1, seen)), return_exceptions=True)
    assert isinstance(results[0], LookupError)
    assert results[1] == "a"


async def test_the_same_steps_run_at_once_or_with_pauses() -> None:
    assert run_at_once(counted("a", 3, [])) == "a"
    assert await run_with_pauses(counted("a", 3, [])) == "a"
