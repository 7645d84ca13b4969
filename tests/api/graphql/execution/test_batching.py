"""Who goes on with whom, and who waits for company how long."""

import asyncio
from collections import Counter
from collections.abc import Hashable, Sequence
from types import SimpleNamespace
from typing import Any, Self

import pytest

from api.graphql.execution import Begun, batching
from api.graphql.execution.batching import ENOUGH, MOST_TOGETHER, Convoys
from resolvers.field_sources import Read
from tests.api.graphql.execution import sample_schema
from tests.api.graphql.execution.test_batched_execution import began, compiled

FOREVER = 3600


class Roads:
    """Requests for one operation and how they went; reads for several wait until the gate is opened."""

    def __init__(self) -> None:
        plan = compiled(sample_schema.schema, "{ people { id friends { nick } } }", sample_schema.PERSONAL)
        assert plan
        self.plan = plan
        self.convoys = Convoys(None)  # type: ignore[arg-type]
        self.gate = asyncio.Event()
        self.errands: list[Errand] = []
        self.started = 0

    async def gather(self, count: int, world: type[sample_schema.Context] = sample_schema.Context) -> list["Errand"]:
        """Have so many requests come to where their rows are there, and those go on that do so at once."""
        begun = [await began(self.plan, world(1, 0), {}) for _ in range(count)]
        errands = [Errand(self, each) for each in begun if each]
        self.errands += errands
        for errand in errands:
            self.convoys.gather(errand)  # type: ignore[arg-type]
        await turns()
        return errands

    @property
    def went(self) -> Counter[str]:
        """How those went who are done; nobody is done twice."""
        assert all(len(errand.ends) <= 1 for errand in self.errands)
        return Counter(end for errand in self.errands for end in errand.ends)

    async def end(self) -> Counter[str]:
        """Open the gate; say how all went, and that nothing of them is left."""
        self.gate.set()
        await turns()
        went = self.went
        assert went.total() == len(self.errands)
        assert [*self.convoys._gathering, *self.convoys._waiting, *self.convoys._others] == []
        return went


class Errand:
    """What a convoy asks of an errand."""

    def __init__(self, roads: Roads, begun: Begun) -> None:
        self.begun = begun
        self.context = Shared(roads)
        self.exchange = SimpleNamespace(disconnected=False, promise=None, run=asyncio.ensure_future)
        self.ends: list[str] = []

    def tell(self, _: bytes) -> None:
        self.ends.append("told")

    def go_alone(self) -> None:
        self.ends.append("alone")

    def cancelled(self) -> None:
        self.ends.append("cancelled")

    def fail(self, _: Exception) -> None:
        self.ends.append("failed")


class Shared(sample_schema.Context):
    """Reads for several, once the gate is open."""

    def __init__(self, roads: Roads) -> None:
        super().__init__(1, 0)
        self.roads = roads

    def fresh(self) -> Self:
        return self

    def drain(self, entries: list[Any]) -> None:
        pass

    async def load(self, read: Read, keys: Sequence[Hashable], arguments: tuple[Hashable, ...] = ()) -> list[Any]:
        self.roads.started += 1
        await self.roads.gate.wait()
        return await super().load(read, keys, arguments)


class Unspeakable(sample_schema.Context):
    """A world of people whose ids are no Unicode text."""

    def person(self, key: object) -> Any:
        return super().person(key)._replace(id="\ud800")


async def turns() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let those who wait do so for ever, unless a test says otherwise."""
    monkeypatch.setattr(batching, "PATIENCE", FOREVER)


pytestmark = pytest.mark.anyio


async def test_one_goes_alone_and_several_together() -> None:
    roads = Roads()
    await roads.gather(1)
    assert roads.went == {"alone": 1}
    await roads.gather(3)
    assert roads.started == 1
    assert await roads.end() == {"alone": 1, "told": 3}


async def test_one_more_than_the_most_is_divided_in_halves() -> None:
    roads = Roads()
    await roads.gather(MOST_TOGETHER + 1)
    assert roads.started == 2
    assert await roads.end() == {"told": MOST_TOGETHER + 1}


@pytest.mark.parametrize(("under_way", "enough"), [(4, 2), (8, 4), (16, 8), (30, ENOUGH)])
async def test_a_few_wait_until_they_are_half_as_many_as_those_under_way(under_way: int, enough: int) -> None:
    roads = Roads()
    await roads.gather(under_way)
    started = roads.started
    for _ in range(enough - 1):
        await roads.gather(1)
        assert (roads.went, roads.started) == ({}, started)
    await roads.gather(1)
    assert (roads.went, roads.started) == ({}, started + 1)
    assert await roads.end() == {"told": under_way + enough}


async def test_a_few_wait_for_those_whose_rows_are_yet_to_come_until_they_have_come_to_something_else() -> None:
    roads = Roads()
    [first] = await roads.gather(1)
    level = first.begun.first.level
    roads.convoys.expect(level, 5)
    await roads.gather(2)
    assert (roads.went, roads.started) == ({"alone": 1}, 0)
    roads.convoys.expect(level, -1)
    await turns()
    assert roads.started == 1
    roads.convoys.expect(level, -4)
    assert await roads.end() == {"alone": 1, "told": 2}


async def test_when_those_under_way_are_done_whoever_waits_goes_on() -> None:
    roads = Roads()
    await roads.gather(10)
    await roads.gather(2)
    assert roads.started == 1
    assert await roads.end() == {"told": 12}
    assert roads.started == 2
    await roads.gather(1)
    assert await roads.end() == {"told": 12, "alone": 1}


async def test_nobody_waits_long_for_those_who_are_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "PATIENCE", 0.3)
    roads = Roads()
    await roads.gather(10)
    await roads.gather(1)
    assert roads.went == {}
    await asyncio.sleep(0.6)
    assert roads.went == {"alone": 1}
    assert await roads.end() == {"alone": 1, "told": 10}


async def test_the_patience_of_those_who_went_on_is_not_that_of_those_who_come_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batching, "PATIENCE", 0.3)
    roads = Roads()
    await roads.gather(10)
    await roads.gather(1)
    await roads.gather(4)
    assert roads.started == 2
    monkeypatch.setattr(batching, "PATIENCE", FOREVER)
    await roads.gather(1)
    await asyncio.sleep(0.6)
    assert roads.went == {}
    assert await roads.end() == {"told": 15, "alone": 1}


async def test_nobody_waits_where_each_is_found_to_have_to_go_alone() -> None:
    roads = Roads()
    await roads.gather(10)
    [first] = await roads.gather(1)
    first.begun.first.level.is_alone = True
    await roads.gather(1)
    assert roads.went == {"alone": 2}
    assert await roads.end() == {"alone": 2, "told": 10}


async def test_who_hangs_up_while_waiting_is_let_go() -> None:
    roads = Roads()
    await roads.gather(10)
    [leaving] = await roads.gather(1)
    leaving.exchange.disconnected = True
    await roads.gather(1)
    assert await roads.end() == {"told": 10, "cancelled": 1, "alone": 1}


async def test_a_convoy_that_all_have_left_is_stopped_and_holds_up_nobody() -> None:
    roads = Roads()
    leaving = await roads.gather(10)
    for errand in leaving[1:]:
        errand.exchange.promise.cancel()
    await turns()
    assert roads.went == {}
    leaving[0].exchange.promise.cancel()
    await turns()
    assert roads.went == {"cancelled": 10}
    await roads.gather(1)
    assert await roads.end() == {"cancelled": 10, "alone": 1}


async def test_an_answer_that_cannot_be_put_down_sends_each_its_own_way() -> None:
    roads = Roads()
    await roads.gather(3, Unspeakable)
    assert await roads.end() == {"alone": 3}
    assert roads.started == 1
