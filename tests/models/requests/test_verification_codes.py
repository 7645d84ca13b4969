"""Verification codes: five attempts, fifteen minutes, ten codes a request."""

import asyncio

import pytest

from models.errors import IdentityUnverified, TooManyAttempts
from models.requests import verification_codes
from tests.conftest import World
from tests.models.requests.erasure_requests import asked, confirmed, found, new_code, registered

pytestmark = pytest.mark.anyio


async def test_five_wrong_codes_spend_the_right_one(world: World) -> None:
    await registered(world)
    request = await asked(world)
    code = await new_code(world, request)
    assert [await confirmed(world, request, "22222222") for _ in range(5)] == [IdentityUnverified] * 5
    assert await confirmed(world, request, code) is TooManyAttempts
    assert (await found(world, request.id)).state == "AWAITING_VERIFICATION"


async def test_guesses_at_the_same_moment_are_counted_one_by_one(world: World) -> None:
    await registered(world)
    request = await asked(world)
    code = await new_code(world, request)
    outcomes = await asyncio.gather(*(confirmed(world, request, f"2222222{digit}") for digit in "23456789ABCDEFGH"))
    assert outcomes.count(IdentityUnverified) == 5
    assert outcomes.count(TooManyAttempts) == 11
    assert await confirmed(world, request, code) is TooManyAttempts


async def test_an_expired_code_proves_nothing(world: World) -> None:
    await registered(world)
    request = await asked(world)
    code = await new_code(world, request)
    async with world.unit() as made:
        await made.connection.execute("UPDATE identity_codes SET expires_at = now()")
    assert await confirmed(world, request, code) is IdentityUnverified


async def test_asking_again_gives_a_new_code_only_when_the_old_one_is_spent_and_not_for_ever(world: World) -> None:
    await registered(world)
    request = await asked(world)
    issued = 1
    for _ in range(20):
        async with world.unit() as made:
            assert await verification_codes.issue_code(made, request.subject_id, request.id) is None
            await made.connection.execute("UPDATE identity_codes SET expires_at = now()")
            issued += await verification_codes.issue_code(made, request.subject_id, request.id) is not None
    assert issued == verification_codes.MAX_CODES
