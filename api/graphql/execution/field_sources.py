"""Where the values of a whole level come from: bodies, batched reads, columns, introspection."""

from collections.abc import Callable
from typing import Any, NamedTuple

from api.graphql.coercion import Keywords
from api.graphql.execution.completion import attempt
from api.graphql.execution.row_batch import Frame
from resolvers.field_sources import Batched


class Info(NamedTuple):
    """What the body of a root field may ask of its request: the context, and nothing else."""

    context: Any


class Body(NamedTuple):
    """The value of a root field: its body is called with the arguments, and awaited where it has to be."""

    body: Callable[..., Any]
    positional: tuple[None, ...]
    info: str | None
    given: Keywords
    is_promised: bool
    """Whether it gives its rows, or a promise of them, without running anything first."""

    def start(self, frame: Frame, run: Any) -> Any:
        """Call the body for each request of the frame, which is one: what goes on together has begun apart."""
        waiting = run.wait_for(attempt(self._call, run))
        frame.started[id(self)] = [waiting]
        return waiting

    def _call(self, run: Any) -> Any:
        keywords = self.given(run.variables)
        if self.info:
            keywords[self.info] = Info(run.context)
        return self.body(*self.positional, **keywords)

    def values(self, frame: Frame, _: Any) -> list[Any]:
        return [waiting.outcome for waiting in frame.started[id(self)]]


class Feeding(NamedTuple):
    """The values of a field that one batched read feeds, for all rows of the level."""

    fed: Batched
    key: Callable[[Any], Any]
    given: Keywords

    def start(self, frame: Frame, run: Any) -> None:
        fed = self.fed
        keys = [*map(self.key, frame.rows)]
        arguments = attempt(self._arguments, run) if fed.arguments else ()
        if isinstance(arguments, Exception):
            frame.started[id(self)] = keys, dict.fromkeys(keys, arguments), (), (), None
            return
        allowed, refusals = keys if len(keys) == 1 else [*dict.fromkeys(keys)], {}
        if fed.check:
            refusals = {key: attempt(fed.check, key, *arguments) for key in allowed}
            allowed = [key for key, refusal in refusals.items() if refusal is None]
        shared = fed.read, fed.key, fed.check, arguments
        load = frame.started.get(shared)
        if allowed and load is None:
            load = frame.started[shared] = run.wait_for(attempt(run.context.load, fed.read, allowed, arguments))
        frame.started[id(self)] = keys, refusals, allowed, arguments, load

    def _arguments(self, run: Any) -> Any:
        return self.fed.arguments(run.context, self.given(run.variables))  # type: ignore[misc]  # asked before

    def values(self, frame: Frame, _: Any) -> list[Any]:
        keys, found, allowed, arguments, load = frame.started[id(self)]
        if load and isinstance(load.outcome, Exception):
            found |= dict.fromkeys(allowed, load.outcome)
        elif load:
            if len(load.outcome) == len(keys) and not self.fed.wrap:
                return load.outcome
            for key, value in zip(allowed, load.outcome, strict=True):
                found[key] = attempt(self.fed.wrap, value, key, *arguments) if self.fed.wrap else value
        return [found[key] for key in keys]


class Taking(NamedTuple):
    """The values of a field that are rows themselves, in columns of the parent's row."""

    get: Callable[[Any, Any], Any]

    def start(self, frame: Frame, run: Any) -> None:
        pass

    def values(self, frame: Frame, _: Any) -> list[Any]:
        return [attempt(self.get, row, None) for row in frame.rows]


class Introspecting(NamedTuple):
    """The values of a field of introspection: its own resolver answers, from the schema that the role may see."""

    resolve: Callable[..., Any]
    info: Any
    given: Keywords

    def start(self, frame: Frame, run: Any) -> None:
        pass

    def values(self, frame: Frame, run: Any) -> list[Any]:
        values = attempt(lambda: [self.resolve(row, self.info, **self.given(run.variables)) for row in frame.rows])
        return [values] * len(frame.rows) if isinstance(values, Exception) else values
