"""Runs a compiled operation: variables, then wave after wave of reads, then the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLError, VariableDefinitionNode

from api.execution.coercion import Coerce, Literal, Misfit
from api.execution.frames import Frame, Waiting
from api.execution.levels import Level

VARIANTS = 16
"""How many variants of a plan are kept; a document with more boolean variables than that many answers is compiled again."""


class Result(NamedTuple):
    """The answer to an operation; ``executed`` is false when it was refused before anything ran."""

    data: dict[str, Any] | None
    errors: list[GraphQLError]
    executed: bool


class Variable(NamedTuple):
    """One variable of an operation, compiled."""

    name: str
    coerce: Coerce
    is_required: bool
    default: Literal | None
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


class Variant(NamedTuple):
    """The root of one variant of a plan: the levels to run one after the other, or the error that no field survives."""

    roots: Sequence[Level]
    error: GraphQLError | None = None


class Plan:
    """A compiled operation. It may be run any number of times, at the same time, for any caller of the role it was compiled for."""

    def __init__(
        self,
        variables: Sequence[Variable],
        choosing: tuple[str, ...],
        variant: Callable[[Mapping[str, bool | None]], Variant],
    ) -> None:
        self._variables = variables
        self._choosing = choosing
        self._compile = variant
        self._variants: dict[tuple[Any, ...], Variant] = {}

    async def run(self, context: Any, variables: Mapping[str, Any] | None) -> Result:
        """Run the operation for one request. Whatever is no Exception, such as a cancellation, passes through."""
        coerced: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        given = variables or {}
        for variable in self._variables:
            try:
                variable.take(given, coerced)
            except Misfit as misfit:
                errors.append(misfit.below(variable.name).located(variable.node))
        if errors:
            return Result(None, errors, executed=False)
        variant = self._variant(tuple([coerced.get(name) for name in self._choosing]))
        if variant.error:
            return Result(None, [variant.error], executed=True)
        run = Run(context, coerced)
        answer: dict[str, Any] = {}
        for root in variant.roots:
            output = await run.answer(root)
            if isinstance(output, GraphQLError):
                run.errors.append(output)
                return Result(None, run.errors, executed=True)
            answer = {**answer, **output} if answer else output
        return Result(answer, run.errors, executed=True)

    def _variant(self, choice: tuple[Any, ...]) -> Variant:
        variant = self._variants.get(choice)
        if variant is None:
            if len(self._variants) >= VARIANTS:
                del self._variants[next(iter(self._variants))]
            variant = self._compile(dict(zip(self._choosing, choice, strict=True)))
            self._variants[choice] = variant
        return variant


class Run:
    """One run of a plan: what it waits for, the frames at work, and the errors found."""

    __slots__ = ("context", "entered", "errors", "variables", "waiting")

    def __init__(self, context: Any, variables: dict[str, Any]) -> None:
        self.context = context
        self.variables = variables
        self.errors: list[GraphQLError] = []
        self.waiting: list[Waiting] = []
        self.entered: list[Frame] = []

    def wait_for(self, awaitable: Awaitable[Any]) -> Waiting:
        """Have this awaited with all else that the wave waits for."""
        waiting = Waiting(awaitable)
        self.waiting.append(waiting)
        return waiting

    def enter(self, frame: Frame) -> Frame:
        """Put a frame into the next wave."""
        self.entered.append(frame)
        return frame

    async def answer(self, root: Level) -> Any:
        """Read level after level, then build the answer from the last frame to the first."""
        first = self.enter(Frame(root, [None]))
        frames: list[Frame] = []
        while wave := self.entered:
            self.entered = []
            for frame in wave:
                frame.start(self)
            if self.waiting:
                waiting, self.waiting = self.waiting, []
                await all_of(waiting)
            for frame in wave:
                frame.spread(self)
            frames += wave
        for frame in reversed(frames):
            frame.finish(self.errors)
        return first.outputs[0]


async def all_of(waiting: Sequence[Waiting]) -> None:
    """Await all of these at the same time; what they raise is their outcome. Costs no task where there is only one."""
    if len(waiting) == 1:
        try:
            waiting[0].outcome = await waiting[0].awaitable
        except Exception as error:  # noqa: BLE001 -- becomes the error of all that it feeds
            waiting[0].outcome = error
        return
    futures = [asyncio.ensure_future(each.awaitable) for each in waiting]
    try:
        for each, future in zip(waiting, futures, strict=True):
            try:
                each.outcome = await future
            except Exception as error:  # noqa: BLE001 -- as above
                each.outcome = error
    except BaseException:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
        raise
