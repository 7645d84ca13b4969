"""A request restricts an active person only, and lifts no more than it restricted."""

import pytest

from models.actors import Role
from models.requests import underage
from models.requests.locking import lock_request
from models.requests.vocabulary import ErasureReason
from tests.conftest import World
from tests.models.erasure.erased_people import registered, requested, value
from tests.models.erasure.test_requesting import LATER

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("before", "after"), [("ACTIVE", "ACTIVE"), ("RESTRICTED", "RESTRICTED")])
async def test_lifting_returns_to_the_status_before(world: World, before: str, after: str) -> None:
    subject_id = await registered(world, "ada@example.com")
    request_id = await requested(world, "ada@example.com", LATER)
    async with world.unit(Role.SUPPORT) as unit:
        await unit.connection.execute("UPDATE subjects SET status = $1", before)
        await underage.restrict(unit, subject_id, request_id)
    assert await value(world, "SELECT status FROM subjects") == "RESTRICTED"
    async with world.unit(Role.SUPPORT) as unit:
        await underage.lift(unit, await lock_request(unit, request_id))
    assert await value(world, "SELECT status FROM subjects") == after


async def test_only_support_and_privacy_attest_an_age(world: World) -> None:
    for role in Role:
        async with world.unit(role) as unit:
            assert underage.is_attested(unit, ErasureReason.UNDERAGE) == (role in {Role.SUPPORT, Role.PRIVACY})
            assert not underage.is_attested(unit, ErasureReason.REQUESTED)
