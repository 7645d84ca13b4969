"""The execution of one started query: it waits for its rows, then finishes alone or in a batch."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

from api.graphql.execution import Result, StartedQuery, as_json
from api.graphql.execution.selection import CompiledSelection, ExecutionContext

Outcome: TypeAlias = bytes | Result | Exception | None
"""The encoded response, the result, the exception, or None for a query that was cancelled."""
Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class BatchableContext(ExecutionContext, Protocol):
    """The context of a request that can be batched with others."""

    @property
    def reader(self) -> object:
        """Return what the query reads through. Queries that read through different ones are not executed together."""

    @property
    def has_unrecorded_reads(self) -> bool:
        """Whether anything has to be recorded before a response is released."""

    def fresh(self) -> Self:
        """Return a context with the same rights, which reads for the whole batch."""


Context = TypeVar("Context", bound=BatchableContext)
BeforeRelease: TypeAlias = Callable[[Sequence[Context]], Awaitable[None] | None]
"""Records what queries show; returns None where nothing is to be recorded, or what their responses wait for."""


class RunningBatch(Protocol):
    """A batch that a query is executed in."""

    def cancel(self) -> object:
        """Cancel one query of the batch."""


class QueryBatcher(Protocol[Context]):
    """What a query needs of the request batcher."""

    @property
    def before_release(self) -> BeforeRelease[Context]:
        """The hook that is called with the contexts of queries before their responses are released."""

    def adjust_in_flight(self, selection: CompiledSelection, count: int) -> None:
        """Add to the number of queries of an operation that are in flight."""

    def enqueue(self, execution: "QueryExecution[Context]") -> None:
        """Execute the rest of a query together with others."""


class QueryExecution(Generic[Context]):
    """One started query until its outcome."""

    __slots__ = ("_batcher", "_is_counted", "_on_done", "context", "is_cancelled", "spawn", "started", "work")

    def __init__(
        self,
        batcher: QueryBatcher[Context],
        started: StartedQuery,
        context: Context,
        spawn: Spawn,
        on_done: Callable[[Outcome], None],
    ) -> None:
        self.started = started
        self.context = context
        self.is_cancelled = False
        self._batcher = batcher
        self.spawn = spawn
        """Runs work in a task that the server waits for."""
        self._on_done: Callable[[Outcome], None] | None = on_done
        self.work: asyncio.Future[Any] | RunningBatch | None = None
        """What is cancelled with the query."""

    def start(self) -> None:
        """Continue as soon as the rows of the root field are there."""
        pending, selection = self.started.pending, self.started.selection
        awaitable: Any = pending.outcome
        if isinstance(awaitable, asyncio.Future):  # of a batch loader
            future = awaitable
        elif pending.is_awaitable:
            future = asyncio.ensure_future(awaitable)
        else:
            self._continue()
            return
        self.work = future
        self._is_counted = selection.has_reads_below
        if self._is_counted:
            self._batcher.adjust_in_flight(selection, 1)
        future.add_done_callback(self._rows_done)

    def cancel(self) -> None:
        """Cancel the query. A query that waits in the batcher has its outcome when its batch starts."""
        self.is_cancelled = True
        work, self.work = self.work, None
        if work:
            work.cancel()

    def finish_individually(self) -> None:
        """Execute the rest for this request alone, in a task."""
        if self.is_cancelled:
            self.done(None)
        else:
            self.work = task = self.spawn(self._finish())
            task.add_done_callback(self._task_done)

    def done(self, outcome: Outcome) -> None:
        """Report the outcome, once."""
        on_done, self._on_done, self.work = self._on_done, None, None
        if on_done:
            on_done(None if self.is_cancelled else outcome)

    def _rows_done(self, future: asyncio.Future[Any]) -> None:
        if self._is_counted:
            self._batcher.adjust_in_flight(self.started.selection, -1)
        if future.cancelled():
            self.done(None)
            return
        error = future.exception()
        self.started.pending.outcome = future.result() if error is None else error
        self._continue()

    def _continue(self) -> None:
        try:
            data = self.started.complete_now()
            if data is not None and not self.context.has_unrecorded_reads:
                self.done(as_json({"data": data}))
            elif isinstance(self.started.pending.outcome, Exception):
                self.finish_individually()
            else:
                self.work = None
                self._batcher.enqueue(self)
        except Exception as error:  # noqa: BLE001 -- it is the outcome
            self.done(error)

    async def _finish(self) -> None:
        try:
            result = await self.started.finish()
            if recording := self._batcher.before_release([self.context]):
                await recording
            self.done(result)
        except Exception as error:  # noqa: BLE001 -- it is the outcome
            self.done(error)

    def _task_done(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            self.done(None)
