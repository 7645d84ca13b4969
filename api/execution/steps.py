"""Where the values of a whole level come from: bodies, batched reads, sealed columns, introspection."""

from collections.abc import Awaitable, Callable, Mapping
from types import CoroutineType
from typing import Any

from api.execution.coercion import Variables
from api.execution.frames import Frame, Waiting
from resolvers.sources import Fed

Given = Callable[[Variables], dict[str, Any]]


class Info:
    """What the body of a root field may ask of its request: the context, and nothing else."""

    __slots__ = ("context",)

    def __init__(self, context: Any) -> None:
        self.context = context


class Body:
    """The value of a root field: its body is called with the arguments, and awaited where it has to be."""

    def __init__(self, body: Callable[..., Any], given: Given, positional: int, info: str | None) -> None:
        self.body = body
        self.given = given
        self.positional = (None,) * positional
        self.info = info

    def start(self, frame: Frame, run: Any) -> None:
        try:
            keywords = self.given(run.variables)
            if self.info:
                keywords[self.info] = Info(run.context)
            value = self.body(*self.positional, **keywords)
        except Exception as error:  # noqa: BLE001 -- becomes the error of its field
            value = error
        if value.__class__ is CoroutineType or isinstance(value, Awaitable):
            value = run.wait_for(value)
        frame.started[self] = value

    def values(self, frame: Frame, run: Any) -> list[Any]:
        value = frame.started[self]
        return [value.outcome if value.__class__ is Waiting else value]


class Feeding:
    """The values of a field that one batched read feeds, for all rows of the level."""

    def __init__(self, fed: Fed, key: Callable[[Any], Any], given: Given) -> None:
        self.fed = fed
        self.key = key
        self.given = given

    def start(self, frame: Frame, run: Any) -> None:
        fed = self.fed
        keys = [self.key(row) for row in frame.rows]
        refusals: dict[Any, Exception] = {}
        arguments: tuple[Any, ...] = ()
        waiting = None
        try:
            if fed.arguments:
                arguments = fed.arguments(run.context, self.given(run.variables))
            wanted = dict.fromkeys(keys)
            if fed.check:
                refusals = self._refusals(wanted, arguments)
                wanted = dict.fromkeys(key for key in wanted if key not in refusals)
            if wanted:
                waiting = self._load(frame, run, [*wanted], arguments)
        except Exception as error:  # noqa: BLE001 -- becomes the error of its field, for each row
            refusals = dict.fromkeys(keys, error)
        frame.started[self] = keys, refusals, arguments, waiting

    def _refusals(self, keys: Mapping[Any, None], arguments: tuple[Any, ...]) -> dict[Any, Exception]:
        refusals = {}
        for key in keys:
            try:
                self.fed.check(key, *arguments)  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 -- becomes the error of the rows with this key
                refusals[key] = error
        return refusals

    def _load(self, frame: Frame, run: Any, keys: list[Any], arguments: tuple[Any, ...]) -> tuple[list[Any], Waiting]:
        asked = (self.fed.read, self.fed.key, self.fed.check, arguments)
        if asked not in frame.started:
            frame.started[asked] = keys, run.wait_for(run.context.load(self.fed.read, keys, arguments))
        return frame.started[asked]  # type: ignore[no-any-return]

    def values(self, frame: Frame, run: Any) -> list[Any]:
        keys, refusals, arguments, waiting = frame.started[self]
        found: Any = {}
        if waiting:
            asked, load = waiting
            if isinstance(load.outcome, Exception):
                found = dict.fromkeys(asked, load.outcome)
            elif len(asked) == len(keys) and not self.fed.wrap:
                return load.outcome  # type: ignore[no-any-return]
            else:
                found = dict(zip(asked, load.outcome, strict=True))
        values = []
        for key in keys:
            value = refusals[key] if key in refusals else found[key]
            if self.fed.wrap and not isinstance(value, Exception):
                try:
                    value = self.fed.wrap(value, key, *arguments)
                except Exception as error:  # noqa: BLE001 -- becomes the error of this row
                    value = error
            values.append(value)
        return values


class Making:
    """The values of a field made of columns, of which some are sealed, or whose values are rows themselves."""

    def __init__(self, names: tuple[str, ...], sealed: frozenset[str], make: Callable[..., Any] | None) -> None:
        self.names = names
        self.sealed = sealed
        self.make = make

    def start(self, frame: Frame, run: Any) -> None:
        pass

    def values(self, frame: Frame, run: Any) -> list[Any]:
        columns = [
            frame.open(name) if name in self.sealed else [getattr(row, name, AttributeError(name)) for row in frame.rows]
            for name in self.names
        ]
        if not self.make:
            return columns[0]
        return [self._made(parts) for parts in zip(*columns, strict=True)]

    def _made(self, parts: tuple[Any, ...]) -> Any:
        for part in parts:
            if isinstance(part, Exception):
                return part
        try:
            return self.make(*parts)  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 -- becomes the error of this row
            return error


class Asking:
    """The values of a field of introspection: its own resolver is asked, of the schema that the caller's role may see."""

    def __init__(self, resolve: Callable[..., Any], given: Given, info: Any) -> None:
        self.resolve = resolve
        self.given = given
        self.info = info

    def start(self, frame: Frame, run: Any) -> None:
        pass

    def values(self, frame: Frame, run: Any) -> list[Any]:
        try:
            keywords = self.given(run.variables)
            return [self.resolve(row, self.info, **keywords) for row in frame.rows]
        except Exception as error:  # noqa: BLE001 -- becomes the error of its field
            return [error] * len(frame.rows)
