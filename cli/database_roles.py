"""The roles and column privileges in PostgreSQL; every migration applies them from the access policy."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import asyncpg

from api.access.column_grants import Relation, columns_read, keyring_columns_read
from api.access.write_grants import columns_written_by, columns_written_by_the_previous_version
from api.graphql.schema import core
from api.settings import Settings, UnsafeSettingError
from migrations import HISTORIES, previous_version
from models.access.database_roles import ALL, WORKER, WRITER_OF_THE_PREVIOUS_VERSION
from models.access.write_groups import GROUPS, SERVICE

ROLES_LOCK: Final = 7235482
"""The key of the advisory lock that a session holds while it changes the roles and privileges of a database."""
MAX_ATTEMPTS: Final = 10
"""Attempts to create roles: migrations of other databases of the server may change the same role concurrently."""
DEFAULTED_COLUMNS: Final = {"access_events": ("written_in",)}
"""Columns of append-only tables that only their database default may fill."""

PRIVILEGES = """
SELECT r.rolname, c.relname, a.attname, p.privilege
FROM pg_roles AS r
CROSS JOIN pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE')) AS p (privilege)
WHERE r.rolname = ANY($1)
AND c.relnamespace = 'public'::regnamespace
AND c.relkind IN ('r', 'p', 'v', 'm')
AND has_column_privilege(r.oid, c.oid, a.attnum, p.privilege)
UNION ALL
SELECT r.rolname, c.relname, '', p.privilege
FROM pg_roles AS r
CROSS JOIN pg_class AS c
CROSS JOIN (VALUES ('DELETE'), ('TRUNCATE')) AS p (privilege)
WHERE r.rolname = ANY($1)
AND c.relnamespace = 'public'::regnamespace
AND c.relkind IN ('r', 'p', 'v', 'm')
AND has_table_privilege(r.oid, c.oid, p.privilege)
"""

# In PostgreSQL 16 or later, the creator of a role is its member, but without the right to SET ROLE.
_MEMBERSHIP_PRIVILEGE: Final = (
    "CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END"
)

Privilege = tuple[str, str, str, str]
"""A role, a table, a column (empty for a privilege on the whole table), and a privilege."""


def logins(settings: Settings) -> tuple[str, ...]:
    """Return the names of the logins that serve callers, as far as they are not the owners of the tables."""
    urls = {settings.database_url: settings.owner_url, settings.keyring_url: settings.keyring_owner_url}
    names = (_login(url.get_secret_value()) for url, owner in urls.items() if owner)
    return tuple(dict.fromkeys(name for name in names if name))


def _login(url: str) -> str:
    return unquote(urlsplit(url).username or "")


async def required_privileges(history: str, connection: asyncpg.Connection) -> set[Privilege]:
    """Return the privileges that all roles must have on the tables of a database."""
    read = {
        (role, relation.table, relation.column, "SELECT")
        for role, relations in (await read_columns(history, connection)).items()
        for relation in relations
    }
    readers = {role for role, *column, _ in read if column == ["subjects", "choices"]}
    kept = await previous_version.privileges(connection, readers) if history == "privacy" else set()
    return read | set(_write_privileges(history)) | kept


async def read_columns(history: str, connection: asyncpg.Connection) -> Mapping[str, Iterable[Relation]]:
    """Return the columns of a database that each reading role must SELECT."""
    return await (columns_read if history == "privacy" else keyring_columns_read)(connection, core)


def _write_privileges(history: str) -> Iterator[Privilege]:
    """Yield the privileges of mutations, of the service itself and of workers."""
    tables = HISTORIES[history].tables
    readable = [name for name, table in tables.items() if not table.info.get("is_sealer_only")]
    for group in (*GROUPS, SERVICE) if history == "privacy" else (SERVICE,):
        yield from ((group.role, *write) for write in columns_written_by(group) if write.table in tables)
        yield from _reads(group.role, history, readable)
    yield from _reads(WRITER_OF_THE_PREVIOUS_VERSION, history, readable)
    if history == "privacy":
        written = columns_written_by_the_previous_version()
        yield from ((WRITER_OF_THE_PREVIOUS_VERSION, *write) for write in written if write.table in tables)
    else:
        yield from _changes(WRITER_OF_THE_PREVIOUS_VERSION, history, readable)
    yield from _reads(WORKER, history, tables)
    yield from _changes(WORKER, history, tables)
    for name, table in tables.items():
        if not table.info.get("is_reference") and not _is_append_only(table):
            yield WORKER, name, "", "DELETE"


def _reads(role: str, history: str, names: Iterable[str]) -> Iterator[Privilege]:
    """Yield the privileges to SELECT all columns of these tables, and the revision of the database."""
    yield role, "alembic_version", "version_num", "SELECT"
    for name in names:
        yield from ((role, name, column.name, "SELECT") for column in HISTORIES[history].tables[name].columns)


def _changes(role: str, history: str, names: Iterable[str]) -> Iterator[Privilege]:
    """Yield the privileges to insert rows into these tables, and to update rows of those that are not append-only."""
    for name in names:
        table = HISTORIES[history].tables[name]
        if table.info.get("is_reference"):
            continue
        columns = [column.name for column in table.columns]
        yield from ((role, name, each, "INSERT") for each in columns if each not in DEFAULTED_COLUMNS.get(name, ()))
        if not _is_append_only(table):
            yield from ((role, name, each, "UPDATE") for each in columns)


def _is_append_only(table: Any) -> bool:
    return bool(table.info.get("is_append_only") or table.info.get("is_sealer_only"))


def role_statements(login_names: Iterable[str]) -> Iterator[str]:
    """Yield SQL that creates the roles and makes the logins their members; it needs CREATEROLE."""
    for role in ALL:
        yield _create_role(role, "NOLOGIN NOINHERIT")
    for login in login_names:
        yield _create_role(login, "LOGIN NOINHERIT")
    members = {_identifier(login): _literal(login) for login in login_names} | {"CURRENT_USER": "CURRENT_USER"}
    for member, name in members.items():
        for role in ALL:
            yield (
                f"DO $$ BEGIN IF NOT pg_has_role({name}, '{role}', {_MEMBERSHIP_PRIVILEGE}) "
                f"THEN GRANT {role} TO {member}; END IF; END $$"
            )


def _create_role(role: str, kind: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_literal(role)}) "
        f"THEN CREATE ROLE {_identifier(role)} {kind}; END IF; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def grant_statements(history: str, privileges: Iterable[Privilege]) -> Iterator[str]:
    """Yield SQL that grants the roles exactly these privileges; it needs the owner of the tables."""
    roles = ", ".join(ALL)
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {roles}"
    yield f"GRANT USAGE ON SCHEMA public TO {roles}"
    columns_by_grant: dict[tuple[str, str, str], list[str]] = {}
    for role, table, column, privilege in sorted(privileges):
        columns_by_grant.setdefault((role, table, privilege), []).extend([column] if column else [])
    for (role, table, privilege), columns in columns_by_grant.items():
        column_list = f" ({', '.join(_identifier(column) for column in columns)})" if columns else ""
        yield f"GRANT {privilege}{column_list} ON {_identifier(table)} TO {role}"
    if history == "privacy":
        yield f"GRANT EXECUTE ON FUNCTION access_event_months(date, integer), access_event_era() TO {WORKER}"
        yield f"GRANT EXECUTE ON FUNCTION forget_ended_claims(integer) TO {WORKER}"


async def apply(history: str, url: str, login_names: Iterable[str] = ()) -> None:
    """Create the roles and grant them the privileges of the access policy, under an advisory lock of the database.

    Raise UnsafeSettingError when the login of the URL may not create roles.
    """
    async with connected(url) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", ROLES_LOCK)
        for attempt in range(MAX_ATTEMPTS):
            try:
                async with connection.transaction():
                    for statement in role_statements(login_names):
                        await connection.execute(statement)
                break
            except asyncpg.InsufficientPrivilegeError:
                raise UnsafeSettingError(
                    "the login of PRIVACY_OWNER_URL (or PRIVACY_DATABASE_URL) may not create roles: "
                    "run the output of `privacy grants sql --login NAME` as a superuser, then migrate again"
                ) from None
            except (asyncpg.InternalServerError, asyncpg.UniqueViolationError):
                # A migration of another database of the server, which has locks of its own, changed the same role.
                if attempt + 1 == MAX_ATTEMPTS:
                    raise
                await asyncio.sleep(random.uniform(0.05, 0.2) * (attempt + 1))  # noqa: S311 -- jitter, no secret
        privileges = await required_privileges(history, connection)
        async with connection.transaction():
            for statement in grant_statements(history, privileges):
                await connection.execute(statement)


async def differences(history: str, url: str) -> list[str]:
    """Return a line for each privilege that a database grants against the access policy, or lacks."""
    async with connected(url) as connection:
        required = await required_privileges(history, connection)
        actual: set[Privilege] = {tuple(row) for row in await connection.fetch(PRIVILEGES, list(ALL))}
        missing = set(ALL) - {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    lines = [f"the role {role} is missing" for role in sorted(missing)]
    lines += [
        f"{role} may {privilege} {_column_name(table, column)}, and must not"
        for role, table, column, privilege in sorted(actual - required)
    ]
    lines += [
        f"{role} may not {privilege} {_column_name(table, column)}, and must"
        for role, table, column, privilege in sorted(required - actual)
    ]
    return lines


def _column_name(table: str, column: str) -> str:
    return f"{table}.{column}" if column else table


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection outside of any pool, with the login of the URL. A connection pooler refuses its setting."""
    connection = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
    try:
        yield connection
    finally:
        await connection.close()
