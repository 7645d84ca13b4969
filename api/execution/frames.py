"""A frame is one level at work: its rows, what was read for them, and the answers made of them."""

from collections.abc import Awaitable, Iterator
from itertools import islice
from typing import Any

from graphql import GraphQLError, is_non_null_type
from graphql.pyutils import is_iterable

from api.execution.completion import Path, located, settle
from api.execution.levels import Field, Level


class Waiting:
    """Something asked for: what it gives, or the exception that it raised, is its outcome."""

    __slots__ = ("awaitable", "outcome")

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.awaitable = awaitable
        self.outcome: Any = None


class Frame:
    """The rows of one level, their columns, the frames below, and at the end an answer (or GraphQLError) for each row."""

    __slots__ = ("branch", "branches", "columns", "has_failed", "indices", "keys", "level", "opened", "outputs", "rows", "started")

    def __init__(self, level: Level, rows: list[Any], branch: "Branch | None" = None, indices: list[int] | None = None) -> None:
        self.level = level
        self.rows = rows
        self.branch = branch
        self.indices = indices
        self.columns: list[list[Any]] = []
        self.branches: list[Branch | None] = []
        self.started: dict[Any, Any] = {}
        self.keys: Waiting | None = None
        self.outputs: list[Any] = []
        self.has_failed = False

    def start(self, run: Any) -> None:
        """Note what personal fields are read, and ask for all that this level waits for."""
        level, rows = self.level, self.rows
        if level.personal:
            run.context.saw(level.personal, [row.subject_id for row in rows])
        if level.sealed and (ids := self._sealed_ids()):
            self.keys = run.wait_for(run.context.keys_of(ids))
        for field in level.steps:
            field.step.start(self, run)  # type: ignore[union-attr]

    def spread(self, run: Any) -> None:
        """Take the values of each column, and put the rows that they lead to into frames of the next wave."""
        for field in self.level.steps:
            values = field.step.values(self, run)  # type: ignore[union-attr]
            self.columns.append(values)
            self.branches.append(Branch(self, field, values, run) if field.target else None)

    def finish(self, errors: list[GraphQLError]) -> None:
        """Build the answers, once the frames below have theirs."""
        columns, is_regular = self.columns, True
        for index, branch in enumerate(self.branches):
            if branch:
                columns[index] = branch.column()
                is_regular = is_regular and branch.is_regular
        if is_regular:
            try:
                self.outputs = self.level.assemble(self.rows, columns)
            except Exception:  # noqa: BLE001, S110 -- whatever it was will come again on the careful road
                pass
            else:
                return
        self._finish_carefully(errors)

    def _finish_carefully(self, errors: list[GraphQLError]) -> None:
        at = {id(field): column for field, column in zip(self.level.steps, self.columns, strict=True)}
        self.outputs = outputs = []
        for index, (path, row) in enumerate(zip(self.paths(), self.rows, strict=True)):
            output: Any = {}
            for field in self.level.fields:
                try:
                    value = field.get(row) if field.get else at[id(field)][index]
                    output[field.name] = settle(field.type, value, field, (*path, field.name), errors)
                except Exception as cause:  # noqa: BLE001 -- any exception is an error of its field
                    error = located(cause, field.nodes, (*path, field.name))
                    if field.is_required:
                        output, self.has_failed = error, True
                        break
                    errors.append(error)
                    output[field.name] = None
            outputs.append(output)

    def paths(self) -> list[Path]:
        """Find the place of each row in the answer; needed for errors only."""
        if self.branch is None:
            return [()]
        paths = self.branch.paths()
        return paths if self.indices is None else [paths[index] for index in self.indices]

    def _sealed_ids(self) -> list[Any]:
        ids = {}
        for row in self.rows:
            for name in self.level.sealed:
                if getattr(row, name) is not None:
                    ids[row.subject_id] = None
        return [*ids]

    def open(self, name: str) -> list[Any]:
        """Give what is under the seal of a column for each row: None, the text, or the exception."""
        if name not in self.started:
            self.started[name] = [self._open(name, row) for row in self.rows]
        return self.started[name]  # type: ignore[no-any-return]

    def _open(self, name: str, row: Any) -> Any:
        value = getattr(row, name)
        if value is None or self.keys is None:
            return value
        keys = self.keys.outcome
        if isinstance(keys, Exception):
            return keys
        try:
            return self.level.sealed[name].open(keys[row.subject_id], value)
        except Exception as error:  # noqa: BLE001 -- becomes the error of each field made of it
            return error


class Branch:
    """The values of a field whose type has fields: the frames below that its rows went to, and the way back."""

    __slots__ = ("field", "frame", "frames", "is_regular", "outputs", "values")

    def __init__(self, frame: Frame, field: Field, values: list[Any], run: Any) -> None:
        self.frame = frame
        self.field = field
        self.values = values
        self.is_regular = False
        self.outputs: list[Any] = []
        self.frames: list[Frame] = []
        levels = field.target.levels
        try:
            rows = values if field.depth == 0 else [row for value in values for row in value] if field.depth == 1 else None
        except TypeError:
            rows = None
        if rows is not None:
            classes = {*map(type, rows)}
            if not classes:
                self.is_regular = True
                return
            if len(classes) == 1 and (level := levels.get(classes.pop())):
                self.is_regular = True
                self.frames = [run.enter(Frame(level, rows, self))]
                return
        self._sort(run)

    def _sort(self, run: Any) -> None:
        """Send each row to the level of its type; a row of no type that belongs here is an error in its place."""
        groups: dict[Level, list[int]] = {}
        rows = [row for value in self.values for row, _ in _rows(self.field.depth, value, ())]
        for index, row in enumerate(rows):
            try:
                groups.setdefault(self.field.target.level_of(row), []).append(index)
                self.outputs.append(None)
            except Exception as error:  # noqa: BLE001 -- becomes the error of its position
                self.outputs.append(error)
        for level, indices in groups.items():
            self.frames.append(run.enter(Frame(level, [rows[index] for index in indices], self, indices)))

    def column(self) -> list[Any]:
        """Put the answers of the rows where the rows were."""
        values, depth = self.values, self.field.depth
        if self.is_regular:
            outputs = self.frames[0].outputs if self.frames else []
            self.is_regular = not (self.frames and self.frames[0].has_failed)
            if depth == 0:
                return outputs
            if len(values) == 1:
                return [outputs]
            answers = iter(outputs)
            return [[*islice(answers, len(value))] for value in values]
        for frame in self.frames:
            for index, output in zip(frame.indices or (), frame.outputs, strict=True):
                self.outputs[index] = output
        answers = iter(self.outputs)
        if depth == 0 and not is_non_null_type(self.field.type):
            self.is_regular = not any(isinstance(value, Exception) for value in (*values, *self.outputs))
        return [_refill(depth, value, answers) for value in values]

    def paths(self) -> list[Path]:
        places = zip(self.frame.paths(), self.values, strict=True)
        name, depth = self.field.name, self.field.depth
        return [place for path, value in places for _, place in _rows(depth, value, (*path, name))]


def _rows(depth: int, value: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    if value is None or isinstance(value, Exception):
        return
    if depth == 0:
        yield value, path
    elif is_iterable(value):
        for index, part in enumerate(value):
            yield from _rows(depth - 1, part, (*path, index))


def _refill(depth: int, value: Any, answers: Iterator[Any]) -> Any:
    if value is None or isinstance(value, Exception):
        return value
    if depth == 0:
        return next(answers)
    return [_refill(depth - 1, part, answers) for part in value] if is_iterable(value) else value
