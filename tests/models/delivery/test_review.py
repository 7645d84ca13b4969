"""An operator sees failed, uncertain and stuck emails without their content, and may retry them."""

from datetime import timedelta
from uuid import UUID

import pytest

from models.delivery import review
from models.delivery.review import ReviewFilter
from models.errors import NotFound, StateConflict
from tests.conftest import World
from tests.models.outbox.enqueued import claimed, code, registered, stands
from tests.models.unit_of_work import execute

pytestmark = pytest.mark.anyio


async def enqueued(world: World) -> UUID:
    subject_id = await registered(world)
    async with world.unit() as unit:
        email_id = await code(unit, subject_id)
    assert email_id
    return email_id


async def retried(world: World, email_id: UUID) -> None:
    async with world.unit() as unit:
        await review.retry_email(unit, email_id)


async def listed(world: World) -> dict[ReviewFilter, list[UUID]]:
    async with world.database.readers.acquire() as connection:
        return {each: [row.id for row in await review.list_for_review(connection, each)] for each in ReviewFilter}


@pytest.mark.parametrize("state", ["FAILED", "UNCERTAIN", "QUEUED", "SENT", "DROPPED"])
async def test_each_filter_lists_its_own_emails(world: World, state: str) -> None:
    email_id = await enqueued(world)
    await execute(world, "UPDATE letters SET state = $1, address = NULL, context = NULL", state)
    by_filter = {"FAILED": ReviewFilter.FAILED, "UNCERTAIN": ReviewFilter.UNCERTAIN}
    for age, filters in ((timedelta(0), by_filter), (timedelta(hours=2), {**by_filter, "QUEUED": ReviewFilter.STUCK})):
        await execute(world, "UPDATE letters SET posted_at = posted_at - $1::interval", age)
        assert await listed(world) == {each: [email_id] if each is filters.get(state) else [] for each in ReviewFilter}


async def test_a_retried_email_is_queued_and_delivery_to_its_address_resumes(world: World) -> None:
    email_id = await enqueued(world)
    await execute(world, "UPDATE letters SET state = 'FAILED', reason = 'ADDRESS_REFUSED'")
    await execute(world, "UPDATE email_addresses SET stopped_at = clock_timestamp()")
    await retried(world, email_id)
    assert await stands(world) == [("QUEUED", None)]
    [email] = await claimed(world)
    assert email.row.id == email_id


async def test_an_unknown_email_and_one_that_is_being_sent_are_not_retried(world: World) -> None:
    email_id = await enqueued(world)
    with pytest.raises(NotFound):
        await retried(world, UUID(int=7))
    await claimed(world)
    with pytest.raises(StateConflict):
        await retried(world, email_id)


async def test_an_email_without_content_is_not_retried(world: World) -> None:
    email_id = await enqueued(world)
    await execute(world, "UPDATE letters SET state = 'FAILED', address = NULL, context = NULL")
    with pytest.raises(StateConflict):
        await retried(world, email_id)
