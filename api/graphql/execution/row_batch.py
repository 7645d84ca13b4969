"""A frame is one level at work: its rows, what was read for them, and the answers made of them."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from graphql import GraphQLError, is_non_null_type
from graphql.pyutils import is_iterable

from api.graphql.execution.completion import Path, attempt, settled
from api.graphql.execution.selection import Field, Level


class Frame:
    """The rows of one level, their columns, the branches below, and at the end an answer or GraphQLError for each."""

    asked_keys: Any = None
    has_failed = False
    outputs: list[Any]
    branches: "Sequence[tuple[int, Branch]]" = ()

    def __init__(self, level: Level, rows: list[Any], branch: "Branch | None" = None) -> None:
        self.level = level
        self.rows = rows
        self.branch = branch
        self.columns: list[list[Any]] = []
        self.started: dict[Any, Any] = {}

    def start(self, run: Any) -> None:
        """Say what personal fields are read, and ask for all that this level waits for."""
        level, rows = self.level, self.rows
        if level.personal:
            run.record_read(self)
        if level.sealed and (ids := level.sealed_of(rows)):
            self.asked_keys = run.wait_for(attempt(run.context.keys_of, ids))
        for _, step in level.steps:
            step.start(self, run)

    def spread(self, run: Any) -> None:
        """Take the values of each column, and put the rows that they lead to into frames of the next wave."""
        branches = []
        for index, (field, step) in enumerate(self.level.steps):
            values = step.values(self, run)
            self.columns.append(values)
            if field.target:
                branches.append((index, Branch(self, field, values, run)))
        self.branches = branches

    def finish(self, errors: list[GraphQLError]) -> None:
        """Build the answers, once the frames below have theirs."""
        is_regular = True
        for index, branch in self.branches:
            self.columns[index] = branch.column()
            is_regular = is_regular and branch.is_regular
        keys = self.asked_keys.outcome if self.asked_keys else {}
        outputs = attempt(self.level.assemble, self.rows, self.columns, keys) if is_regular else None
        if outputs.__class__ is not list:
            paths = zip(self.paths(), self.rows, strict=True)
            outputs = [self._answer(index, path, row, keys, errors) for index, (path, row) in enumerate(paths)]
        self.outputs = outputs
        # Frames and branches hold each other: without this the garbage collector halts everything to find them.
        self.branch, self.branches = None, ()

    def _answer(self, index: int, path: Path, row: Any, keys: Any, errors: list[GraphQLError]) -> Any:
        output = {}
        columns = iter(self.columns)
        for field in self.level.fields:
            value = attempt(field.get, row, keys) if field.get else next(columns)[index]
            try:
                output[field.name] = settled(field, value, (*path, field.name), errors)
            except GraphQLError as error:
                self.has_failed = True
                return error
        return output

    def paths(self) -> list[Path]:
        """Find the place of each row in the answer, which only errors need."""
        return self.branch.paths(self) if self.branch else [()] * len(self.rows)

    def owners(self) -> Sequence[int]:
        """Say for each row which of the requests that go on together it belongs to."""
        return self.branch.owners(self) if self.branch else range(len(self.rows))


class Branch:
    """The values of a field whose type has fields: the frames below that its rows went to, and the way back."""

    is_regular = False

    def __init__(self, frame: Frame, field: Field, values: list[Any], run: Any) -> None:
        self.frame = frame
        self.field = field
        self.values = values
        self.rows = self._plain_rows()
        self.groups: list[tuple[Frame, list[int]]] = []
        if self.rows:
            first = type(self.rows[0])
            level = field.target.levels.get(first)
            if level and (len(self.rows) == 1 or {*map(type, self.rows)} == {first}):
                self.is_regular = True
                self.only = run.enter(Frame(level, self.rows, self))
                return
        self._sort(run)

    def _plain_rows(self) -> list[Any] | None:
        """Give all rows where the values are plain lists of them; some of these may be null still, or exceptions."""
        if self.field.depth == 0:
            return self.values
        if self.field.depth > 1 or not {*map(type, self.values)} <= {list, tuple}:
            return None
        return self.values[0] if len(self.values) == 1 else [row for value in self.values for row in value]

    def _sort(self, run: Any) -> None:
        """Send each row to the level of its type; a row of no type that belongs here is an error in its place."""
        found = [row for value in self.values for row, _ in _rows(self.field.depth, value, ())]
        self.outputs = [attempt(self.field.target.level_of, row) for row in found]
        for level in dict.fromkeys(self.outputs):
            if isinstance(level, Level):
                indices = [index for index, each in enumerate(self.outputs) if each is level]
                self.groups.append((run.enter(Frame(level, [found[index] for index in indices], self)), indices))

    def column(self) -> list[Any]:
        """Put the answers of the rows where the rows were, and say whether all is regular."""
        values, depth = self.values, self.field.depth
        if self.is_regular:
            outputs = self.only.outputs
            self.is_regular = not self.only.has_failed
            if depth == 0 or len(values) == 1:
                return [outputs] if depth else outputs
            answers = iter(outputs)
            return [[*islice(answers, len(value))] for value in values]
        for frame, indices in self.groups:
            for index, output in zip(indices, frame.outputs, strict=True):
                self.outputs[index] = output
        is_full = self.rows is not None and len(self.rows) == len(self.outputs)
        may_be_null = depth == 0 and not is_non_null_type(self.field.type)
        self.is_regular = (is_full or may_be_null) and not _has_exception([*values, *self.outputs])
        answers = iter(self.outputs)
        return [_refilled(depth, value, answers) for value in values]

    def paths(self, frame: Frame) -> list[Path]:
        """Find the places of the rows of a frame."""
        places = zip(self.frame.paths(), self.values, strict=True)
        name, depth = self.field.name, self.field.depth
        return self._of(frame, [place for path, value in places for _, place in _rows(depth, value, (*path, name))])

    def owners(self, frame: Frame) -> Sequence[int]:
        """Find the owners of the rows of a frame."""
        owners, depth = self.frame.owners(), self.field.depth
        if self.is_regular and depth == 0:
            return owners
        owned = zip(owners, self.values, strict=True)
        if self.is_regular:
            return [owner for owner, value in owned for _ in value]
        return self._of(frame, [owner for owner, value in owned for _ in _rows(depth, value, ())])

    def _of(self, frame: Frame, found: list[Any]) -> list[Any]:
        """Pick those of a frame, out of what was found for the rows of all frames below."""
        return next(([found[index] for index in indices] for each, indices in self.groups if each is frame), found)


def _has_exception(values: list[Any]) -> bool:
    return any(isinstance(value, Exception) for value in values)


def _rows(depth: int, value: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    """Give the rows in a value, and their places: all that is neither null nor an exception."""
    if value is None or isinstance(value, Exception):
        return
    if depth == 0:
        yield value, path
    elif is_iterable(value):
        for index, part in enumerate(value):
            yield from _rows(depth - 1, part, (*path, index))


def _refilled(depth: int, value: Any, answers: Iterator[Any]) -> Any:
    """Put answers where the rows were in a value."""
    if value is None or isinstance(value, Exception):
        return value
    if depth == 0:
        return next(answers)
    return [_refilled(depth - 1, part, answers) for part in value] if is_iterable(value) else value
