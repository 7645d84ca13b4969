"""The second lock: PostgreSQL's own roles, and what each may do, made from the matrix by every migration."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import asyncpg

from api.access.column_grants import Relation, keys_needed, needed
from api.settings import Settings, UnsafeSettingError
from migrations import HISTORIES
from models.access.database_roles import ALL, WORKER, WRITER

TRIES: Final = 5
"""Roles belong to all databases of a server: two migrations of two of them may meet."""
SHIELDED: Final = {"access_events": ("written_in",)}
"""Columns of tables that are only added to which the database alone fills."""

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

# From PostgreSQL 16 on, who makes a role is its member, and may still not act as it.
_ACTS: Final = "CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END"

Privilege = tuple[str, str, str, str]
"""A role, a table, a column (empty for what is given on whole tables), and what may be done."""


def logins(settings: Settings) -> tuple[str, ...]:
    """Name who logs in to serve callers, where that is not the owner."""
    urls = {settings.database_url: settings.owner_url, settings.keyring_url: settings.keyring_owner_url}
    named = (_login(url.get_secret_value()) for url, owner in urls.items() if owner)
    return tuple(dict.fromkeys(name for name in named if name))


def _login(url: str) -> str:
    return unquote(urlsplit(url).username or "")


async def wanted(history: str, connection: asyncpg.Connection) -> set[Privilege]:
    """Give all that the roles shall be allowed on the tables of a database."""
    read = {
        (role, relation.table, relation.column, "SELECT")
        for role, relations in (await reads(history, connection)).items()
        for relation in relations
    }
    return read | set(_written(history))


async def reads(history: str, connection: asyncpg.Connection) -> Mapping[str, Iterable[Relation]]:
    """Give the columns of a database that each reading role needs."""
    return await (needed(connection) if history == "privacy" else keys_needed(connection))


def _written(history: str) -> Iterator[Privilege]:
    """Give what deeds and workers may do: keys are destroyed, and the record is sealed, by workers alone."""
    for name, table in HISTORIES[history].tables.items():
        columns = [column.name for column in table.columns]
        for role in (WRITER, WORKER):
            if table.info.get("is_sealer_only") and role is WRITER:
                continue
            for column in columns:
                yield role, name, column, "SELECT"
                if table.info.get("is_reference"):
                    continue
                if column not in SHIELDED.get(name, ()):
                    yield role, name, column, "INSERT"
                if not _is_append_only(table):
                    yield role, name, column, "UPDATE"
            is_deleted = not (table.info.get("is_reference") or _is_append_only(table))
            if is_deleted and (history == "privacy" or role is WORKER):
                yield role, name, "", "DELETE"
    for role in (WRITER, WORKER):
        yield role, "alembic_version", "version_num", "SELECT"


def _is_append_only(table: Any) -> bool:
    return bool(table.info.get("is_append_only") or table.info.get("is_sealer_only"))


def creating(login_names: Iterable[str]) -> Iterator[str]:
    """Give the SQL that makes the roles, and lets who logs in act as them. Its runner needs CREATEROLE."""
    for role in ALL:
        yield _made(role, "NOLOGIN NOINHERIT")
    for login in login_names:
        yield _made(login, "LOGIN NOINHERIT")
    members = {_quoted(login): _text(login) for login in login_names} | {"CURRENT_USER": "CURRENT_USER"}
    for member, name in members.items():
        for role in ALL:
            yield (
                f"DO $$ BEGIN IF NOT pg_has_role({name}, '{role}', {_ACTS}) "
                f"THEN GRANT {role} TO {member}; END IF; END $$"
            )


def _made(role: str, kind: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_text(role)}) "
        f"THEN CREATE ROLE {_quoted(role)} {kind}; END IF; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def granting(history: str, privileges: Iterable[Privilege]) -> Iterator[str]:
    """Give the SQL that leaves the roles exactly these privileges. Its runner owns the tables."""
    roles = ", ".join(ALL)
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {roles}"
    yield f"GRANT USAGE ON SCHEMA public TO {roles}"
    given: dict[tuple[str, str, str], list[str]] = {}
    for role, table, column, privilege in sorted(privileges):
        given.setdefault((role, table, privilege), []).extend([column] if column else [])
    for (role, table, privilege), columns in given.items():
        named = f" ({', '.join(_quoted(column) for column in columns)})" if columns else ""
        yield f"GRANT {privilege}{named} ON {_quoted(table)} TO {role}"
    if history == "privacy":
        yield f"GRANT EXECUTE ON FUNCTION access_event_months(date, integer), access_event_era() TO {WORKER}"
        yield f"GRANT EXECUTE ON FUNCTION forget_ended_claims(integer) TO {WORKER}"


async def apply(history: str, url: str, login_names: Iterable[str] = ()) -> None:
    """Make the roles and give them exactly what the matrix wants; UnsafeSettingError when the login may not."""
    async with connected(url) as connection:
        for attempt in range(TRIES):
            try:
                async with connection.transaction():
                    for statement in creating(login_names):
                        await connection.execute(statement)
                break
            except asyncpg.InsufficientPrivilegeError:
                raise UnsafeSettingError(
                    "the login of PRIVACY_OWNER_URL (or PRIVACY_DATABASE_URL) may not make roles: "
                    "run what `privacy grants sql --login NAME` prints as a superuser once, then migrate again"
                ) from None
            except asyncpg.InternalServerError:  # another database's migration changed the same role
                if attempt + 1 == TRIES:
                    raise
                await asyncio.sleep(0.1 * (attempt + 1))
        privileges = await wanted(history, connection)
        async with connection.transaction():
            for statement in granting(history, privileges):
                await connection.execute(statement)


async def differences(history: str, url: str) -> list[str]:
    """Say what the roles of a live database may do that the matrix does not want, and the other way round."""
    async with connected(url) as connection:
        wants = await wanted(history, connection)
        has: set[Privilege] = {tuple(row) for row in await connection.fetch(PRIVILEGES, list(ALL))}
        missing = set(ALL) - {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    lines = [f"the role {role} is missing" for role in sorted(missing)]
    lines += [
        f"{role} may {what} {_place(table, column)}, and must not" for role, table, column, what in sorted(has - wants)
    ]
    lines += [
        f"{role} may not {what} {_place(table, column)}, and must" for role, table, column, what in sorted(wants - has)
    ]
    return lines


def _place(table: str, column: str) -> str:
    return f"{table}.{column}" if column else table


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Give a connection of one's own, as the login of the address."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
