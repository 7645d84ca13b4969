"""Which requests are batched together, and how long a request waits for others of its operation."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Hashable, Sequence
from typing import Any, Self

import pytest

from api.graphql.execution import Result
from api.graphql.execution.batching import (
    MAX_BATCH_DELAY,
    MAX_BATCH_SIZE,
    TARGET_BATCH_SIZE,
    RequestBatcher,
)
from api.graphql.execution.query_execution import Outcome, QueryExecution
from resolvers.field_sources import Read
from tests.api.graphql.execution import sample_schema
from tests.api.graphql.execution.test_batched_execution import compiled, start

pytestmark = pytest.mark.anyio
DOCUMENT = "{ people { id friends { nick } } }"


class Clock:
    """The clock of the event loop, which moves only when a test says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._now = loop.time()
        loop.time = lambda: self._now  # type: ignore[method-assign]

    async def advance(self, seconds: float) -> None:
        self._now += seconds
        await ticks()


class BlockedContext(sample_schema.Context):
    """A context whose reads for a whole batch wait for an event."""

    def __init__(self, requests: "Requests", reader: str) -> None:
        super().__init__(1, 0)
        self.requests = requests
        self.reader = reader

    has_unrecorded_reads = False

    def fresh(self) -> Self:
        return self

    async def load(self, read: Read, keys: Sequence[Hashable], arguments: tuple[Hashable, ...] = ()) -> list[Any]:
        self.requests.batches += 1
        await self.requests.reads_released.wait()
        return await super().load(read, keys, arguments)


class UnencodableContext(sample_schema.Context):
    """A world in which the ids of people are no Unicode text."""

    def person(self, key: object) -> Any:
        return super().person(key)._replace(id="\ud800")


class Requests:
    """Requests for one operation, their outcomes, and the event that the reads of batches wait for."""

    def __init__(self, *, is_recorded: bool = False) -> None:
        plan = compiled(sample_schema.schema, DOCUMENT, sample_schema.PERSONAL)
        assert plan
        self.plan = plan
        self.recorded: list[int] = []
        self.commit = asyncio.Event()
        self.is_recorded = is_recorded
        self.batcher: RequestBatcher[BlockedContext] = RequestBatcher(self.record)
        self.reads_released = asyncio.Event()
        self.executions: list[QueryExecution[BlockedContext]] = []
        self.outcomes: list[Outcome] = []
        self.batches = 0

    def record(self, contexts: Sequence[BlockedContext]) -> Awaitable[None] | None:
        self.recorded.append(len(contexts))
        return self._commit() if self.is_recorded else None

    async def _commit(self) -> None:
        await self.commit.wait()

    async def arrive(
        self, count: int, world: type[sample_schema.Context] = sample_schema.Context, reader: str = "primary"
    ) -> list[QueryExecution[BlockedContext]]:
        """Start this many queries whose rows are there, and let the batcher do what it does at once."""
        arrived = []
        for _ in range(count):
            started = await start(self.plan, world(1, 0), {})
            assert started
            context = BlockedContext(self, reader)
            arrived.append(self.batcher.start(started, context, asyncio.ensure_future, self.outcomes.append))
        self.executions += arrived
        await ticks()
        return arrived

    @property
    def finished(self) -> Counter[str]:
        """How the queries finished that have an outcome."""
        return Counter(map(_kind, self.outcomes))

    async def finish(self) -> Counter[str]:
        """Release the reads; return how the queries finished, after the batcher is empty."""
        self.reads_released.set()
        await ticks()
        assert len(self.outcomes) == len(self.executions)
        batcher = self.batcher
        assert [*batcher._queued, *batcher._timers, *batcher._in_flight] == []
        return self.finished


def _kind(outcome: Outcome) -> str:
    if outcome is None:
        return "cancelled"
    return "batched" if isinstance(outcome, bytes) else "individual" if isinstance(outcome, Result) else "failed"


async def ticks() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
async def clock() -> AsyncIterator[Clock]:
    loop = asyncio.get_running_loop()
    yield Clock(loop)
    del loop.time


async def test_one_request_is_executed_individually_and_several_are_batched() -> None:
    requests = Requests()
    await requests.arrive(1)
    assert requests.finished == {"individual": 1}
    await requests.arrive(3)
    assert requests.batches == 1
    assert await requests.finish() == {"individual": 1, "batched": 3}


async def test_one_more_than_a_batch_holds_is_divided_in_halves() -> None:
    requests = Requests()
    await requests.arrive(MAX_BATCH_SIZE + 1)
    assert requests.batches == 2
    assert await requests.finish() == {"batched": MAX_BATCH_SIZE + 1}


@pytest.mark.parametrize(("in_flight", "enough"), [(4, 2), (8, 4), (16, 8), (30, TARGET_BATCH_SIZE)])
async def test_requests_wait_until_they_are_half_as_many_as_those_in_flight(in_flight: int, enough: int) -> None:
    requests = Requests()
    await requests.arrive(in_flight)
    batches = requests.batches
    for _ in range(enough - 1):
        await requests.arrive(1)
        assert (requests.finished, requests.batches) == ({}, batches)
    await requests.arrive(1)
    assert (requests.finished, requests.batches) == ({}, batches + 1)
    assert await requests.finish() == {"batched": in_flight + enough}


async def test_requests_wait_for_those_whose_rows_are_not_there_yet() -> None:
    requests = Requests()
    [first] = await requests.arrive(1)
    selection = first.started.selection
    requests.batcher.adjust_in_flight(selection, 5)
    await requests.arrive(2)
    assert (requests.finished, requests.batches) == ({"individual": 1}, 0)
    requests.batcher.adjust_in_flight(selection, -1)
    await ticks()
    assert requests.batches == 1
    requests.batcher.adjust_in_flight(selection, -4)
    assert await requests.finish() == {"individual": 1, "batched": 2}


async def test_waiting_requests_are_executed_when_those_in_flight_are_done() -> None:
    requests = Requests()
    await requests.arrive(10)
    await requests.arrive(2)
    assert requests.batches == 1
    assert await requests.finish() == {"batched": 12}
    assert requests.batches == 2
    await requests.arrive(1)
    assert await requests.finish() == {"batched": 12, "individual": 1}


async def test_a_request_waits_no_longer_than_the_maximal_delay(clock: Clock) -> None:
    requests = Requests()
    await requests.arrive(10)
    await requests.arrive(1)
    await clock.advance(MAX_BATCH_DELAY * 0.9)
    assert requests.finished == {}
    await clock.advance(MAX_BATCH_DELAY * 0.2)
    assert requests.finished == {"individual": 1}
    assert await requests.finish() == {"individual": 1, "batched": 10}


async def test_the_delay_of_flushed_requests_is_not_that_of_later_ones(clock: Clock) -> None:
    requests = Requests()
    await requests.arrive(10)
    await requests.arrive(1)
    await requests.arrive(4)
    assert requests.batches == 2
    await clock.advance(MAX_BATCH_DELAY * 0.9)
    await requests.arrive(1)
    await clock.advance(MAX_BATCH_DELAY * 0.2)
    assert requests.finished == {}
    assert await requests.finish() == {"batched": 15, "individual": 1}


async def test_requests_can_be_flushed_at_once() -> None:
    requests = Requests()
    await requests.arrive(10)
    [waiting] = await requests.arrive(1)
    requests.batcher.flush(waiting.started.selection)
    await ticks()
    assert requests.finished == {"individual": 1}
    assert await requests.finish() == {"individual": 1, "batched": 10}


async def test_requests_that_read_from_different_servers_are_not_batched_together() -> None:
    requests = Requests()
    [first] = await requests.arrive(1)
    selection = first.started.selection
    requests.batcher.adjust_in_flight(selection, 20)
    await requests.arrive(2)
    await requests.arrive(2, reader="replica")
    assert requests.batches == 0
    requests.batcher.flush(selection)
    await ticks()
    assert requests.batches == 2
    requests.batcher.adjust_in_flight(selection, -20)
    assert await requests.finish() == {"individual": 1, "batched": 4}


async def test_requests_of_an_operation_that_cannot_be_batched_do_not_wait() -> None:
    requests = Requests()
    await requests.arrive(10)
    [first] = await requests.arrive(1)
    first.started.selection.is_batchable = False
    await requests.arrive(1)
    assert requests.finished == {"individual": 2}
    assert await requests.finish() == {"individual": 2, "batched": 10}


async def test_a_request_that_is_cancelled_while_it_waits_leaves_its_batch() -> None:
    requests = Requests()
    await requests.arrive(10)
    [cancelled] = await requests.arrive(1)
    cancelled.cancel()
    await requests.arrive(1)
    assert await requests.finish() == {"batched": 10, "cancelled": 1, "individual": 1}


async def test_a_batch_stops_when_all_of_its_requests_are_cancelled() -> None:
    requests = Requests()
    executions = await requests.arrive(10)
    for execution in executions[1:]:
        execution.cancel()
    await ticks()
    assert requests.finished == {}
    executions[0].cancel()
    await ticks()
    assert requests.finished == {"cancelled": 10}
    await requests.arrive(1)
    assert await requests.finish() == {"cancelled": 10, "individual": 1}


async def test_a_request_cancelled_in_its_batch_leaves_the_others_their_response() -> None:
    requests = Requests()
    executions = await requests.arrive(3)
    executions[1].cancel()
    assert await requests.finish() == {"batched": 2, "cancelled": 1}


async def test_a_query_whose_rows_are_awaited_is_cancelled_with_them() -> None:
    requests = Requests()
    started = await start(requests.plan, sample_schema.Context(1, 0), {})
    assert started
    rows: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    started.pending.outcome = rows
    execution = requests.batcher.start(
        started, BlockedContext(requests, "primary"), asyncio.ensure_future, requests.outcomes.append
    )
    execution.cancel()
    await ticks()
    assert rows.cancelled()
    assert requests.finished == {"cancelled": 1}


async def test_responses_that_cannot_be_encoded_are_executed_individually() -> None:
    requests = Requests()
    await requests.arrive(3, UnencodableContext)
    assert await requests.finish() == {"individual": 3}
    assert requests.batches == 1


async def test_no_response_is_released_before_it_is_recorded() -> None:
    requests = Requests(is_recorded=True)
    requests.reads_released.set()
    await requests.arrive(1)
    await requests.arrive(3)
    assert (requests.recorded, requests.finished) == ([1, 3], {})
    requests.commit.set()
    assert await requests.finish() == {"individual": 1, "batched": 3}
