"""Requests are read by id, by subject and in pages, and change their state by the table only."""

from uuid import UUID

import pytest

from models.requests.requests import find_requests, of_subjects
from models.requests.states import RequestState
from models.storage.pagination import PageRequest
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.requests.erasure_requests import ATTESTED, new_request, registered
from tests.models.unit_of_work import execute


async def found_ids(
    world: World, key: tuple[RequestState | None, bool | None], page: PageRequest
) -> tuple[list[UUID], bool]:
    async with world.database.readers.acquire() as connection:
        rows = (await find_requests(connection, [key], page))[key]
    return [row.id for row in rows.rows], rows.has_next


@pytest.mark.anyio
async def test_requests_are_found_by_state_and_deadline_the_oldest_first(world: World) -> None:
    await registered(world)
    waiting = await new_request(world)
    await registered(world, "second@example.com")
    scheduled = await new_request(world, ATTESTED, identifier=SubjectIdentifier.email("second@example.com"))
    await execute(world, "UPDATE rights_requests SET due_at = now() - interval '1 day' WHERE id = $1", scheduled.id)
    page = PageRequest(10)
    assert await found_ids(world, (None, None), page) == ([waiting.id, scheduled.id], False)
    assert await found_ids(world, (None, True), page) == ([scheduled.id], False)
    assert await found_ids(world, (None, False), page) == ([waiting.id], False)
    assert await found_ids(world, (RequestState.AWAITING_VERIFICATION, None), page) == ([waiting.id], False)
    assert await found_ids(world, (RequestState.SCHEDULED, False), page) == ([], False)


@pytest.mark.anyio
@pytest.mark.parametrize("state", [None, RequestState.AWAITING_VERIFICATION])
async def test_requests_are_found_in_pages(world: World, state: RequestState | None) -> None:
    requests = []
    for number in range(3):
        await registered(world, f"user{number}@example.com")
        identifier = SubjectIdentifier.email(f"user{number}@example.com")
        requests.append(await new_request(world, identifier=identifier))
    first, second, third = requests
    assert await found_ids(world, (state, None), PageRequest(2)) == ([first.id, second.id], True)
    after = (second.received_at, second.id)
    assert await found_ids(world, (state, None), PageRequest(2, after)) == ([third.id], False)


@pytest.mark.anyio
async def test_requests_of_a_subject_come_the_newest_first(world: World) -> None:
    who = await registered(world)
    first = await new_request(world)
    await execute(world, "UPDATE rights_requests SET state = 'CANCELLED'")
    second = await new_request(world)
    async with world.database.readers.acquire() as connection:
        rows = (await of_subjects(connection, [who]))[who]
    assert [row.id for row in rows] == [second.id, first.id]
