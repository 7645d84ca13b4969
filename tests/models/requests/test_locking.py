"""A request is locked after its subject, whatever the subject's status."""

from uuid import UUID

import pytest

from models.errors import NotFound
from models.requests.locking import lock_request
from tests.conftest import World
from tests.models.requests.erasure_requests import new_request, registered
from tests.models.unit_of_work import execute

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", ["ACTIVE", "RESTRICTED", "ERASING", "ERASED"])
async def test_a_request_is_locked_with_its_subject(world: World, status: str) -> None:
    who = await registered(world)
    request = await new_request(world)
    await execute(world, "UPDATE subjects SET status = $1", status)
    async with world.unit() as unit:
        locked = await lock_request(unit, request.id)
        assert (locked.id, locked.subject_id, locked.state) == (request.id, who, "AWAITING_VERIFICATION")
        assert (locked.identity, locked.denial_reason, locked.is_immediate) == ("NONE_YET", None, False)
        assert unit.subject_ids == [who]
        for table in ("subjects", "rights_requests"):
            assert not await world.database.writers.fetch(f"SELECT id FROM {table} FOR UPDATE SKIP LOCKED")


async def test_an_unknown_request_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        async with world.unit() as unit:
            await lock_request(unit, UUID(int=7))
