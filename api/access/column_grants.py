"""Which columns each role needs, worked out from the matrix: what its fields show, and what the reads behind them read.

Nothing is listed twice: a field names its read, a read names its statements, and PostgreSQL says which columns these
read. What a role's fields do not show of a person is not read for it either.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final, NamedTuple

import asyncpg
from strawberry.types.field import StrawberryField

from api.access.policy import ACCESS_POLICY, visible_types
from api.graphql.schema import core
from models.access import tokens
from models.access.database_roles import INTERNAL, READERS, WRITER
from models.actors import Role
from models.encryption.encrypted_column import encrypted_columns
from models.encryption.keyring import SUBJECT_KEYS
from models.storage.database import DatabaseRoles
from models.storage.statement import Statement
from resolvers.context import RequestContext
from resolvers.field_sources import Batched, Column, source_of
from resolvers.node import KINDS
from resolvers.pagination import PaginatedList

_OURS: Final = ("models.", "resolvers.")
_READING: Final = {"find": RequestContext.find}
"""The methods of a context through which bodies read what they do not name themselves."""


class Relation(NamedTuple):
    """A column of a table."""

    table: str
    column: str


def _fields(role: Role) -> Iterator[tuple[str, StrawberryField]]:
    """Give the fields that a role needs, each with its declaration."""
    for coordinate, roles in ACCESS_POLICY.items():
        parent, _, name = coordinate.partition(".")
        if role in roles and parent != "Node":
            named: Any = core.type_map[parent]
            yield coordinate, named.fields[name].extensions["strawberry-definition"]


@cache
def statements_of(role: Role) -> frozenset[Statement]:
    """Give the statements that the reads behind a role's fields run."""
    found: set[Statement] = set()
    seen: set[int] = set()
    visible = visible_types(role)
    for kind in KINDS.values():
        if kind.type_name in visible:
            _collect(kind.read, found, seen)
    for coordinate, field in _fields(role):
        source = source_of(field)
        if isinstance(source, Batched):
            _collect(source.read, found, seen)
        elif source is None and coordinate != "Query.node" and field.base_resolver:
            _collect(field.base_resolver.wrapped_func, found, seen)
    return frozenset(found)


def _collect(part: Any, found: set[Statement], seen: set[int]) -> None:
    """Walk from a read, or from the body of a root field, to the statements that it names. Deeds are the writer's."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, Statement):
        found.add(part)
    elif isinstance(part, PaginatedList | Batched):
        _collect(part.read, found, seen)
    elif isinstance(part, Mapping):
        _each(part.values(), found, seen)
    elif isinstance(part, MethodType):
        _collect(part.__func__, found, seen)
    elif isinstance(part, FunctionType) and part.__module__.startswith(_OURS):
        first = part.__code__.co_varnames[:1]
        if first != ("unit",):
            _each(_named(part), found, seen)


def _each(parts: Iterable[Any], found: set[Statement], seen: set[int]) -> None:
    for part in parts:
        _collect(part, found, seen)


def _named(function: FunctionType) -> Iterator[Any]:
    """Give what the code of a function names, by itself and in our modules."""
    names = set(_names(function.__code__))
    for name in names:
        if name in _READING:
            yield _READING[name]
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            if value.__name__.startswith(_OURS):
                yield from (getattr(value, inner) for inner in names if hasattr(value, inner))
        elif value is not None:
            yield value


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


@cache
def hidden_from(role: Role) -> frozenset[str]:
    """Give the columns that come by need and that none of the role's fields shows."""
    shown = {
        name for _, field in _fields(role) if isinstance(source := source_of(field), Column) for name in source.names
    }
    return frozenset(
        name for statement in statements_of(role) for name in statement.restricted_columns if name not in shown
    )


@cache
def opens_seals(role: Role) -> bool:
    """Say whether any field of a role shows what is under a seal."""
    for _, field in _fields(role):
        row = getattr(field.origin, "row", None)
        source = source_of(field)
        if row and isinstance(source, Column) and not encrypted_columns(row).keys().isdisjoint(source.names):
            return True
    return False


def acting() -> DatabaseRoles:
    """Give the roles of PostgreSQL that the API acts as."""
    return DatabaseRoles(INTERNAL, WRITER, {name: hidden_from(role) for role, name in READERS.items()})


async def columns_of(connection: Any, sql: str) -> set[Relation]:
    """Ask PostgreSQL which columns a statement reads: as the body of a function that is never called or kept."""
    undo = connection.transaction()
    await undo.start()
    try:
        await connection.execute(f"PREPARE probe AS {sql}")
        types = await connection.fetchval(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'probe'"
        )
        await connection.execute(
            f"CREATE FUNCTION pg_temp.probe({', '.join(types)}) RETURNS SETOF record BEGIN ATOMIC {sql}; END"
        )
        rows = await connection.fetch(
            """
            SELECT c.relname, a.attname
            FROM pg_depend AS d
            JOIN pg_class AS c ON c.oid = d.refobjid
            JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_proc'::regclass
            AND d.refclassid = 'pg_class'::regclass
            AND d.objid = 'pg_temp.probe'::regproc
            AND d.refobjsubid > 0
            """
        )
    finally:
        await undo.rollback()
        await connection.execute("DEALLOCATE probe")
    return {Relation(row[0], row[1]) for row in rows}


async def needed(connection: asyncpg.Connection) -> dict[str, set[Relation]]:
    """Give the columns of the first database that each reading role needs."""
    known: dict[str, set[Relation]] = {}

    async def of(sql: str) -> set[Relation]:
        if sql not in known:
            known[sql] = await columns_of(connection, sql)
        return known[sql]

    wanted: dict[str, set[Relation]] = {}
    for role, name in READERS.items():
        wanted[name] = set()
        for statement in statements_of(role):
            wanted[name] |= await of(statement.sql_without(hidden_from(role)))
    wanted[INTERNAL] = await of(tokens.VALID.sql) | {Relation("alembic_version", "version_num")}
    return wanted


async def keys_needed(connection: asyncpg.Connection) -> dict[str, set[Relation]]:
    """Give the columns of the keyring that each reading role needs: none, unless it opens seals."""
    keys = await columns_of(connection, SUBJECT_KEYS.select_keys.sql)
    return {name: keys if opens_seals(role) else set() for role, name in READERS.items()}
