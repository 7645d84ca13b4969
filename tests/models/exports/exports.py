"""Exports without HTTP, for tests: a person's export is planned, built and read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import certificates
from models.exports import building, claiming, downloads, planning
from models.exports.claiming import ClaimedExport
from models.registration import registering
from models.registration.registering import Registration
from models.requests import opening
from models.requests.opening import RequestOptions
from models.requests.states import RequestKind
from models.requests.vocabulary import IdentityCheck
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World

ADA = SubjectIdentifier.email("ada@example.com")
CONTROLLER = {"name": "Example", "contact": "privacy@example.com"}


async def planned(world: World, kind: RequestKind = RequestKind.ACCESS) -> UUID:
    """Register a person with an account in the forum, and plan an export; return the id of its request."""
    async with world.unit() as unit:
        await registering.register_or_complete(unit, Registration("ada@example.com", account=("forum", "ada-1")))
    async with world.unit(Role.SUPPORT) as unit:
        options = RequestOptions(kind, Channel.EMAIL, IdentityCheck.ATTESTED)
        request_id = await opening.open_request(unit, ADA, options)
    assert await planning.plan_exports(world.database, world.keyring, 10) == 1
    assert await planning.plan_exports(world.database, world.keyring, 10) == 0
    return request_id


async def build(world: World, lease: timedelta = timedelta(seconds=60)) -> bool | None:
    """Claim an export and build it; None when there is none to build."""
    export = await claiming.claim_export(world.database, lease)
    return None if export is None else await build_claimed(world, export)


async def build_claimed(world: World, export: ClaimedExport) -> bool:
    signer = await certificates.current_signer(world.keyring)
    return await building.build(
        world.database, world.keyring, signer, export, issuer="https://x.example.com", controller=CONTROLLER
    )


async def archive(world: World, request_id: UUID) -> bytes:
    """Return the whole archive of an export."""
    async with world.database.readers.acquire() as connection:
        export = await downloads.find_ready(connection, request_id)
    assert export
    return b"".join([piece async for piece in await downloads.open_archive(world.database, world.keyring, export)])


@asynccontextmanager
async def held(world: World, sql: str) -> AsyncIterator[None]:
    """Hold the locks of a statement until the end of the block."""
    async with world.database.transaction() as connection:
        await connection.execute(sql)
        yield


async def until_blocked(world: World, count: int = 1) -> None:
    """Return when this many sessions wait for a lock of another one."""
    async with world.database.readers.acquire() as connection:
        while count > await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            await connection.execute("SELECT pg_sleep(0.01)")  # what it waits for works in this process, too
