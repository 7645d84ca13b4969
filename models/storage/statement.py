"""Statements: SQL compiled once, run by asyncpg with values given by name; results keyed for batched reads."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import asyncpg
import sqlalchemy
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

Connection = asyncpg.pool.PoolConnectionProxy

_NOTHING: frozenset[str] = frozenset()

_DIALECT = PGDialect_asyncpg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

_Key = TypeVar("_Key")

_Value = TypeVar("_Value")


class Statement:
    """One SQL statement, compiled once by SQLAlchemy and run by asyncpg with values given by name.

    ``by_need`` names columns of its list that come as NULL on the connections of roles that do not need them.
    """

    def __init__(self, sql: str | sqlalchemy.Executable, *, by_need: Iterable[str] = ()) -> None:
        clause: Any = sqlalchemy.text(sql) if isinstance(sql, str) else sql
        compiled = clause.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self.by_need = frozenset(by_need)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._narrowed: dict[frozenset[str], str] = {frozenset(): self.sql}

    def without(self, hidden: frozenset[str]) -> str:
        """Give the statement with NULL in the place of those of these columns that come by need."""
        hidden &= self.by_need
        if hidden not in self._narrowed:
            columns, origin, rest = self.sql.partition("\nFROM ")
            for name in hidden:
                columns, count = re.subn(rf"(?<![\w.])(\w+\.)?{name}\b", "NULL", columns)
                assert count == 1, name  # noqa: S101 -- a column by need stands in the list once
            self._narrowed[hidden] = columns + origin + rest
        return self._narrowed[hidden]

    def _on(self, connection: Connection) -> str:
        return self.without(getattr(connection, "hides", _NOTHING)) if self.by_need else self.sql

    def _values(self, given: dict[str, Any]) -> list[Any]:
        return [given[name] for name in self._names]

    async def rows(self, connection: Connection, **given: Any) -> list[asyncpg.Record]:
        found: list[asyncpg.Record] = await connection.fetch(self._on(connection), *self._values(given))
        return found

    async def row(self, connection: Connection, **given: Any) -> asyncpg.Record | None:
        return await connection.fetchrow(self._on(connection), *self._values(given))

    async def value(self, connection: Connection, **given: Any) -> Any:
        return await connection.fetchval(self.sql, *self._values(given))

    async def run(self, connection: Connection, **given: Any) -> int:
        """Run it and give the number of rows that it touched."""
        status: str = await connection.execute(self.sql, *self._values(given))
        tail = status.rpartition(" ")[2]
        return int(tail) if tail.isdigit() else 0


class RowByKey(dict[_Key, _Value]):
    """What a batched read gives where a key names one row: None for a key that names none."""

    def __missing__(self, key: _Key) -> None:
        return None


class RowsByKey(dict[_Key, list[_Value]]):
    """What a batched read gives where a key names many rows: the empty list for a key that names none."""

    def __missing__(self, key: _Key) -> list[_Value]:
        return []

    def add(self, key: _Key, value: _Value) -> None:
        group = self.get(key)
        if group is None:
            self[key] = [value]
        else:
            group.append(value)


def as_list(keys: Sequence[_Key]) -> list[_Key]:
    """Give keys as asyncpg wants an array."""
    return keys if isinstance(keys, list) else list(keys)
