"""Verification codes: five attempts, fifteen minutes, ten codes a request."""

import asyncio
from uuid import UUID

import pytest

from models.actors import Role
from models.errors import IdentityUnverified, TooManyAttempts
from models.registration import corrections
from models.registration.corrections import Correction
from models.requests import verification_codes
from models.subjects import email_addresses
from tests.conftest import World
from tests.models.requests.erasure_requests import ADA, confirmed, new_code, new_request, registered, request_row

pytestmark = pytest.mark.anyio


async def test_five_wrong_codes_spend_the_right_one(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    code = await new_code(world, request)
    assert [await confirmed(world, request, "22222222") for _ in range(5)] == [IdentityUnverified] * 5
    assert await confirmed(world, request, code) is TooManyAttempts
    assert (await request_row(world, request.id)).state == "AWAITING_VERIFICATION"


async def test_guesses_at_the_same_moment_are_counted_one_by_one(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    code = await new_code(world, request)
    outcomes = await asyncio.gather(*(confirmed(world, request, f"2222222{digit}") for digit in "23456789ABCDEFGH"))
    assert outcomes.count(IdentityUnverified) == 5
    assert outcomes.count(TooManyAttempts) == 11
    assert await confirmed(world, request, code) is TooManyAttempts


async def test_an_expired_code_proves_nothing(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    code = await new_code(world, request)
    async with world.unit() as unit:
        await unit.connection.execute("UPDATE identity_codes SET expires_at = now()")
    assert await confirmed(world, request, code) is IdentityUnverified


async def test_asking_again_gives_a_new_code_only_when_the_old_one_is_spent_and_not_for_ever(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    issued = 1
    for _ in range(9):
        async with world.unit() as unit:
            assert await verification_codes.issue_code(unit, request.subject_id, request.id) is None
            await unit.connection.execute("UPDATE identity_codes SET expires_at = now()")
            issued += await verification_codes.issue_code(unit, request.subject_id, request.id) is not None
    assert issued == verification_codes.MAX_CODES
    async with world.unit() as unit:
        assert await verification_codes.issue_code(unit, request.subject_id, request.id) is None
        await unit.connection.execute("UPDATE identity_codes SET expires_at = now()")
    for _ in range(2):
        with pytest.raises(TooManyAttempts):
            await new_request(world)


async def test_a_confirmed_code_verifies_the_address_that_it_was_mailed_to(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit(Role.SUPPORT) as unit:
        await corrections.correct_subject(unit, ADA, Correction(add_email="second@example.com"))
    request = await new_request(world)
    known = world.keyring.lookup_hashes("code", f"{request.id}\x0023456789")[0].digest
    async with world.unit() as unit:
        await unit.connection.execute("UPDATE identity_codes SET code_hash = $1", known)
    assert await confirmed(world, request, "2345678A") is IdentityUnverified
    assert await verified(world, subject_id) == [False, False]
    assert await confirmed(world, request, "2345-6789") is None
    assert await verified(world, subject_id) == [True, False]


async def verified(world: World, subject_id: UUID) -> list[bool]:
    """Return for each address, the primary one first, whether it is verified."""
    async with world.database.readers.acquire() as connection:
        rows = (await email_addresses.of_subjects(connection, [subject_id]))[subject_id]
    return [row.verified_at is not None for row in rows]
