"""SQL statements: compiled once by SQLAlchemy, run by asyncpg with named values; results of batched reads by key."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import asyncpg
import sqlalchemy
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from models.storage import tracing

Connection = asyncpg.pool.PoolConnectionProxy

_NO_COLUMNS: frozenset[str] = frozenset()

_DIALECT = PGDialect_asyncpg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

_Key = TypeVar("_Key")

_Value = TypeVar("_Value")

_Function = TypeVar("_Function", bound=Callable[..., object])


class Statement:
    """One SQL statement, compiled once, whose parameters are passed by name.

    ``restricted_columns`` names columns of the SELECT list. A connection whose role may not read one gets NULL for it.
    """

    def __init__(self, sql: str | sqlalchemy.Executable, *, restricted_columns: Iterable[str] = ()) -> None:
        clause: Any = sqlalchemy.text(sql) if isinstance(sql, str) else sql
        compiled = clause.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self.restricted_columns = frozenset(restricted_columns)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._sql_by_hidden: dict[frozenset[str], str] = {frozenset(): self.sql}

    def sql_without(self, hidden: frozenset[str]) -> str:
        """Return the SQL with NULL in the place of each restricted column that is hidden."""
        hidden &= self.restricted_columns
        if hidden not in self._sql_by_hidden:
            columns, origin, rest = self.sql.partition("\nFROM ")
            for name in hidden:
                columns, count = re.subn(rf"(?<![\w.])(\w+\.)?{name}\b", "NULL", columns)
                assert count == 1, name  # noqa: S101 -- a restricted column occurs once in the SELECT list
            self._sql_by_hidden[hidden] = columns + origin + rest
        return self._sql_by_hidden[hidden]

    def _sql_for(self, connection: Connection) -> str:
        if not self.restricted_columns:
            return self.sql
        return self.sql_without(getattr(connection, "hidden_columns", _NO_COLUMNS))

    def _arguments(self, values: dict[str, Any]) -> list[Any]:
        return [values[name] for name in self._names]

    async def rows(self, connection: Connection, **values: Any) -> list[asyncpg.Record]:
        """Return all rows."""
        with tracing.statement(self.sql, connection):
            rows: list[asyncpg.Record] = await connection.fetch(self._sql_for(connection), *self._arguments(values))
        return rows

    async def row(self, connection: Connection, **values: Any) -> asyncpg.Record | None:
        """Return the first row, or None."""
        with tracing.statement(self.sql, connection):
            return await connection.fetchrow(self._sql_for(connection), *self._arguments(values))

    async def value(self, connection: Connection, **values: Any) -> Any:
        """Return the first column of the first row, or None."""
        with tracing.statement(self.sql, connection):
            return await connection.fetchval(self.sql, *self._arguments(values))

    async def run(self, connection: Connection, **values: Any) -> int:
        """Run the statement and return the number of rows that it affected."""
        with tracing.statement(self.sql, connection):
            status: str = await connection.execute(self.sql, *self._arguments(values))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0


_DECLARED: dict[Callable[..., object], tuple[Statement, ...]] = {}


def reads(*statements: Statement) -> Callable[[_Function], _Function]:
    """Declare the statements that a batched read executes: the column grants of database roles follow from them."""

    def declare(function: _Function) -> _Function:
        _DECLARED[function] = statements
        return function

    return declare


def statements_of(read: Callable[..., object]) -> tuple[Statement, ...]:
    """Return the declared statements of a batched read; raise LookupError where none are declared."""
    if read not in _DECLARED:
        message = f"{read.__module__}.{read.__name__} declares no statements: decorate it with @reads(...)"
        raise LookupError(message)
    return _DECLARED[read]


class RowByKey(dict[_Key, _Value]):
    """The result of a batched read that finds at most one row for a key. A key without a row maps to None."""

    def __missing__(self, key: _Key) -> None:
        return None


class RowsByKey(dict[_Key, list[_Value]]):
    """The result of a batched read that finds several rows for a key. A key without rows maps to an empty list."""

    def __missing__(self, key: _Key) -> list[_Value]:
        return []

    def add(self, key: _Key, value: _Value) -> None:
        """Append a row to the list of its key."""
        group = self.get(key)
        if group is None:
            self[key] = [value]
        else:
            group.append(value)


def as_list(keys: Sequence[_Key]) -> list[_Key]:
    """Return the keys as a list, which asyncpg requires for an array."""
    return keys if isinstance(keys, list) else list(keys)
