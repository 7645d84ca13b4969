"""Executes a plan level by level: reads first, then completion; for one request, or for several batched together."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple
from uuid import UUID

from graphql import GraphQLError, is_non_null_type

from api.graphql.execution.pending_value import PendingValue, wait_for_all
from api.graphql.execution.row_batch import RowBatch
from api.graphql.execution.selection import CompiledSelection, ExecutionContext, RootValues

ROWS_OF_STEP = 100
"""Rows that are completed in one step: 3 ms where each has encrypted columns."""
SECONDS_OF_TURN = 0.008
"""How long an execution goes on without a pause: it compiles selections when rows of their class are met first."""


class Result(NamedTuple):
    """The result of an operation; ``executed`` is False when it was refused before anything ran."""

    data: dict[str, Any] | None
    errors: list[GraphQLError]
    executed: bool


class NotBatchable(Exception):  # noqa: N818 -- no error: the requests are executed individually
    """Batched requests met a field whose arguments may differ from request to request."""


class Execution:
    """One execution of a plan: what the next level waits for, the row batches in it, and the errors so far."""

    __slots__ = ("_entered", "_immediate", "_pending", "_resumed_at", "context", "errors", "variables")

    def __init__(
        self, context: ExecutionContext, variables: Mapping[str, Any], resumed_at: float | None = None
    ) -> None:
        self.context = context
        self.variables = variables
        self.errors: list[GraphQLError] = []
        self._pending: list[PendingValue] = []
        self._entered: list[RowBatch] = []
        self._immediate: list[RowBatch] = []
        self._resumed_at = perf_counter() if resumed_at is None else resumed_at

    def is_due(self) -> bool:
        """Return whether this execution has taken so long since its last pause that another one is due."""
        return perf_counter() - self._resumed_at > SECONDS_OF_TURN

    async def pause(self) -> None:
        """Go on in another turn of the event loop."""
        await self.context.pause()
        self._resumed_at = perf_counter()

    def wait_for(self, outcome: object) -> PendingValue:
        """Return a pending value, awaited together with everything else that the level waits for."""
        pending = PendingValue(outcome)
        if pending.is_awaitable:
            self._pending.append(pending)
        return pending

    def record_read(self, batch: RowBatch) -> None:
        """Record that the personal fields of these rows are read."""
        self.context.record_read(_subject_ids(batch), batch.selection.personal)

    def enter(self, batch: RowBatch) -> RowBatch:
        """Put a batch into the next level, if it has anything to read there."""
        (self._immediate if batch.selection.is_immediate else self._entered).append(batch)
        return batch

    async def start(self, level: Sequence[RowBatch]) -> None:
        """Request everything that the batches of a level wait for."""
        for batch in level:
            if self.is_due():
                await self.pause()
            batch.start(self)

    async def result(self, roots: Sequence[CompiledSelection], started: "StartedQuery | None" = None) -> Result:
        """Execute root selections one after the other and return the result; the first may have been started."""
        data: dict[str, Any] = {}
        for root in roots:
            output = await self._execute_root(root, started)
            if isinstance(output, GraphQLError):
                return Result(None, [*self.errors, output], executed=True)
            data |= output
            started = None
        return Result(data, self.errors, executed=True)

    def start_query(self, root: CompiledSelection) -> "StartedQuery":
        """Call the resolver of the only root field, and request nothing else."""
        assert root.sole_root, "only such a selection is started"  # noqa: S101
        return StartedQuery(self, root, PendingValue(root.sole_root.source.call(self)))

    async def _execute_root(
        self, root: CompiledSelection, started: "StartedQuery | None"
    ) -> dict[str, object] | GraphQLError:
        if root.sole_root and started is None:
            started = self.start_query(root)
            await started.pending.wait()
        if started is None:
            return (await self.outputs(self.enter(RowBatch(root, [None]))))[0]
        data = started.complete_now()
        return (await self.outputs(_root_batch([started]), is_started=True))[0] if data is None else data

    async def outputs(self, first: RowBatch, *, is_started: bool = False) -> Sequence[dict[str, object] | GraphQLError]:
        """Read everything that the response is made of, then complete it."""
        batches = await self.read(first, is_started=is_started)
        await self.complete(batches)
        return batches[-1].outputs

    async def read(self, first: RowBatch, *, is_started: bool = False) -> list[RowBatch]:
        """Read level after level; return the batches of all levels in the order in which to complete them."""
        batches: list[RowBatch] = []
        if is_started:
            self._resumed_at = perf_counter()
            await self._expand(first)
            batches.append(first)
        while level := self._entered:
            self._entered = []
            await self.start(level)
            if self._pending:
                pending, self._pending = self._pending, []
                await (pending[0].wait() if len(pending) == 1 else wait_for_all(pending))
                self._resumed_at = perf_counter()
            for batch in level:
                await self._expand(batch)
            batches += level
        immediate, self._immediate = self._immediate, []
        return [*immediate, *reversed(batches)]

    async def _expand(self, batch: RowBatch) -> None:
        for _ in batch.expansion_steps(self):
            if self.is_due():
                await self.pause()

    async def complete(self, batches: Sequence[RowBatch]) -> None:
        """Complete all batches, of which the last one is the root."""
        for batch in batches:
            for _ in batch.completion_steps(self.errors, ROWS_OF_STEP):
                if self.is_due():
                    await self.pause()


class StartedQuery(NamedTuple):
    """A query whose only root field was resolved, and of which nothing else was requested."""

    execution: Execution
    selection: CompiledSelection
    """The root selection, by which requests of one operation are batched."""
    pending: PendingValue
    """The value of the root field; the code that awaits it puts the outcome in its place."""

    def complete_now(self) -> dict[str, object] | None:
        """Return the data, once the rows are there; None where further reads or a full completion are needed."""
        root = self.selection.sole_root
        assert root, "only such a selection is started"  # noqa: S101
        field, value = root.field, self.pending.outcome
        completed = root.target.complete_now(field.depth, value)
        if completed is not None:
            return {field.name: completed}
        is_null = value is None and not is_non_null_type(field.type)
        return {field.name: value} if is_null or (field.depth == 1 and value == []) else None

    async def finish(self) -> Result:
        """Execute the rest of the query, once the rows are there."""
        return await self.execution.result([self.selection], self)


def _root_batch(queries: Sequence[StartedQuery]) -> RowBatch:
    """Return the row batch of the root for queries of one operation."""
    first = RowBatch(queries[0].selection, [None] * len(queries))
    first.started = [RootValues([each.pending for each in queries])]
    return first


class BatchedExecution(Execution):
    """One execution for several requests of one operation whose rows are there; ``context`` reads for all of them.

    The context of each request records what is read of its own rows, as in an individual execution.
    """

    __slots__ = ("_batches", "_contexts", "_first", "_reads", "_requested")

    def __init__(self, queries: Sequence[StartedQuery], context: ExecutionContext) -> None:
        super().__init__(context, {})
        self._contexts = [each.execution.context for each in queries]
        self._requested: list[PendingValue] = []
        self._reads: dict[tuple[int, UUID | None], list[tuple[str, ...]]] = {}
        self._first = _root_batch(queries)

    async def read_all(self) -> bool:
        """Read everything that the responses are made of; False where the requests must be executed individually.

        That is so where the arguments of a field may differ by request, or where a read failed.
        """
        try:
            self._batches = await self.read(self._first, is_started=True)
        except NotBatchable:
            self._first.selection.is_batchable = False
            return False
        if any(isinstance(each.outcome, Exception) for each in self._requested):
            return False
        for (index, subject_id), coordinates in self._reads.items():
            self._contexts[index].record_read((subject_id,), *coordinates)
        return True

    def wait_for(self, outcome: object) -> PendingValue:
        pending = super().wait_for(outcome)
        self._requested.append(pending)
        return pending

    async def data_of_each(self) -> list[dict[str, object]] | None:
        """Return the data of each request; None where any of them has an error: then each is executed individually."""
        self._resumed_at = perf_counter()
        await self.complete(self._batches)
        outputs = self._batches[-1].outputs
        data = [output for output in outputs if isinstance(output, dict)]
        return data if not self.errors and len(data) == len(outputs) else None

    async def start(self, level: Sequence[RowBatch]) -> None:
        if any(batch.selection.differs_by_request for batch in level):
            raise NotBatchable
        await super().start(level)

    def record_read(self, batch: RowBatch) -> None:
        for read in dict.fromkeys(zip(batch.request_indexes(), _subject_ids(batch), strict=True)):
            self._reads.setdefault(read, []).append(batch.selection.personal)


def _subject_ids(batch: RowBatch) -> list[UUID | None]:
    rows: Sequence[Any] = batch.rows
    if rows and hasattr(rows[0], "person_id"):
        return [row.person_id for row in rows]
    return [row.subject_id for row in rows]
