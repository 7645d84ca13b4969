"""Runs a plan: wave after wave of reads, then the answer; for one request, or for several that go on together."""

from asyncio import Future, ensure_future, gather
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLError, is_non_null_type

from api.graphql.execution.row_batch import Frame
from api.graphql.execution.selection import Level


class Result(NamedTuple):
    """The answer to an operation; ``executed`` is false when it was refused before anything ran."""

    data: dict[str, Any] | None
    errors: list[GraphQLError]
    executed: bool


class Apart(Exception):  # noqa: N818 -- no error: it asks for another road
    """Requests that go on together would have to be read for with arguments, which each has of its own."""


class Waiting:
    """Something asked for; its outcome is what it gives, or the exception that it raises."""

    __slots__ = ("outcome",)

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    async def arrive(self) -> None:
        """Wait for it."""
        try:
            self.outcome = await self.outcome
        except Exception as error:  # noqa: BLE001 -- becomes the error of all that it feeds
            self.outcome = error


class Run:
    """One run of a plan: what the next wave waits for, the frames in it, and the errors found."""

    __slots__ = ("_entered", "_ready", "_waiting", "context", "errors", "variables")

    def __init__(self, context: Any, variables: Mapping[str, Any]) -> None:
        self.context = context
        self.variables = variables
        self.errors: list[GraphQLError] = []
        self._waiting: list[Waiting] = []
        self._entered: list[Frame] = []
        self._ready: list[Frame] = []

    def wait_for(self, outcome: Any) -> Waiting:
        """Have a value, awaited where it has to be, with all else that the wave waits for."""
        waiting = Waiting(outcome)
        if hasattr(outcome, "__await__"):
            self._waiting.append(waiting)
        return waiting

    def record_read(self, frame: Frame) -> None:
        """Say that the personal fields of these rows are read."""
        self.context.record_read([row.subject_id for row in frame.rows], frame.level.personal)

    def enter(self, frame: Frame) -> Frame:
        """Put a frame into the next wave, if it has anything to do there."""
        (self._ready if frame.level.is_ready else self._entered).append(frame)
        return frame

    def start(self, wave: Sequence[Frame]) -> None:
        """Ask for all that the frames of a wave wait for."""
        for frame in wave:
            frame.start(self)

    async def result(self, roots: Sequence[Level], begun: "Begun | None" = None) -> Result:
        """Give the answers of levels at the root, one after the other; the first of them may have begun."""
        answer: dict[str, Any] = {}
        for root in roots:
            output = await self._answer(root, begun)
            if isinstance(output, GraphQLError):
                return Result(None, [*self.errors, output], executed=True)
            answer |= output
            begun = None
        return Result(answer, self.errors, executed=True)

    def begin(self, root: Level) -> "Begun":
        """Ask for the rows of the only field at the root."""
        first = Frame(root, [None])
        begun = Begun(self, first, root.sole[1].start(first, self))  # type: ignore[index]  # there is one
        self._waiting.clear()
        return begun

    async def _answer(self, root: Level, begun: "Begun | None") -> Any:
        if root.sole and begun is None:
            begun = self.begin(root)
            if hasattr(begun.waiting.outcome, "__await__"):
                await begun.waiting.arrive()
        if begun is None:
            return (await self.answers(self.enter(Frame(root, [None]))))[0]
        answer = begun.answer()
        return (await self.answers(begun.first, begun=True))[0] if answer is None else answer

    async def answers(self, first: Frame, *, begun: bool = False) -> list[Any]:
        """Read all that the answers are made of, then build them."""
        return self.built(await self.read(first, begun=begun))

    async def read(self, first: Frame, *, begun: bool = False) -> list[Frame]:
        """Read wave after wave; give the frames of all of them in the order in which to build their answers."""
        frames: list[Frame] = []
        if begun:
            first.spread(self)
            frames.append(first)
        while wave := self._entered:
            self._entered = []
            self.start(wave)
            if self._waiting:
                waiting, self._waiting = self._waiting, []
                await (waiting[0].arrive() if len(waiting) == 1 else _all(waiting))
            for frame in wave:
                frame.spread(self)
            frames += wave
        ready, self._ready = self._ready, []
        return [*ready, *reversed(frames)]

    def built(self, frames: Sequence[Frame]) -> list[Any]:
        """Build the answers of all frames; give those of the last one."""
        for frame in frames:
            frame.finish(self.errors)
        return frames[-1].outputs


class Begun(NamedTuple):
    """A query that has asked for the rows of its only field, and for nothing else."""

    run: Run
    first: Frame
    waiting: Waiting
    """The outcome may be a promise still; whoever awaits it puts what comes of it in its place."""

    def answer(self) -> dict[str, Any] | None:
        """Give the answer, once the rows are there; None where there is more to it than these."""
        field, _ = self.first.level.sole  # type: ignore[misc]  # it has one
        rows = self.waiting.outcome
        answer = field.target.at_once(field.depth, rows)
        if answer is not None:
            return {field.name: answer}
        is_nothing = rows is None and not is_non_null_type(field.type)
        return {field.name: rows} if is_nothing or (field.depth == 1 and rows == []) else None

    async def rest(self) -> Result:
        """Do whatever more there is to the answer, once the rows are there."""
        return await self.run.result([self.first.level], self)


class Together(Run):
    """One run for several requests for one operation, whose rows are there; ``context`` reads for all of them.

    The context of each is told what of its own rows is read, as if it went alone.
    """

    __slots__ = ("_asked", "_first", "_frames", "_looks", "_owners")

    def __init__(self, begun: Sequence[Begun], context: Any) -> None:
        super().__init__(context, {})
        level = begun[0].first.level
        assert level.sole  # noqa: S101 -- they have begun
        self._owners = [each.run.context for each in begun]
        self._asked: list[Waiting] = []
        self._looks: dict[tuple[int, Any], list[tuple[str, ...]]] = {}
        self._first = Frame(level, [None] * len(begun))
        self._first.started[id(level.sole[1])] = [each.waiting for each in begun]

    async def go(self) -> bool:
        """Read all that the answers are made of; False where each has to do that for itself, or a read failed."""
        try:
            self._frames = await self.read(self._first, begun=True)
        except Apart:
            self._first.level.is_alone = True
            return False
        if any(isinstance(each.outcome, Exception) for each in self._asked):
            return False
        for (owner, subject_id), coordinates in self._looks.items():
            self._owners[owner].record_read((subject_id,), *coordinates)
        return True

    def wait_for(self, outcome: Any) -> Waiting:
        waiting = super().wait_for(outcome)
        self._asked.append(waiting)
        return waiting

    def regular(self) -> list[dict[str, Any]] | None:
        """Give the answers; None where there is more to one of them than a regular answer.

        Then each has to do the rest for itself.
        """
        answers = self.built(self._frames)
        return answers if not self.errors and {*map(type, answers)} == {dict} else None

    def start(self, wave: Sequence[Frame]) -> None:
        if any(frame.level.takes_arguments for frame in wave):
            raise Apart
        super().start(wave)

    def record_read(self, frame: Frame) -> None:
        people = [row.subject_id for row in frame.rows]
        for look in dict.fromkeys(zip(frame.owners(), people, strict=True)):
            self._looks.setdefault(look, []).append(frame.level.personal)


async def _all(waiting: Sequence[Waiting]) -> None:
    """Wait for all of these at the same time; a cancellation waits until each has ended."""
    # A reader's promises are futures already; for those this is shorter than asking asyncio.
    promises = [each.outcome if isinstance(each.outcome, Future) else ensure_future(each.outcome) for each in waiting]
    for each, promise in zip(waiting, promises, strict=True):
        each.outcome = promise
    try:
        for each in waiting:
            await each.arrive()
    except BaseException:
        for promise in promises:
            promise.cancel()
        await gather(*promises, return_exceptions=True)
        raise
