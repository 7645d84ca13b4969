"""A deed: one verb of a caller, in one transaction, with its access event."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.actors import Actor
from models.audit import events
from models.audit.events import AccessAction, Entry, Occasion
from models.encryption.keyring import Keyring
from models.storage.columns import now
from models.storage.database import Connection, Database


@dataclass
class Deed:
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
async def deed(  # noqa: PLR0913, PLR0917 -- the last two are the operation's, which a command has not
    database: Database,
    keyring: Keyring,
    actor: Actor,
    verb: str,
    operation: str | None = None,
    operation_hash: bytes | None = None,
) -> AsyncIterator[Deed]:
    """Give a deed in one transaction and note who did it to whom; all of it is committed, or nothing."""
    async with database.transaction() as connection:
        made = Deed(connection, keyring, actor)
        yield made
        occasion = Occasion(actor, made.action, (verb,), operation, operation_hash, made.grant_id)
        await events.note(connection, Entry(occasion, dict.fromkeys(made.about) or (None,)))
