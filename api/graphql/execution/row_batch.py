"""A row batch is one compiled selection at work: its rows, the values read for them, and the completed objects."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

from graphql import GraphQLError, is_non_null_type
from graphql.pyutils import is_iterable

from api.graphql.execution.completion import Path, attempt, complete_value
from api.graphql.execution.pending_value import PendingValue
from api.graphql.execution.selection import (
    CompiledField,
    CompiledSelection,
    LoadKey,
    RunningExecution,
    SelectionTarget,
    StartedSource,
)

_Each = TypeVar("_Each")
FULL_COMPLETION_FACTOR = 10
"""How much longer the full completion of a row takes."""


class BatchExecution(RunningExecution, Protocol):
    """What a row batch needs of the execution that it belongs to."""

    def record_read(self, batch: "RowBatch") -> None:
        """Record that the personal fields of these rows are read."""

    def enter(self, batch: "RowBatch") -> "RowBatch":
        """Put a batch into the next level, if it has anything to read there."""


class RowBatch:
    """The rows of one selection, their columns, and at the end a completed object or a GraphQLError for each row."""

    data_keys: PendingValue | None = None
    has_failed = False
    outputs: Sequence[dict[str, object] | GraphQLError]
    started: Sequence[StartedSource] = ()
    children: "Sequence[tuple[int, ChildRows]]" = ()

    def __init__(self, selection: CompiledSelection, rows: Sequence[object], parent: "ChildRows | None" = None) -> None:
        self.selection = selection
        self.rows = rows
        self.parent = parent
        self.columns: list[Sequence[object]] = []
        self.loads: dict[LoadKey, PendingValue] = {}

    def start(self, execution: BatchExecution) -> None:
        """Record the personal fields that are read, and request everything that this batch waits for."""
        selection, rows = self.selection, self.rows
        if selection.personal:
            execution.record_read(self)
        if selection.encrypted and (subject_ids := selection.encrypted_subjects(rows)):
            self.data_keys = execution.wait_for(attempt(execution.context.keys_of, subject_ids))
        self.started = [source.start(self, execution) for _, source in selection.sources]

    def expansion_steps(self, execution: BatchExecution) -> Iterator[None]:
        """Put the rows that the values of each source lead to into batches of the next level; yield after each."""
        children: list[tuple[int, ChildRows]] = []
        self.children = children
        for index, ((field, _), started) in enumerate(zip(self.selection.sources, self.started, strict=True)):
            values = started.values()
            self.columns.append(values)
            if field.target:
                children.append((index, ChildRows(self, field, field.target, values, execution)))
                yield

    def completion_steps(self, errors: list[GraphQLError], row_count: int) -> Iterator[None]:
        """Build the objects, once the batches below have theirs, in steps of ``row_count`` rows at most."""
        is_regular, keys = self._take_children()
        outputs: list[dict[str, object] | GraphQLError] = []
        for start in range(0, len(self.rows) if is_regular else 0, row_count):
            rows, columns = self.rows, self.columns
            if len(rows) > row_count:
                part = slice(start, start + row_count)
                rows, columns = rows[part], [column[part] for column in columns]
            assembled = attempt(self.selection.assemble, rows, columns, keys)
            yield
            if not isinstance(assembled, list):
                is_regular, outputs = False, []
                break
            outputs += assembled
        for output in () if is_regular else self._complete_rows(keys, errors):
            outputs.append(output)
            if len(outputs) % (row_count // FULL_COMPLETION_FACTOR) == 0:
                yield
        self._finish(outputs)

    def _take_children(self) -> tuple[bool, object]:
        """Take the objects of the batches below. Return whether all of them are regular, and the data keys."""
        is_regular = True
        for index, child in self.children:
            self.columns[index] = child.column()
            is_regular = is_regular and child.is_regular
        return is_regular, self.data_keys.outcome if self.data_keys else {}

    def _finish(self, outputs: "Sequence[dict[str, object] | GraphQLError]") -> None:
        self.outputs = outputs
        # Batches and child rows refer to each other: without this they wait for the garbage collector.
        self.parent, self.children, self.started = None, (), ()

    def _complete_rows(self, keys: object, errors: list[GraphQLError]) -> "Iterator[dict[str, object] | GraphQLError]":
        for index, (path, row) in enumerate(zip(self.paths(), self.rows, strict=True)):
            yield self._complete_row(index, path, row, keys, errors)

    def _complete_row(
        self, index: int, path: Path, row: object, keys: object, errors: list[GraphQLError]
    ) -> dict[str, object] | GraphQLError:
        output = {}
        columns = iter(self.columns)
        for field in self.selection.fields:
            value = attempt(field.get, row, keys) if field.get else next(columns)[index]
            try:
                output[field.name] = complete_value(field, value, (*path, field.name), errors)
            except GraphQLError as error:
                self.has_failed = True
                return error
        return output

    def paths(self) -> list[Path]:
        """Return the response path of each row, which only errors need."""
        return self.parent.paths(self) if self.parent else [()] * len(self.rows)

    def request_indexes(self) -> Sequence[int]:
        """Return for each row the index of the batched request that it belongs to."""
        return self.parent.request_indexes(self) if self.parent else range(len(self.rows))


class ChildRows:
    """The values of a field whose type has fields, the batches that its rows went to, and the way back."""

    is_regular = False
    """Whether all values are rows of one class, in plain lists, and all were completed."""

    def __init__(
        self,
        batch: RowBatch,
        field: CompiledField,
        target: SelectionTarget,
        values: Sequence[object],
        execution: BatchExecution,
    ) -> None:
        self.batch = batch
        self.field = field
        self.target = target
        self.values = values
        self.rows = self._plain_rows()
        self.groups: list[tuple[RowBatch, list[int]]] = []
        if self.rows:
            first = type(self.rows[0])
            if first not in target.selections:
                attempt(target.selection_of, self.rows[0])  # compiles the selection for rows of this class
            selection = target.selections.get(first)
            if selection and (len(self.rows) == 1 or {*map(type, self.rows)} == {first}):
                self.is_regular = True
                self.only = execution.enter(RowBatch(selection, self.rows, self))
                return
        self._group_by_selection(execution)

    def _plain_rows(self) -> Sequence[object] | None:
        """Return all rows where the values are plain lists of them; some of these may be null, or exceptions."""
        if self.field.depth == 0:
            return self.values
        if self.field.depth > 1 or not {*map(type, self.values)} <= {list, tuple}:
            return None
        lists: Any = self.values
        rows: Sequence[object] = lists[0] if len(lists) == 1 else [row for value in lists for row in value]
        return rows

    def _group_by_selection(self, execution: BatchExecution) -> None:
        """Put each row into the batch of its type; a row of a type that may not stand here is an error in its place."""
        rows = [row for value in self.values for row, _ in _rows(self.field.depth, value, ())]
        self.outputs: list[object] = [attempt(self.target.selection_of, row) for row in rows]
        for selection in dict.fromkeys(self.outputs):
            if isinstance(selection, CompiledSelection):
                indexes = [index for index, each in enumerate(self.outputs) if each is selection]
                entered = execution.enter(RowBatch(selection, [rows[index] for index in indexes], self))
                self.groups.append((entered, indexes))

    def column(self) -> Sequence[object]:
        """Return the values with completed objects where rows were, and set whether all of them are regular."""
        values, depth = self.values, self.field.depth
        if self.is_regular:
            outputs = self.only.outputs
            self.is_regular = not self.only.has_failed
            if depth == 0 or len(values) == 1:
                return [outputs] if depth else outputs
            completed = iter(outputs)
            lists: Any = values
            return [[*islice(completed, len(value))] for value in lists]
        for batch, indexes in self.groups:
            for index, output in zip(indexes, batch.outputs, strict=True):
                self.outputs[index] = output
        is_full = self.rows is not None and len(self.rows) == len(self.outputs)
        may_be_null = depth == 0 and not is_non_null_type(self.field.type)
        self.is_regular = (is_full or may_be_null) and not _has_exception([*values, *self.outputs])
        objects = iter(self.outputs)
        return [_refilled(depth, value, objects) for value in values]

    def paths(self, batch: RowBatch) -> list[Path]:
        """Return the response paths of the rows of a batch below."""
        parents = zip(self.batch.paths(), self.values, strict=True)
        name, depth = self.field.name, self.field.depth
        return self._of(batch, [path for parent, value in parents for _, path in _rows(depth, value, (*parent, name))])

    def request_indexes(self, batch: RowBatch) -> Sequence[int]:
        """Return the indexes of the batched requests that the rows of a batch below belong to."""
        indexes, depth = self.batch.request_indexes(), self.field.depth
        if self.is_regular and depth == 0:
            return indexes
        indexed = zip(indexes, self.values, strict=True)
        if self.is_regular:
            lists: Any = indexed
            return [index for index, value in lists for _ in value]
        return self._of(batch, [index for index, value in indexed for _ in _rows(depth, value, ())])

    def _of(self, batch: RowBatch, each_row: list[_Each]) -> list[_Each]:
        """Return the entries of the rows of one batch, out of the entries of the rows of all batches below."""
        return next(
            ([each_row[index] for index in indexes] for each, indexes in self.groups if each is batch), each_row
        )


def _has_exception(values: Sequence[object]) -> bool:
    return any(isinstance(value, Exception) for value in values)


def _rows(depth: int, value: object, path: Path) -> Iterator[tuple[object, Path]]:
    """Yield the rows in a value with their paths: everything that is neither null nor an exception."""
    if value is None or isinstance(value, Exception):
        return
    if depth == 0:
        yield value, path
    elif is_iterable(value):
        for index, part in enumerate(value):
            yield from _rows(depth - 1, part, (*path, index))


def _refilled(depth: int, value: object, outputs: Iterator[object]) -> object:
    """Return a value with completed objects where rows were."""
    if value is None or isinstance(value, Exception):
        return value
    if depth == 0:
        return next(outputs)
    return [_refilled(depth - 1, part, outputs) for part in value] if is_iterable(value) else value
