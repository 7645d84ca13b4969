"""The request batcher: requests of one operation whose rows are there share the rest of their execution."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Generic

from api.graphql.execution import BatchedExecution, StartedQuery, as_json
from api.graphql.execution.query_execution import BeforeRelease, Context, Outcome, QueryExecution, Spawn
from api.graphql.execution.selection import CompiledSelection

MAX_BATCH_SIZE: Final = 16
"""How many requests are executed together at most. More would share little more, and delay other requests."""
TARGET_BATCH_SIZE: Final = 10
"""How many are executed without waiting for more. Fewer wait until they are half as many as those in flight."""
MAX_BATCH_DELAY: Final = 0.02
"""Seconds that requests wait for others of their operation at most."""


class RequestBatcher(Generic[Context]):
    """Batches the queries of one process, by operation and role.

    ``before_release`` is called with the contexts of queries whose responses are about to be released. It returns None
    where nothing is to be recorded of them. Otherwise the responses wait for what it returns.
    """

    def __init__(
        self,
        before_release: BeforeRelease[Context],
        max_delay: float = MAX_BATCH_DELAY,
    ) -> None:
        self.before_release = before_release
        self._max_delay = max_delay
        self._queued: dict[CompiledSelection, list[QueryExecution[Context]]] = {}
        self._timers: dict[CompiledSelection, asyncio.TimerHandle] = {}
        self._in_flight: Counter[CompiledSelection] = Counter()

    def start(
        self, started: StartedQuery, context: Context, spawn: Spawn, on_done: Callable[[Outcome], None]
    ) -> QueryExecution[Context]:
        """Execute a started query; ``on_done`` is called once, with its outcome."""
        execution = QueryExecution(self, started, context, spawn, on_done)
        execution.start()
        return execution

    def adjust_in_flight(self, selection: CompiledSelection, count: int) -> None:
        """Add to the number of queries of an operation that wait for rows or are executed in a batch."""
        self._in_flight[selection] += count
        if not self._in_flight[selection]:
            del self._in_flight[selection]
        if selection in self._timers and self._is_full(selection):
            asyncio.get_running_loop().call_soon(self._flush_or_wait, selection)

    def enqueue(self, execution: QueryExecution[Context]) -> None:
        """Execute the rest of a query together with others that arrive meanwhile."""
        selection = execution.started.selection
        selection.has_reads_below = True
        queued = self._queued.setdefault(selection, [])
        queued.append(execution)
        if len(queued) == 1 or (selection in self._timers and self._is_full(selection)):
            asyncio.get_running_loop().call_soon(self._flush_or_wait, selection)

    def flush(self, selection: CompiledSelection) -> None:
        """Execute the queued queries of an operation now."""
        if selection in self._timers:
            self._timers.pop(selection).cancel()
        queued = self._queued.pop(selection)
        executions = [execution for execution in queued if not execution.is_cancelled]
        for execution in queued:
            if execution.is_cancelled:
                execution.done(None)
        for group in _groups(executions):
            if len(group) == 1 or not selection.is_batchable:
                for execution in group:
                    execution.finish_individually()
            else:
                self.adjust_in_flight(selection, len(group))
                _Batch(self.before_release, group, partial(self.adjust_in_flight, selection, -len(group)))

    def _is_full(self, selection: CompiledSelection) -> bool:
        in_flight = self._in_flight[selection]
        return not selection.is_batchable or len(self._queued[selection]) >= min(TARGET_BATCH_SIZE, in_flight / 2)

    def _flush_or_wait(self, selection: CompiledSelection) -> None:
        """Flush at ``min(TARGET_BATCH_SIZE, in_flight / 2)`` queries, or after the maximal delay."""
        if selection not in self._queued:
            return
        if self._is_full(selection):
            self.flush(selection)
        elif selection not in self._timers:
            self._timers[selection] = asyncio.get_running_loop().call_later(self._max_delay, self.flush, selection)


def _groups(executions: Sequence[QueryExecution[Context]]) -> Iterator[Sequence[QueryExecution[Context]]]:
    """Yield as few groups as possible, of nearly the same size. All queries of a group read through one loader."""
    by_reader: dict[object, list[QueryExecution[Context]]] = {}
    for execution in executions:
        by_reader.setdefault(execution.context.reader, []).append(execution)
    for same in by_reader.values():
        count = -(-len(same) // MAX_BATCH_SIZE)
        for number in range(count):
            yield same[number::count]


class _Batch(Generic[Context]):
    """Several queries of one operation whose rows are there, executed together.

    Responses and access events are those of individual executions. Where one query needs more than the others, or fails
    in any way, each is executed individually, from its rows on.
    """

    def __init__(
        self,
        before_release: BeforeRelease[Context],
        executions: Sequence[QueryExecution[Context]],
        on_end: Callable[[], None],
    ) -> None:
        self._before_release = before_release
        self._executions = executions
        self._on_end = on_end
        self._waiting = len(executions)
        self._task = executions[0].spawn(self._execute())
        self._task.add_done_callback(self._task_done)
        for execution in executions:
            execution.work = self

    def cancel(self) -> None:
        """Count one query that was cancelled; stop when all of them were."""
        self._waiting -= 1
        if not self._waiting:
            self._task.cancel()

    async def _execute(self) -> None:
        executions = self._executions
        try:
            shared = executions[0].context.fresh()
            batched = BatchedExecution([execution.started for execution in executions], shared)
            bodies = await self._recorded(batched) if await batched.read_all() else None
            if bodies is None:
                for execution in executions:
                    execution.finish_individually()
            else:
                for execution, body in zip(executions, bodies, strict=True):
                    execution.done(body)
        except Exception as error:  # noqa: BLE001 -- it is the outcome of all of them
            for execution in executions:
                execution.done(error)

    async def _recorded(self, batched: BatchedExecution) -> list[bytes] | None:
        """Return the responses, once what they show is recorded. They are encoded while PostgreSQL commits that."""
        recording = self._before_release([execution.context for execution in self._executions])
        try:
            for _ in range(2 if recording else 0):  # the statement is sent in the next tick of the event loop
                await asyncio.sleep(0)
            data_of_each = await batched.data_of_each()
            return None if data_of_each is None else [as_json({"data": data}) for data in data_of_each]
        except TypeError:  # a value that cannot be encoded is the failure of one query, not of the batch
            return None
        finally:
            if recording:
                await recording

    def _task_done(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            for execution in self._executions:
                execution.done(None)
        self._on_end()
