"""Requesting erasures and confirming identity, for tests."""

from uuid import UUID

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import requesting
from models.registration import registering
from models.registration.registering import Registration
from models.requests import intake, verification_codes
from models.requests.intake import ErasureOptions
from models.requests.requests import IdentityProof, RightsRequestRow, by_ids
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World

ADA = SubjectIdentifier.email("ada@example.com")
BY_CODE = ErasureOptions(Channel.WEBSITE)
ATTESTED = ErasureOptions(Channel.PHONE, IdentityProof.ATTESTED)


async def registered(world: World, email: str = "ada@example.com", country: str | None = None) -> UUID:
    async with world.unit() as made:
        return await registering.register_or_complete(made, Registration(email, country=country))


async def asked(
    world: World,
    options: ErasureOptions = BY_CODE,
    role: Role = Role.SUPPORT,
    identifier: SubjectIdentifier = ADA,
) -> RightsRequestRow:
    async with world.unit(role) as made:
        request_id = await requesting.request_erasure(made, identifier, options)
    return await found(world, request_id)


async def found(world: World, request_id: UUID) -> RightsRequestRow:
    async with world.database.readers.acquire() as connection:
        row = (await by_ids(connection, [request_id]))[request_id]
    assert row
    return row


async def new_code(world: World, request: RightsRequestRow) -> str:
    """Let the code that was mailed expire, and issue one that the test can read."""
    async with world.unit() as made:
        await made.connection.execute("UPDATE identity_codes SET expires_at = now()")
        issued = await verification_codes.issue_code(made, request.subject_id, request.id)
        assert issued
        return issued.code


async def confirmed(world: World, request: RightsRequestRow, code: str) -> type[Exception] | None:
    async with world.unit(Role.STORE) as made:
        done = await intake.confirm_identity(made, request.id, code)
    return type(done.refusal) if done.refusal else None
