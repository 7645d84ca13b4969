"""Requests are read by subject, and show the deadline that counts."""

import pytest

from models.requests import extending
from models.requests.requests import of_subjects
from models.requests.vocabulary import ExtensionReason
from tests.conftest import World
from tests.models.requests.erasure_requests import new_request, registered, request_row
from tests.models.unit_of_work import execute


@pytest.mark.anyio
async def test_requests_of_a_subject_come_the_newest_first(world: World) -> None:
    who = await registered(world)
    first = await new_request(world)
    await execute(world, "UPDATE rights_requests SET state = 'CANCELLED'")
    second = await new_request(world)
    async with world.database.readers.acquire() as connection:
        rows = (await of_subjects(connection, [who]))[who]
    assert [row.id for row in rows] == [second.id, first.id]


@pytest.mark.anyio
async def test_the_deadline_is_the_extended_one(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    assert request.deadline == request.due_at
    async with world.unit() as unit:
        await extending.extend_request(unit, request.id, ExtensionReason.COMPLEXITY)
    extended = await request_row(world, request.id)
    assert extended.due_at == request.due_at
    assert extended.deadline == extended.extended_until
