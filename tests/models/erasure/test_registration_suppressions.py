"""Only addresses of people who were erased as children are suppressed, until the privacy officer lifts it."""

import pytest

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import registration_suppressions, requesting
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import ErasureReason
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from tests.conftest import World
from tests.models.erasure.erased_people import registered, requested, worker

pytestmark = pytest.mark.anyio
CHILD = ErasureOptions(Channel.SUPPORT, reason=ErasureReason.UNDERAGE)


async def erased(world: World, email: str, options: ErasureOptions | None = None) -> None:
    await registered(world, email, ("forum", email))
    if options is None:
        await requested(world, email)
    else:
        async with world.unit(Role.SUPPORT) as unit:
            await requesting.request_erasure(unit, SubjectIdentifier.email(email), options)
    assert await worker(world).drain() == 1


async def is_suppressed(world: World, identifier: SubjectIdentifier) -> bool:
    hashes = hash_identifier(world.keyring, identifier).all_hashes
    async with world.keyring.pool.acquire() as connection:
        return bool(await registration_suppressions.suppressed_hashes(connection, hashes))


async def lifted(world: World, email: str) -> bool:
    async with world.unit(Role.PRIVACY) as unit:
        return await registration_suppressions.lift_suppression(unit, email)


async def test_the_address_of_a_child_is_suppressed_and_neither_accounts_nor_others(world: World) -> None:
    await erased(world, "child@example.com", CHILD)
    await erased(world, "ada@example.com")
    assert await is_suppressed(world, SubjectIdentifier.email("child@example.com"))
    assert not await is_suppressed(world, SubjectIdentifier.account("forum", "child@example.com"))
    assert not await is_suppressed(world, SubjectIdentifier.email("ada@example.com"))
    assert not await lifted(world, "ada@example.com")


async def test_an_address_that_is_erased_again_is_suppressed_again(world: World) -> None:
    child = SubjectIdentifier.email("child@example.com")
    for _ in range(2):
        await erased(world, "child@example.com", CHILD)
        assert await is_suppressed(world, child)
        assert await lifted(world, "child@example.com")
        assert not await is_suppressed(world, child)
