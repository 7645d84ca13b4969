"""The internal systems that read or changed a person's data, and hold it even if they sent no reference."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, text

from models.actors import COMMAND_LINE, Actor, Role
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.database import Database
from models.storage.statement import Connection, Statement

HOLDING_ROLES: Final = frozenset({Role.STORE, Role.SYNC, Role.SERVICE})
"""The roles of services. A script of a system's ADMIN token acts on people without keeping data of them."""


class KnownSystem(Table, table=True):
    """One system that has the id of a person."""

    __tablename__ = "known_systems"
    __table_args__ = (
        CheckConstraint("system ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(system) <= 32", name="holder_is_a_name"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    system: str = column(Text, ErasureAction.DELETED, primary_key=True)
    known_at: datetime = column(Timestamp, ErasureAction.DELETED, server_default=text("clock_timestamp()"))


# The rows are sorted, so that concurrent statements wait for each other in one order. A foreign key would make a read
# wait for a mutation of the same person.
INSERT = Statement("""
INSERT INTO known_systems (subject_id, system)
SELECT s.id, k.system
FROM unnest(CAST(:ids AS uuid[]), CAST(:systems AS text[])) AS k (subject_id, system)
JOIN subjects AS s ON s.id = k.subject_id
WHERE s.status IN ('ACTIVE', 'RESTRICTED')
AND NOT EXISTS (SELECT FROM known_systems AS h WHERE h.subject_id = s.id AND h.system = k.system)
ORDER BY s.id, k.system
ON CONFLICT DO NOTHING
""")

SET_LOCK_TIMEOUT = Statement("SET LOCAL lock_timeout = '5s'")
# Conflicts with the lock of each INSERT: those that began earlier have ended, and later ones see the new states.
WAIT_FOR_INSERTS = Statement("LOCK TABLE known_systems IN SHARE MODE")


def holding_system(actor: Actor) -> str | None:
    """Return the system that holds the people whom this actor reads or changes; None for scripts and people."""
    is_holding = actor.role in HOLDING_ROLES or actor.identity == COMMAND_LINE
    return actor.system if is_holding else None


async def wait_for_reads(database: Database) -> None:
    """Wait until no read adds a system of a person who was ACTIVE when the read began.

    Call it after the commit of the state ERASING and before the steps are planned: each system that knows the person
    then has a row, and no row is added later.
    """
    async with database.transaction() as connection:
        await SET_LOCK_TIMEOUT.run(connection)
        await WAIT_FOR_INSERTS.run(connection)


async def record_systems(connection: Connection, people: Iterable[tuple[Actor, Sequence[UUID | None]]]) -> None:
    """Record that the systems of these actors know these people. A person who is being erased is left out."""
    pairs = {
        (subject_id, system)
        for actor, subject_ids in people
        if (system := holding_system(actor))
        for subject_id in subject_ids
        if subject_id is not None
    }
    if pairs:
        await INSERT.run(
            connection, ids=[subject_id for subject_id, _ in pairs], systems=[system for _, system in pairs]
        )
