"""Posting letters, claiming them and looking at them, for tests."""

from typing import Any
from uuid import UUID

from models.actors import Role
from models.consent import recording
from models.consent.ledger import Channel
from models.delivery import claims, handoff, results
from models.delivery.claims import ClaimedEmail
from models.delivery.results import DeliveryResult
from models.outbox import emails
from models.outbox.emails import EmailKind, EmailState
from models.registration import corrections, registering
from models.registration.corrections import Correction
from models.registration.registering import Registration
from models.storage.clock import now
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork
from tests.conftest import World

PERSON = SubjectIdentifier.email("user@example.com")


DOMAIN = "example.org"


SENT = DeliveryResult(EmailState.SENT, reply_code=250)


async def registered(world: World, *more: str) -> UUID:
    async with world.unit() as unit:
        subject_id = await registering.register_or_complete(unit, Registration("user@example.com", "Ada Example", "DE"))
    for address in more:
        async with world.unit(Role.SUPPORT) as unit:
            await corrections.correct_subject(unit, PERSON, Correction(add_email=address))
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


async def claimed(world: World, most: int = 10) -> list[ClaimedEmail]:
    return await claims.claim(world.database, world.keyring, DOMAIN, most)


async def settled(world: World, letter: ClaimedEmail, outcome: DeliveryResult) -> bool:
    async with world.database.transaction() as connection:
        return await results.record_results(connection, [(letter.lease, outcome)]) == {letter.row.id}


async def handed(world: World, letter: ClaimedEmail) -> bool:
    async with world.database.writers.acquire() as connection:
        return await handoff.mark_handed_over(connection, [letter.lease]) == {letter.row.id}


async def granted(world: World, channel: Channel = Channel.WEBSITE) -> None:
    async with world.unit(Role.ADMIN) as unit:
        await recording.grant_consent(unit, PERSON, "newsletter", channel, None)


async def code(unit: UnitOfWork, subject_id: UUID, about: str = "request:1", *, own_key: bool = False) -> UUID | None:
    content: dict[str, Any] = {"code": "123456", "expires_at": now()}
    return await emails.enqueue(unit, EmailKind.IDENTITY_CODE, subject_id, about, own_key=own_key, **content)


async def made_due(world: World) -> None:
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE letters SET due_at = clock_timestamp() - interval '1 second'")
