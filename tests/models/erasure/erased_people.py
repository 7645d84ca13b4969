"""Registering people and erasing them, for tests of erasures."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from models.actors import Role
from models.consent.ledger import Channel
from models.encryption.encrypted_column import DataKey
from models.erasure import requesting, steps
from models.registration import registering
from models.registration.registering import Registration
from models.requests.intake import ErasureOptions
from models.requests.requests import RightsRequestRow, by_ids
from models.requests.vocabulary import ErasureReason, IdentityProof
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from workers.erasure_worker import ErasureWorker

NOW = ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED, ErasureReason.REQUESTED, immediately=True)


def worker(world: World, **settings: Any) -> ErasureWorker:
    return ErasureWorker(
        world.database,
        world.keyring,
        issuer="https://privacy.example.com",
        backup_life=timedelta(days=183),
        **settings,
    )


async def registered(world: World, email: str, *accounts: tuple[str, str]) -> UUID:
    async with world.unit() as unit:
        subject_id = await registering.register_or_complete(
            unit, Registration(email, "Ada Example", "DE", accounts[0] if accounts else None)
        )
    for account in accounts[1:]:
        async with world.unit() as unit:
            await registering.register_or_complete(unit, Registration(email, account=account))
    return subject_id


async def requested(world: World, email: str, options: ErasureOptions = NOW) -> UUID:
    async with world.unit(Role.ADMIN) as unit:
        return await requesting.request_erasure(unit, SubjectIdentifier.email(email), options)


async def request(world: World, request_id: UUID) -> RightsRequestRow:
    async with world.database.readers.acquire() as connection:
        row = (await by_ids(connection, [request_id]))[request_id]
    assert row
    return row


async def value(world: World, sql: str, *arguments: Any) -> Any:
    async with world.database.readers.acquire() as connection:
        return await connection.fetchval(sql, *arguments)


async def keyring_value(world: World, sql: str, *arguments: Any) -> Any:
    async with world.keyring.pool.acquire() as connection:
        return await connection.fetchval(sql, *arguments)


async def steps_of(world: World, request_id: UUID) -> list[steps.ErasureStepRow]:
    async with world.database.readers.acquire() as connection:
        return list((await steps.of_requests(connection, [request_id]))[request_id])


async def only_step(world: World, request_id: UUID) -> steps.ErasureStepRow:
    [step] = await steps_of(world, request_id)
    return step


async def complete_step(world: World, step_id: UUID, records: int = 1) -> None:
    async with world.unit(Role.SERVICE) as unit:
        await steps.complete_erasure_step(unit, step_id, records)


async def key_of(world: World, owner_id: UUID) -> DataKey:
    async with world.keyring.pool.acquire() as connection:
        key = (await world.keyring.of_subjects(connection, [owner_id]))[owner_id]
    assert key
    return key
