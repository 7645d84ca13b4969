"""Posting letters, claiming them and looking at them, for tests."""

from typing import Any
from uuid import UUID

from models.actors import Role
from models.consent import recording
from models.consent.ledger import Channel
from models.delivery import claims, handoff, results
from models.delivery.claims import Claimed
from models.delivery.results import Outcome
from models.outbox import emails
from models.outbox.emails import LetterName, LetterState
from models.registration import corrections, registering
from models.registration.corrections import Correction
from models.registration.registering import Registration
from models.storage.columns import now
from models.subjects.identifiers import Name
from models.unit_of_work import Deed
from tests.conftest import World

PERSON = Name.email("user@example.com")


DOMAIN = "example.org"


SENT = Outcome(LetterState.SENT, reply_code=250)


async def registered(world: World, *more: str) -> UUID:
    async with world.deed() as deed:
        subject_id = await registering.register(deed, Registration("user@example.com", "Ada Example", "DE"))
    for address in more:
        async with world.deed(Role.SUPPORT) as deed:
            await corrections.correct(deed, PERSON, Correction(add_email=address))
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM letters")
    return subject_id


async def posted(world: World) -> list[tuple[str, str | None]]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT letter, purpose FROM letters ORDER BY posted_at, id")
    return [(row[0], row[1]) for row in rows]


async def stands(world: World) -> list[tuple[str, str | None]]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT state, reason FROM letters ORDER BY posted_at, id")
    return [(row[0], row[1]) for row in rows]


async def only(world: World) -> dict[str, Any]:
    async with world.database.readers.acquire() as connection:
        [row] = await connection.fetch("SELECT * FROM letters")
    return dict(row)


async def claimed(world: World, most: int = 10) -> list[Claimed]:
    return await claims.claim(world.database, world.keyring, DOMAIN, most)


async def settled(world: World, letter: Claimed, outcome: Outcome) -> bool:
    async with world.database.transaction() as connection:
        return await results.settle(connection, [(letter.lease, outcome)]) == {letter.row.id}


async def handed(world: World, letter: Claimed) -> bool:
    async with world.database.writers.acquire() as connection:
        return await handoff.hand(connection, [letter.lease]) == {letter.row.id}


async def granted(world: World, channel: Channel = Channel.WEBSITE) -> None:
    async with world.deed() as deed:
        await recording.grant(deed, PERSON, "newsletter", channel, None)


async def code(deed: Deed, subject_id: UUID, about: str = "request:1", *, own_key: bool = False) -> UUID | None:
    said: dict[str, Any] = {"code": "123456", "expires_at": now()}
    return await emails.post(deed, LetterName.IDENTITY_CODE, subject_id, about, own_key=own_key, **said)


async def made_due(world: World) -> None:
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE letters SET due_at = clock_timestamp() - interval '1 second'")
