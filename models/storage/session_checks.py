"""Checks that a session has the settings that it was opened with: a connection pooler may drop or share them.

PgBouncer refuses such settings, or drops them where `ignore_startup_parameters` names them. Sessions that it shares
between clients would act as the wrong role.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg

SESSION_SETTINGS = """
SELECT current_user = COALESCE($1, current_user)
    AND current_setting('default_transaction_read_only') = $2
    AND current_setting('idle_in_transaction_session_timeout') <> '0'
"""
"""Whether a session has the settings of a pool. A server has no idle timeout unless a session sets it."""

ACT_AS = """
SELECT set_config('role', roles.name, false)
FROM unnest($1::text[]) AS roles (name)
"""

MISSING_ROLES = """
SELECT count(*)
FROM unnest($1::text[]) AS roles (name)
LEFT JOIN pg_roles AS r ON r.rolname = roles.name
WHERE r.oid IS NULL
OR NOT pg_has_role(session_user, r.oid, 'MEMBER')
"""


async def has_roles(connection: Any, roles: Sequence[str]) -> bool:
    """Return whether the login may act as each role; a role that does not exist is none."""
    return not await connection.fetchval(MISSING_ROLES, roles)


async def require_roles(connection: Any, roles: Sequence[str]) -> None:
    """Act as each role in turn, and stay the last one. Raise the error of PostgreSQL for a role that is refused."""
    await connection.fetch(ACT_AS, roles)


async def require_settings(connection: Any, role: str | None, *, read_only: bool) -> None:
    """Raise an error of the protocol unless the session acts as its role, and as a reader or a writer."""
    if not await connection.fetchval(SESSION_SETTINGS, role, "on" if read_only else "off"):
        raise asyncpg.ProtocolViolationError("the settings of the session were dropped")
