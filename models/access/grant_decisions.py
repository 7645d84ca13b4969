"""Decisions on access grants: another actor approves or refuses one, and its own actor or an officer ends it."""

from uuid import UUID

from models.access.access_grants import AccessGrantRow, GrantState, state_of
from models.actors import Role
from models.audit.events import AccessAction
from models.errors import Forbidden, NotFound, StateConflict
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

LOCK_GRANT = Statement("""
SELECT id, subject_id, actor, case_reference, minutes, asked_at, decided_by, decided_at, expires_at, ended_at,
    actor_identity
FROM access_grants
WHERE id = :id
FOR UPDATE
""")

# Reads under the grant use the database's clock, too.
DECIDE = Statement("""
UPDATE access_grants
SET decided_by = :actor,
    decided_by_identity = :identity,
    decided_at = now.at,
    expires_at = CASE WHEN :opens THEN now.at + make_interval(mins => minutes) END
FROM (SELECT clock_timestamp()) AS now (at)
WHERE subject_id = :subject_id
AND id = :id
""")


# An open grant expires when it is ended, so that reads under it need no other condition.
END = Statement("""
UPDATE access_grants
SET ended_at = now.at, expires_at = LEAST(expires_at, now.at)
FROM (SELECT clock_timestamp()) AS now (at)
WHERE subject_id = :subject_id
AND id = :id
""")


async def approve_access_grant(unit: UnitOfWork, grant_id: UUID) -> UUID:
    """Open a grant from now on, for its minutes.

    Raise FORBIDDEN for the actor who requested it and STATE_CONFLICT if it was refused or has expired.
    """
    return await _decide(unit, grant_id, GrantState.OPEN)


async def refuse_access_grant(unit: UnitOfWork, grant_id: UUID) -> UUID:
    """Refuse a grant that waits.

    Raise FORBIDDEN for the actor who requested it and STATE_CONFLICT if it was approved or has expired.
    """
    return await _decide(unit, grant_id, GrantState.REFUSED)


async def end_access_grant(unit: UnitOfWork, grant_id: UUID) -> UUID:
    """End a grant that waits or is open. It opens nothing from now on.

    Raise FORBIDDEN for an actor who neither requested it nor is a privacy officer, and STATE_CONFLICT if it was refused
    or has expired.
    """
    grant, identity = await _lock(unit, grant_id)
    if unit.actor.role is not Role.PRIVACY and not unit.actor.is_same_as(grant.actor, identity):
        raise Forbidden(argument="id", access=[])
    state = _state(grant)
    if state in {GrantState.WAITING, GrantState.OPEN}:
        await END.run(unit.connection, subject_id=grant.subject_id, id=grant_id)
    elif state is not GrantState.ENDED:
        raise StateConflict(state=state)
    return _note(unit, grant)


async def _decide(unit: UnitOfWork, grant_id: UUID, decision: GrantState) -> UUID:
    grant, identity = await _lock(unit, grant_id)
    if unit.actor.is_same_as(grant.actor, identity):
        raise Forbidden(argument="id", access=[])
    state = _state(grant)
    if state is GrantState.WAITING:
        await DECIDE.run(
            unit.connection,
            subject_id=grant.subject_id,
            id=grant_id,
            actor=unit.actor.name,
            identity=unit.actor.identity,
            opens=decision is GrantState.OPEN,
        )
    elif state is not decision:
        raise StateConflict(state=state)
    return _note(unit, grant)


async def _lock(unit: UnitOfWork, grant_id: UUID) -> tuple[AccessGrantRow, str | None]:
    """Lock a grant; return it with the identity of the actor who requested it."""
    row = await LOCK_GRANT.row(unit.connection, id=grant_id)
    if row is None:
        raise NotFound(argument="id")
    *columns, identity = row
    return AccessGrantRow._make(columns), identity


def _state(grant: AccessGrantRow) -> GrantState:
    return state_of(grant.asked_at, grant.decided_at, grant.expires_at, grant.ended_at)


def _note(unit: UnitOfWork, grant: AccessGrantRow) -> UUID:
    """Name the grant and its person in the access event; return the grant's id."""
    unit.subject_ids.append(grant.subject_id)
    unit.action, unit.grant_id = AccessAction.GRANT, grant.id
    return grant.id
