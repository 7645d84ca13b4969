"""Requesting erasures and confirming identity, for tests."""

from uuid import UUID

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import requesting
from models.registration import registering
from models.registration.registering import Registration
from models.requests import intake, verification_codes
from models.requests.intake import ErasureOptions
from models.requests.requests import RightsRequestRow, by_ids
from models.requests.vocabulary import IdentityProof
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World

ADA = SubjectIdentifier.email("ada@example.com")
BY_CODE = ErasureOptions(Channel.WEBSITE)
ATTESTED = ErasureOptions(Channel.PHONE, IdentityProof.ATTESTED)


async def registered(world: World, email: str = "ada@example.com", country: str | None = None) -> UUID:
    async with world.unit() as unit:
        return await registering.register_or_complete(unit, Registration(email, country=country))


async def new_request(
    world: World,
    options: ErasureOptions = BY_CODE,
    role: Role = Role.SUPPORT,
    identifier: SubjectIdentifier = ADA,
) -> RightsRequestRow:
    async with world.unit(role) as unit:
        request_id = await requesting.request_erasure(unit, identifier, options)
    return await request_row(world, request_id)


async def request_row(world: World, request_id: UUID) -> RightsRequestRow:
    async with world.database.readers.acquire() as connection:
        row = (await by_ids(connection, [request_id]))[request_id]
    assert row
    return row


async def new_code(world: World, request: RightsRequestRow) -> str:
    """Expire the mailed code, and issue one that the test can read."""
    async with world.unit() as unit:
        await unit.connection.execute("UPDATE identity_codes SET expires_at = now()")
        issued = await verification_codes.issue_code(unit, request.subject_id, request.id)
        assert issued
        return issued.code


async def confirmed(world: World, request: RightsRequestRow, code: str) -> type[Exception] | None:
    async with world.unit(Role.STORE) as unit:
        done = await intake.confirm_identity(unit, request.id, code)
    return type(done.refusal) if done.refusal else None
