"""Requests are found by state, kind and deadline, in two orders and in pages."""

from uuid import UUID

import pytest

from models.requests.searching import RequestFilter, RequestOrder, count_overdue, find_requests
from models.requests.states import RequestKind, RequestState
from models.storage.pagination import PageRequest
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.requests.erasure_requests import ATTESTED, new_request, registered
from tests.models.unit_of_work import execute

pytestmark = pytest.mark.anyio
ANY = RequestFilter()
DUE_FIRST = RequestFilter(RequestOrder.DUE_FIRST)


async def ids_of(world: World, criteria: RequestFilter, page: PageRequest) -> tuple[list[UUID], bool]:
    async with world.database.readers.acquire() as connection:
        result = (await find_requests(connection, [criteria], page))[criteria]
    return [row.id for row in result.rows], result.has_next


@pytest.mark.parametrize("order", RequestOrder)
async def test_requests_are_found_by_state_kind_and_deadline(world: World, order: RequestOrder) -> None:
    every = RequestFilter(order)
    await registered(world)
    waiting = await new_request(world)
    await registered(world, "second@example.com")
    scheduled = await new_request(world, ATTESTED, identifier=SubjectIdentifier.email("second@example.com"))
    await execute(world, "UPDATE rights_requests SET due_at = now() - interval '1 day' WHERE id = $1", scheduled.id)
    page = PageRequest(10)
    assert await ids_of(world, every, page) == ([scheduled.id, waiting.id], False)
    assert await ids_of(world, every._replace(overdue=True), page) == ([scheduled.id], False)
    assert await ids_of(world, every._replace(overdue=False), page) == ([waiting.id], False)
    assert await ids_of(world, every._replace(due_before=waiting.due_at), page) == ([scheduled.id], False)
    assert await ids_of(world, every._replace(kind=RequestKind.ACCESS), page) == ([], False)
    assert await ids_of(world, every._replace(kind=RequestKind.ERASURE), page) == ([scheduled.id, waiting.id], False)
    in_state = every._replace(state=RequestState.AWAITING_VERIFICATION)
    assert await ids_of(world, in_state, page) == ([waiting.id], False)
    assert await ids_of(world, in_state._replace(due_before=waiting.due_at), page) == ([], False)
    assert await ids_of(world, every._replace(state=RequestState.SCHEDULED, overdue=False), page) == ([], False)
    async with world.database.readers.acquire() as connection:
        counts = await count_overdue(connection)
    assert counts == dict.fromkeys(RequestKind, 0) | {RequestKind.ERASURE: 1}
    extend = "UPDATE rights_requests SET extended_until = now() + interval '1 day', extension_reason = 'COMPLEXITY', "
    await execute(world, extend + "extended_at = now() WHERE id = $1", scheduled.id)
    assert await ids_of(world, every._replace(overdue=True), page) == ([], False)


@pytest.mark.parametrize("state", [None, RequestState.AWAITING_VERIFICATION])
async def test_requests_are_found_in_pages(world: World, state: RequestState | None) -> None:
    requests = []
    for number in range(3):
        await registered(world, f"user{number}@example.com")
        identifier = SubjectIdentifier.email(f"user{number}@example.com")
        requests.append(await new_request(world, identifier=identifier))
    first, second, third = requests
    newest, due = ANY._replace(state=state), DUE_FIRST._replace(state=state)
    assert await ids_of(world, newest, PageRequest(2)) == ([third.id, second.id], True)
    assert await ids_of(world, newest, PageRequest(2, (second.received_at, second.id))) == ([first.id], False)
    assert await ids_of(world, due, PageRequest(2)) == ([first.id, second.id], True)
    assert await ids_of(world, due, PageRequest(2, (second.due_at, second.id))) == ([third.id], False)
