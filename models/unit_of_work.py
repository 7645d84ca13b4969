"""A deed: one verb of a caller, in one transaction, with its access event."""

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
    """What a verb acts with. Verbs never commit: ``deed`` does, once the verb has returned."""

    connection: Connection
    keyring: Keyring
    actor: Actor
    at: datetime = field(default_factory=now)
    about: list[UUID] = field(default_factory=list)
    """The people whom the verb touched."""
    choices: dict[UUID, int] = field(default_factory=dict)
    """The newest choice that was written of each person, by its epoch."""
    action: AccessAction = AccessAction.WRITE
    """What the deed is on the record."""
    grant_id: UUID | None = None
    """The access grant that the deed was about."""


@asynccontextmanager
async def unit_of_work(  # noqa: PLR0913, PLR0917 -- the last two are the operation's, which a command has not
    database: Database,
    keyring: Keyring,
    actor: Actor,
    verb: str,
    operation: str | None = None,
    operation_hash: bytes | None = None,
) -> AsyncIterator[UnitOfWork]:
    """Give a deed in one transaction and note who did it to whom; all of it is committed, or nothing."""
    async with database.transaction() as connection:
        made = UnitOfWork(connection, keyring, actor)
        yield made
        occasion = EventTemplate(actor, made.action, (verb,), operation, operation_hash, made.grant_id)
        await events.record_group(connection, EventGroup(occasion, dict.fromkeys(made.about) or (None,)))
