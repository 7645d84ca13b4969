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
        coerced, errors = self._coerced(variables or {})
        if errors:
            return Result(None, errors, executed=False)
        roots = self._variant(coerced)
        if isinstance(roots, GraphQLError):
            return Result(None, [roots], executed=True)
        return await Run(context, coerced).result(roots)

    def begin(self, context: Any, variables: Mapping[str, Any]) -> "Begun | None":
        """Ask for all that a query asks for, where that is the rows of one field; None for any other, not begun."""
        coerced, errors = self._coerced(variables)
        roots = () if errors else self._variant(coerced)
        if isinstance(roots, GraphQLError) or len(roots) != 1 or not roots[0].sole or not roots[0].sole[1].is_promised:
            return None
        return Run(context, coerced).begin(roots[0])

    def _coerced(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[GraphQLError]]:
        coerced: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        for variable in self.variables:
            try:
                variable.take(given, coerced)
            except Misfit as misfit:
                misfit.path.append(variable.name)
                errors.append(misfit.located(variable.node))
        return coerced, errors

    def _variant(self, variables: Mapping[str, Any]) -> Sequence[Level] | GraphQLError:
        choice = tuple([variables.get(name) for name in self.choosing])
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
        """Read wave after wave, then build the answer, from the last frame to the first."""
        if root.sole:
            if begun is None:
                begun = self.begin(root)
                if hasattr(begun.waiting.outcome, "__await__"):
                    await begun.waiting.arrive()
            answer = begun.answer()
            if answer is not None:
                return answer
        first = begun.first if begun else Frame(root, [None])
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


class Begun(NamedTuple):
    """A query that has asked for the rows of its only field, and for nothing else."""

    run: Run
    first: Frame
    waiting: Waiting
    """The outcome may be a promise still; whoever awaits it puts what comes of it in its place."""

    def answer(self) -> dict[str, Any] | None:
        """Give the answer, once the rows are there; None where there is more to it than these."""
        field, _ = self.first.level.sole  # type: ignore[misc]  # it has one
        answer = field.target.at_once(field.depth, self.waiting.outcome)
        return None if answer is None else {field.name: answer}

    async def rest(self) -> Result:
        """Do whatever more there is to the answer, once the rows are there."""
        return await self.run.result([self.first.level], self)


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
