"""Where the values of a selection come from: resolvers of root fields, batched reads, columns, introspection."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from api.graphql.coercion import Keywords
from api.graphql.execution.completion import attempt
from api.graphql.execution.pending_value import PendingValue
from api.graphql.execution.selection import ExecutionContext, ParentRows, RootValues, RunningExecution
from resolvers.field_sources import Batched


class Info(NamedTuple):
    """What the resolver of a root field may use of its request."""

    context: ExecutionContext


class RootResolver(NamedTuple):
    """The value of a root field: its resolver is called with the arguments."""

    resolver: Callable[..., object]
    positional: tuple[None, ...]
    info: str | None
    keywords: Keywords
    returns_awaitable: bool

    def start(self, _batch: ParentRows, execution: RunningExecution) -> RootValues:
        """Call the resolver. A batch at the root has one row here: batched requests were started one by one."""
        return RootValues([execution.wait_for(self.call(execution))])

    def call(self, execution: RunningExecution) -> object:
        """Return what the resolver returns, or the exception that it raises."""
        try:
            keywords = self.keywords(execution.variables)
            if self.info:
                keywords[self.info] = Info(execution.context)
            return self.resolver(*self.positional, **keywords)
        except Exception as error:  # noqa: BLE001 -- becomes the error of its position
            return error


class BatchedSource(NamedTuple):
    """The values of a field that one batched read feeds, for all rows of the batch."""

    batched: Batched
    key_of: Callable[[Any], Hashable]
    keywords: Keywords

    def start(self, batch: ParentRows, execution: RunningExecution) -> "BatchedValues":
        batched = self.batched
        keys = [*map(self.key_of, batch.rows)]
        arguments: Any = attempt(self._arguments, execution) if batched.arguments else ()
        if isinstance(arguments, Exception):
            return BatchedValues(batched, keys, dict.fromkeys(keys, arguments), (), (), None)
        allowed = keys if len(keys) == 1 else [*dict.fromkeys(keys)]
        refusals: dict[Hashable, object] = {}
        if batched.check:
            refusals = {key: attempt(batched.check, key, *arguments) for key in allowed}
            allowed = [key for key, refusal in refusals.items() if refusal is None]
        shared = batched.read, batched.key, batched.check, arguments
        load = batch.loads.get(shared)
        if allowed and load is None:
            loading = attempt(execution.context.load, batched.read, allowed, arguments)
            load = batch.loads[shared] = execution.wait_for(loading)
        return BatchedValues(batched, keys, refusals, allowed, arguments, load)

    def _arguments(self, execution: RunningExecution) -> tuple[Hashable, ...]:
        assert self.batched.arguments  # noqa: S101 -- the caller has looked
        return self.batched.arguments(execution.context, self.keywords(execution.variables))


class BatchedValues(NamedTuple):
    """A batched read under way, with the keys it was not allowed to read."""

    batched: Batched
    keys: list[Hashable]
    refusals: dict[Hashable, object]
    allowed: Sequence[Hashable]
    arguments: tuple[Hashable, ...]
    load: PendingValue | None

    def values(self) -> Sequence[object]:
        batched, keys, by_key = self.batched, self.keys, self.refusals
        if self.load and isinstance(self.load.outcome, Exception):
            by_key |= dict.fromkeys(self.allowed, self.load.outcome)
        elif self.load:
            loaded: Any = self.load.outcome
            if len(loaded) == len(keys) and not batched.wrap:
                values: list[object] = loaded
                return values
            for key, value in zip(self.allowed, loaded, strict=True):
                by_key[key] = attempt(batched.wrap, value, key, *self.arguments) if batched.wrap else value
        return [by_key[key] for key in keys]


class ColumnSource(NamedTuple):
    """The values of a field that are rows themselves, in columns of the parent's row."""

    get: Callable[[Any, Any], object]

    def start(self, batch: ParentRows, _execution: RunningExecution) -> "ColumnValues":
        return ColumnValues(self.get, batch.rows)


class ColumnValues(NamedTuple):
    """A column of one batch."""

    get: Callable[[Any, Any], object]
    rows: Sequence[object]

    def values(self) -> Sequence[object]:
        return [attempt(self.get, row, None) for row in self.rows]


class IntrospectionSource(NamedTuple):
    """The values of an introspection field: graphql-core's own resolver reads the schema that the role may see."""

    resolve: Callable[..., object]
    info: NamedTuple
    keywords: Keywords

    def start(self, batch: ParentRows, execution: RunningExecution) -> "IntrospectionValues":
        return IntrospectionValues(self, batch.rows, execution.variables)


class IntrospectionValues(NamedTuple):
    """An introspection field of one batch."""

    source: IntrospectionSource
    rows: Sequence[object]
    variables: Mapping[str, Any]

    def values(self) -> Sequence[object]:
        source = self.source
        try:
            keywords = source.keywords(self.variables)
            return [source.resolve(row, source.info, **keywords) for row in self.rows]
        except Exception as error:  # noqa: BLE001 -- becomes the error of each of these positions
            return [error] * len(self.rows)
