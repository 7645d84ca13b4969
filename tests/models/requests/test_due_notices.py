"""Privacy officers get a notice a week before a request is due and on the day, again after an extension."""

import pytest

from models.outbox.staff_notices import StaffNoticeKind
from models.requests import due_notices, extending
from models.requests.vocabulary import ExtensionReason
from tests.conftest import World
from tests.models.requests.erasure_requests import new_request, registered
from tests.models.unit_of_work import execute

pytestmark = pytest.mark.anyio
DUE_IN = "UPDATE rights_requests SET due_at = now() + CAST($1 AS text)::interval"


async def notices(world: World) -> list[str]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT notice FROM notices WHERE sent_at IS NULL ORDER BY notice")
    return [row[0] for row in rows]


async def test_a_notice_is_sent_a_week_before_a_request_is_due_and_on_the_day(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    assert await due_notices.enqueue_due(world.database) == 0
    await execute(world, DUE_IN, "6 days")
    assert [await due_notices.enqueue_due(world.database) for _ in range(2)] == [1, 0]
    assert await notices(world) == [StaffNoticeKind.REQUEST_DUE_SOON]
    async with world.unit() as unit:
        await extending.extend_request(unit, request.id, ExtensionReason.COMPLEXITY)
    await execute(world, "UPDATE notices SET sent_at = now()")
    assert await due_notices.enqueue_due(world.database) == 0, "the new deadline is months away"
    await execute(world, "UPDATE rights_requests SET extended_until = now()")
    assert [await due_notices.enqueue_due(world.database) for _ in range(2)] == [2, 0]
    assert await notices(world) == [StaffNoticeKind.REQUEST_DUE, StaffNoticeKind.REQUEST_DUE_SOON]


async def test_no_notice_is_sent_about_an_ended_request(world: World) -> None:
    await registered(world)
    await new_request(world)
    await execute(world, DUE_IN, "1 hour")
    await execute(world, "UPDATE rights_requests SET state = 'CANCELLED'")
    assert await due_notices.enqueue_due(world.database) == 0
