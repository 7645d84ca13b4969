"""Column grants: which columns each database role reads, derived from the access policy and the declared reads.

A field names its batched read, a read declares its statements, and PostgreSQL reports which columns these read. Columns
that no field of a role shows are not read for it either. Functions take the GraphQL schema that the fields belong to.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import asyncpg
from graphql import GraphQLSchema
from strawberry.types.field import StrawberryField

from api.access.policy import ACCESS_POLICY, visible_types
from models.access import tokens
from models.access.database_roles import INTERNAL, INTERNAL_WRITER, READERS, WRITERS
from models.actors import Role
from models.encryption.encrypted_column import encrypted_columns
from models.encryption.keyring import SUBJECT_KEYS
from models.requests import searching
from models.storage.database import DatabaseRoles
from models.storage.statement import Statement, statements_of
from resolvers.field_sources import Batched, Column, Read, loaded_by, source_of
from resolvers.node import KINDS


class Relation(NamedTuple):
    """A column of a table."""

    table: str
    column: str


def _fields(role: Role, schema: GraphQLSchema) -> Iterator[StrawberryField]:
    """Yield the declarations of the fields that a role may read."""
    for coordinate, roles in ACCESS_POLICY.items():
        parent, _, name = coordinate.partition(".")
        if role in roles and parent != "Node":
            named: Any = schema.type_map[parent]
            yield named.fields[name].extensions["strawberry-definition"]


def reads_of(role: Role, schema: GraphQLSchema) -> set[Read]:
    """Return the batched reads behind the fields of a role. Mutations write as another database role."""
    visible = visible_types(role)
    reads = {kind.read for kind in KINDS.values() if kind.type_name in visible}
    for field in _fields(role, schema):
        source = source_of(field)
        if isinstance(source, Batched):
            reads.add(source.read)
        elif source is None and field.base_resolver:
            resolver: Any = field.base_resolver.wrapped_func
            reads.update(loaded_by(resolver))
    return reads


@cache
def statements_for(role: Role, schema: GraphQLSchema) -> frozenset[Statement]:
    """Return the statements that the reads behind a role's fields execute."""
    return frozenset(statement for read in reads_of(role, schema) for statement in statements_of(read))


@cache
def hidden_from(role: Role, schema: GraphQLSchema) -> frozenset[str]:
    """Return the restricted columns that none of the role's fields shows."""
    sources = [source_of(field) for field in _fields(role, schema)]
    shown = {name for source in sources if isinstance(source, Column) for name in source.names}
    restricted = {name for statement in statements_for(role, schema) for name in statement.restricted_columns}
    return frozenset(restricted - shown)


@cache
def decrypts(role: Role, schema: GraphQLSchema) -> bool:
    """Return whether any field of a role shows an encrypted column."""
    for field in _fields(role, schema):
        row = getattr(field.origin, "row", None)
        source = source_of(field)
        if row and isinstance(source, Column) and not encrypted_columns(row).keys().isdisjoint(source.names):
            return True
    return False


def database_roles(schema: GraphQLSchema) -> DatabaseRoles:
    """Return the database roles that the API acts as."""
    hidden = {name: hidden_from(role, schema) for role, name in READERS.items()}
    return DatabaseRoles(INTERNAL, INTERNAL_WRITER, hidden, WRITERS)


async def columns_of(connection: Any, sql: str) -> set[Relation]:
    """Return the columns that a statement reads, as PostgreSQL reports for the body of a function.

    The function is neither called nor kept.
    """
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


async def columns_read(connection: asyncpg.Connection, schema: GraphQLSchema) -> dict[str, set[Relation]]:
    """Return the columns of the privacy database that each reading role reads."""
    cached: dict[str, set[Relation]] = {}

    async def columns(sql: str) -> set[Relation]:
        if sql not in cached:
            cached[sql] = await columns_of(connection, sql)
        return cached[sql]

    by_role: dict[str, set[Relation]] = {}
    for role, name in READERS.items():
        by_role[name] = set()
        for statement in statements_for(role, schema):
            by_role[name] |= await columns(statement.sql_without(hidden_from(role, schema)))
    by_role[INTERNAL] = {Relation("alembic_version", "version_num")}
    for statement in (tokens.VALID, searching.COUNT_OVERDUE):
        by_role[INTERNAL] |= await columns(statement.sql)
    return by_role


async def keyring_columns_read(connection: asyncpg.Connection, schema: GraphQLSchema) -> dict[str, set[Relation]]:
    """Return the columns of the keyring database that each reading role reads: none, unless it decrypts."""
    keys = await columns_of(connection, SUBJECT_KEYS.select_keys.sql)
    return {name: keys if decrypts(role, schema) else set() for role, name in READERS.items()}
