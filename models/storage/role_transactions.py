"""Transactions that act as a role of their own, so that one pool serves the mutations of all groups.

A pool for each role would open a session whenever its budget is used up and the next mutation is of another group.
"""

from typing import Any, Final

import asyncpg
from asyncpg.transaction import Transaction

BEGIN: Final = "BEGIN;"
"""What asyncpg sends to begin a transaction."""


class RoleConnection(asyncpg.Connection):
    """A connection whose transactions may act as another role than its session."""

    next_role: str | None = None
    """The role of the transaction that is being begun."""

    def transaction_as(self, role: str) -> Transaction:
        """Return a transaction that acts as a role. PostgreSQL gets it in the message that begins the transaction.

        The session has its own role again when the transaction ends, whether it commits or not.
        """
        return RoleTransaction(self, role)

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 -- asyncpg's
        """Execute a command, or several without arguments."""
        if query == BEGIN and self.next_role:
            query = f"{BEGIN} SET LOCAL ROLE {self.next_role};"
        return await super().execute(query, *args, timeout=timeout)


class RoleTransaction(Transaction):
    """A transaction that acts as a role from its beginning to its end."""

    def __init__(self, connection: RoleConnection, role: str) -> None:
        super().__init__(connection, None, readonly=False, deferrable=False)
        self._owner = connection
        self._role = role

    async def start(self) -> None:
        """Begin the transaction."""
        self._owner.next_role = self._role
        try:
            await super().start()
        finally:
            self._owner.next_role = None
