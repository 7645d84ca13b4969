"""Approval of tokens: a token with a role of people works once a privacy officer other than its issuer approves it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from models.actors import STAFF_ROLES
from models.errors import Forbidden, NotFound, StateConflict
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

LOCK_TOKEN = Statement("""
SELECT issued_by, issued_by_identity, approved_at,
    revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp()) AS is_living
FROM tokens
WHERE id = :id
FOR UPDATE
""")

APPROVE = Statement("""
UPDATE tokens
SET approved_by = :actor, approved_at = clock_timestamp()
WHERE id = :id
""")


def is_approved(roles: Sequence[str], approved_at: datetime | None) -> bool:
    """Return whether a token works: one with a role of people needs an approval."""
    return approved_at is not None or STAFF_ROLES.isdisjoint(roles)


async def approve_token(unit: UnitOfWork, token_id: UUID) -> UUID:
    """Approve a token with a role of people, which works from now on. Repeating it changes nothing.

    Raise FORBIDDEN for the actor who issued the token, and STATE_CONFLICT when it is revoked or expired.
    """
    row = await LOCK_TOKEN.row(unit.connection, id=token_id)
    if row is None:
        raise NotFound(argument="id")
    if unit.actor.is_same_as(row["issued_by"], row["issued_by_identity"]):
        raise Forbidden(argument="id", access=[])
    if not row["is_living"]:
        raise StateConflict(argument="id")
    if row["approved_at"] is None:
        await APPROVE.run(unit.connection, id=token_id, actor=unit.actor.name)
    return token_id
