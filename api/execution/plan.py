"""Runs a compiled operation: variables, then wave after wave of reads, then the answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLError
from graphql.language import VariableDefinitionNode

from api.execution.coercion import Coerce, Literal, Misfit
from api.execution.frames import Frame
from api.execution.levels import Level
from api.execution.selection import Choice

VARIANTS = 16
"""How many variants of a plan are kept; past them, the one compiled first is compiled again when it is asked for."""


class Result(NamedTuple):
    """The answer to an operation; ``executed`` is false when it was refused before anything ran."""

    data: dict[str, Any] | None
    errors: list[GraphQLError]
    executed: bool


class Variable(NamedTuple):
    """One variable of an operation, compiled."""

    name: str
    coerce: Coerce
    default: Literal | None
    is_required: bool
    node: VariableDefinitionNode

    def take(self, given: Mapping[str, Any], variables: dict[str, Any]) -> None:
        """Put the coerced value among the variables; raises Misfit."""
        name = self.name
        if name in given:
            variables[name] = self.coerce(given[name])
        elif self.default:
            variables[name] = self.default({})
        elif self.is_required:
            raise Misfit


class Plan(NamedTuple):
    """A compiled operation. It may run any number of times, also at the same time, for callers of one role.

    A variant, for some values of the variables that choose, is the levels at the root, to be run one after the other,
    or the error that leaves none.
    """

    variables: Sequence[Variable]
    choosing: tuple[str, ...]
    variant_for: Callable[[Choice], Sequence[Level] | GraphQLError]
    variants: dict[tuple[Any, ...], Sequence[Level] | GraphQLError]

    async def run(self, context: Any, variables: Mapping[str, Any] | None) -> Result:
        """Run the operation for one request. Whatever is no Exception, such as a cancellation, passes through."""
        coerced: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        for variable in self.variables:
            try:
                variable.take(variables or {}, coerced)
            except Misfit as misfit:
                misfit.path.append(variable.name)
                errors.append(misfit.located(variable.node))
        if errors:
            return Result(None, errors, executed=False)
        roots = self._variant(tuple([coerced.get(name) for name in self.choosing]))
        if isinstance(roots, GraphQLError):
            return Result(None, [roots], executed=True)
        run = Run(context, coerced)
        answer: dict[str, Any] = {}
        for root in roots:
            output = await run.answer(root)
            if isinstance(output, GraphQLError):
                return Result(None, [*run.errors, output], executed=True)
            answer |= output
        return Result(answer, run.errors, executed=True)

    def _variant(self, choice: tuple[Any, ...]) -> Sequence[Level] | GraphQLError:
        if choice not in self.variants:
            if len(self.variants) >= VARIANTS:
                del self.variants[next(iter(self.variants))]
            self.variants[choice] = self.variant_for(dict(zip(self.choosing, choice, strict=True)))
        return self.variants[choice]


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

    def enter(self, frame: Frame) -> Frame:
        """Put a frame into the next wave, if it has anything to do there."""
        (self._ready if frame.level.is_ready else self._entered).append(frame)
        return frame

    async def answer(self, root: Level) -> Any:
        """Read wave after wave, then build the answer, from the last frame to the first."""
        first = Frame(root, [None])
        if root.sole:
            field, body = root.sole
            waiting = body.start(first, self)
            if self._waiting:
                self._waiting.clear()
                await waiting.arrive()
            answer = field.target.at_once(field.depth, waiting.outcome)
            if answer is not None:
                return {field.name: answer}
        self.enter(first)
        frames: list[Frame] = []
        while wave := self._entered:
            self._entered = []
            for frame in wave:
                frame.start(self)
            if self._waiting:
                waiting, self._waiting = self._waiting, []
                await (waiting[0].arrive() if len(waiting) == 1 else _all(waiting))
            for frame in wave:
                frame.spread(self)
            frames += wave
        for frame in (*self._ready, *reversed(frames)):
            frame.finish(self.errors)
        self._ready = []
        return first.outputs[0]


async def _all(waiting: Sequence[Waiting]) -> None:
    """Wait for all of these at the same time; a cancellation waits until each has ended."""
    futures = [asyncio.ensure_future(each.outcome) for each in waiting]
    try:
        for each, future in zip(waiting, futures, strict=True):
            each.outcome = future
            await each.arrive()
    except BaseException:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
        raise
