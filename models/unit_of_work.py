"""The unit of work: one mutation of one caller, in one transaction with its access event."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.actors import Actor
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.encryption.keyring import Keyring
from models.storage.clock import now
from models.storage.database import Database
from models.storage.statement import Connection


@dataclass
class UnitOfWork:
    """What a mutation's function works with. The function never commits: ``unit_of_work`` commits after it returns."""

    connection: Connection
    keyring: Keyring
    actor: Actor
    at: datetime = field(default_factory=now)
    subject_ids: list[UUID] = field(default_factory=list)
    """The people that the mutation concerns. Each gets an access event."""
    latest_sequences: dict[UUID, int] = field(default_factory=dict)
    """The sequence number of the newest consent event that this unit wrote, by person."""
    action: AccessAction = AccessAction.WRITE
    """The action that the access events state."""
    grant_id: UUID | None = None
    """The access grant that the mutation concerns."""


@asynccontextmanager
async def unit_of_work(  # noqa: PLR0913, PLR0917 -- commands omit the last three, which only the API has
    database: Database,
    keyring: Keyring,
    actor: Actor,
    mutation: str,
    operation: str | None = None,
    operation_hash: bytes | None = None,
    *,
    writer: str | None = None,
) -> AsyncIterator[UnitOfWork]:
    """Yield a unit of work in one transaction, then append its access events and commit.

    ``writer`` is the PostgreSQL role of the mutation's group, where the process acts as several roles. If the body or
    the append raises, everything is rolled back.
    """
    async with database.transaction(writer) as connection:
        unit = UnitOfWork(connection, keyring, actor)
        yield unit
        template = EventTemplate(actor, unit.action, (mutation,), operation, operation_hash, unit.grant_id)
        await events.append(connection, [EventGroup(template, dict.fromkeys(unit.subject_ids) or (None,))])
