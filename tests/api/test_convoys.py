"""Who goes on with whom, and who waits for company how long."""

import asyncio
from collections.abc import Hashable, Sequence
from types import SimpleNamespace
from typing import Any, Self

import pytest

from api import convoys
from api.convoys import ENOUGH, MOST_TOGETHER, Convoys
from api.execution import Begun
from resolvers.sources import Read
from tests.api.execution import club
from tests.api.execution.test_together import began, compiled


class Roads:
    """Requests for one operation and how they went; reads for several wait until the gate is opened."""

    def __init__(self) -> None:
        plan = compiled(club.schema, "{ people { id friends { nick } } }", club.PERSONAL)
        assert plan
        self.plan = plan
        self.convoys = Convoys(None)  # type: ignore[arg-type]
        self.gate = asyncio.Event()
        self.groups: list[int] = []
        self.alone = 0
        self.told: list[Any] = []

    async def gather(self, count: int, world: type[club.Context] = club.Context) -> None:
        """Have so many requests come to where their rows are there, and those go on that do so at once."""
        begun = [await began(self.plan, world(1, 0), {}) for _ in range(count)]
        for each in begun:
            assert each
            self.convoys.gather(Errand(self, each))  # type: ignore[arg-type]
        for _ in range(20):
            await asyncio.sleep(0)


class Errand:
    """What a convoy asks of an errand."""

    def __init__(self, roads: Roads, begun: Begun) -> None:
        self.roads = roads
        self.begun = begun
        self.context = Shared(roads)
        self.exchange = SimpleNamespace(disconnected=False, promise=None, run=asyncio.ensure_future)
        self.tell = roads.told.append
        self.fail = pytest.fail

    def go_alone(self) -> None:
        self.roads.alone += 1

    def cancelled(self) -> None:
        self.roads.told.append(None)


class Shared(club.Context):
    """Reads for several, once the gate is open."""

    def __init__(self, roads: Roads) -> None:
        super().__init__(1, 0)
        self.roads = roads

    def fresh(self) -> Self:
        return self

    def taken_down(self) -> list[Any]:
        return []

    async def load(self, read: Read, keys: Sequence[Hashable], arguments: tuple[Hashable, ...] = ()) -> list[Any]:
        self.roads.groups.append(len(keys))
        await self.roads.gate.wait()
        return await super().load(read, keys, arguments)


class Unspeakable(club.Context):
    """A world of people whose ids are no Unicode text."""

    def person(self, key: object) -> Any:
        return super().person(key)._replace(id="\ud800")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convoys, "PATIENCE", 3600)


async def gone(roads: Roads) -> None:
    """Open the gate, and wait until all is told."""
    roads.gate.set()
    for _ in range(50):
        await asyncio.sleep(0)


def test_one_goes_alone_and_several_together() -> None:
    async def go() -> None:
        roads = Roads()
        await roads.gather(1)
        assert (roads.alone, roads.groups) == (1, [])
        await roads.gather(3)
        await gone(roads)
        assert (roads.alone, len(roads.groups), len(roads.told)) == (1, 1, 3)

    asyncio.run(go())


@pytest.mark.usefixtures("patient")
def test_one_more_than_the_most_is_divided_in_halves() -> None:
    async def go() -> None:
        roads = Roads()
        await roads.gather(MOST_TOGETHER + 1)
        await gone(roads)
        assert (roads.alone, len(roads.groups), len(roads.told)) == (0, 2, MOST_TOGETHER + 1)

    asyncio.run(go())


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(("under_way", "enough"), [(2, 1), (4, 2), (8, 4), (16, ENOUGH), (32, ENOUGH)])
def test_a_few_wait_until_they_are_half_as_many_as_those_under_way(under_way: int, enough: int) -> None:
    async def go() -> None:
        roads = Roads()
        await roads.gather(under_way)
        before = len(roads.groups)
        for _ in range(enough - 1):
            await roads.gather(1)
            assert (roads.alone, len(roads.groups)) == (0, before)
        await roads.gather(1)
        assert (roads.alone, len(roads.groups)) == ((1, before) if enough == 1 else (0, before + 1))
        await gone(roads)
        assert len(roads.told) == under_way + enough - roads.alone

    asyncio.run(go())


@pytest.mark.usefixtures("patient")
def test_when_those_under_way_are_done_whoever_waits_goes_on() -> None:
    async def go() -> None:
        roads = Roads()
        await roads.gather(10)
        await roads.gather(2)
        assert len(roads.groups) == 1
        await gone(roads)
        assert (roads.alone, len(roads.groups), len(roads.told)) == (0, 2, 12)

    asyncio.run(go())


def test_nobody_waits_long_for_those_who_are_held_up() -> None:
    async def go() -> None:
        roads = Roads()
        await roads.gather(10)
        await roads.gather(1)
        assert roads.alone == 0
        await asyncio.sleep(convoys.PATIENCE * 2)
        assert (roads.alone, len(roads.told)) == (1, 0)

    asyncio.run(go())


@pytest.mark.usefixtures("patient")
def test_who_hangs_up_while_waiting_is_let_go() -> None:
    async def go() -> None:
        roads = Roads()
        await roads.gather(10)
        [begun] = [await began(roads.plan, club.Context(1, 0), {})]
        assert begun
        errand = Errand(roads, begun)
        roads.convoys.gather(errand)  # type: ignore[arg-type]
        await roads.gather(1)
        errand.exchange.disconnected = True
        await gone(roads)
        assert (roads.alone, roads.told.count(None), len(roads.told)) == (1, 1, 11)

    asyncio.run(go())


def test_an_answer_that_cannot_be_put_down_sends_each_its_own_way() -> None:
    async def go() -> None:
        roads = Roads()
        roads.gate.set()
        await roads.gather(3, Unspeakable)
        await gone(roads)
        assert (roads.alone, len(roads.groups), roads.told) == (3, 1, [])

    asyncio.run(go())
