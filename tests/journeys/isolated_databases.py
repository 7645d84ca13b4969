"""Two databases of a test's own, which it may roll back or stop, and erasures in them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import UUID

from models.actors import Actor, Role
from models.consent.ledger import Channel
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.erasure import requesting
from models.registration import registering
from models.registration.registering import Registration
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import ErasureReason, IdentityProof
from models.storage.database import Database
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work
from tests.conftest import LASTING_WORLDS, Databases, Templates, World
from workers.erasure_worker import ErasureWorker

NOW = ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED, ErasureReason.REQUESTED, immediately=True)
STORE = Actor("store", Role.STORE, (Role.STORE,))
ADMIN = Actor("admin", Role.ADMIN, (Role.ADMIN,))


@contextlib.contextmanager
def two_databases(templates: Templates, suffix: str) -> Iterator[Databases]:
    """Create two databases that a test may roll back or stop; drop them afterwards."""
    names = f"aside_{suffix}", f"aside_keyring_{suffix}"
    yield templates.copy(*names)
    templates.drop(*names)


@contextlib.asynccontextmanager
async def open_world(databases: Databases) -> AsyncIterator[World]:
    database = await Database.open(databases.url, databases.keyring_url, readers=4, writers=10, timeout=10)
    try:
        keyring = Keyring(database.keyring, MasterKeys(databases.master_key))
        await keyring.load()
        yield World(database, keyring)
    finally:
        await database.close()


def erasure_worker(world: World) -> ErasureWorker:
    return ErasureWorker(
        world.database, world.keyring, issuer="https://privacy.example.com", backup_life=timedelta(days=183)
    )


def drain_erasures(databases: Databases) -> int:
    """Complete all erasures that are due in the databases of a worker of the tests, over sessions that last."""
    return LASTING_WORLDS.run(databases, lambda world: erasure_worker(world).drain())


def drain_isolated_erasures(databases: Databases) -> int:
    """Complete all erasures that are due in databases that may go back or away."""

    async def drained() -> int:
        async with open_world(databases) as world:
            return await erasure_worker(world).drain()

    return asyncio.run(drained())


async def request_erasures(world: World, count: int, *, first: int = 0, account: bool = False) -> list[UUID]:
    """Register subjects, request an immediate erasure of each, and return their ids."""
    ids = []
    for number in range(first, first + count):
        registration = Registration(f"user{number}@example.com", account=("forum", f"u{number}") if account else None)
        async with unit_of_work(world.database, world.keyring, STORE, "test") as unit:
            ids.append(await registering.register_or_complete(unit, registration))
        async with unit_of_work(world.database, world.keyring, ADMIN, "test") as unit:
            await requesting.request_erasure(unit, SubjectIdentifier.email(registration.email), NOW)
    return ids
