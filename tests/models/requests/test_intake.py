"""Erasure requests are created once, and identity is proved before they are scheduled."""

import asyncio
from datetime import timedelta

import pytest

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import plan as erasure_plan
from models.erasure import requesting
from models.errors import (
    Forbidden,
    NotFound,
    StateConflict,
    SubjectNotFound,
)
from models.registration import registering
from models.registration.registering import Registration
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import ErasureReason
from models.storage.ids import new_id
from tests.conftest import World
from tests.models.requests.erasure_requests import (
    ATTESTED,
    BY_CODE,
    confirmed,
    new_code,
    new_request,
    registered,
    request_row,
)

pytestmark = pytest.mark.anyio


async def test_a_request_waits_until_identity_is_proved(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    assert (request.state, request.identity, request.execute_at) == ("AWAITING_VERIFICATION", "NONE_YET", None)


async def test_the_clock_starts_at_receipt_by_the_persons_law(world: World) -> None:
    await registered(world, country="US")
    request = await new_request(world)
    assert request.due_at - request.received_at == timedelta(days=45)


async def test_a_second_request_is_the_first(world: World) -> None:
    await registered(world)
    first, second = await new_request(world), await new_request(world, ErasureOptions(Channel.EMAIL))
    assert first.id == second.id


async def test_requests_at_the_same_moment_are_one(world: World) -> None:
    await registered(world)
    requests = await asyncio.gather(*(new_request(world) for _ in range(8)))
    assert len({request.id for request in requests}) == 1


async def test_the_right_code_schedules_the_erasure_after_the_cooling_off_time(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    assert await confirmed(world, request, (await new_code(world, request)).lower()) is None
    request = await request_row(world, request.id)
    assert (request.state, request.identity) == ("SCHEDULED", "EMAIL_CODE")
    assert request.execute_at
    assert timedelta(days=3) <= request.execute_at - request.received_at < timedelta(days=3, minutes=1)


async def test_the_same_confirmation_twice_is_one_and_a_wrong_one_after_it_is_refused(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    code = await new_code(world, request)
    assert [await confirmed(world, request, code) for _ in range(7)] == [None] * 7
    with pytest.raises(StateConflict):
        await confirmed(world, request, "AAAAAAAA")


async def test_somebody_may_vouch_and_is_recorded(world: World) -> None:
    await registered(world)
    first = await new_request(world)
    request = await new_request(world, ATTESTED)
    assert (request.id, request.state, request.identity) == (first.id, "SCHEDULED", "ATTESTED")
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT attested_by FROM rights_requests") == "a test"


@pytest.mark.parametrize("role", [Role.STORE, Role.SYNC, Role.SERVICE, Role.SUPPORT])
async def test_only_privacy_and_admin_may_leave_out_the_cooling_off_time(world: World, role: Role) -> None:
    await registered(world)
    with pytest.raises(Forbidden):
        await new_request(world, ATTESTED._replace(immediately=True), role)


async def test_immediately_leaves_out_the_cooling_off_time_and_not_the_proof(world: World) -> None:
    await registered(world)
    request = await new_request(world, BY_CODE._replace(immediately=True), Role.ADMIN)
    assert request.state == "AWAITING_VERIFICATION"
    request = await new_request(world, ATTESTED, Role.ADMIN)
    assert request.state == "SCHEDULED"
    assert request.execute_at
    assert request.execute_at - request.received_at < timedelta(minutes=1)


async def test_a_scheduled_erasure_is_brought_forward(world: World) -> None:
    await registered(world)
    later = await new_request(world, ATTESTED)
    sooner = await new_request(world, ATTESTED._replace(immediately=True), Role.PRIVACY)
    assert later.execute_at
    assert sooner.execute_at
    assert sooner.execute_at < later.execute_at


async def test_a_request_that_waits_for_its_proof_may_be_hurried_too(world: World) -> None:
    await registered(world)
    await new_request(world)
    request = await new_request(world, BY_CODE._replace(immediately=True), Role.PRIVACY)
    assert (request.state, request.execute_at) == ("AWAITING_VERIFICATION", None)
    assert await confirmed(world, request, await new_code(world, request)) is None
    proved = await request_row(world, request.id)
    assert proved.execute_at
    assert proved.execute_at - proved.received_at < timedelta(minutes=1)


async def test_a_child_is_not_asked_for_a_code_and_has_no_cooling_off_time(world: World) -> None:
    await registered(world)
    request = await new_request(world, ErasureOptions(Channel.EMAIL, reason=ErasureReason.UNDERAGE))
    assert (request.state, request.identity) == ("SCHEDULED", "ATTESTED")
    assert request.execute_at
    assert request.execute_at - request.received_at < timedelta(minutes=1)


async def test_nobody_is_erased_who_is_not_known(world: World) -> None:
    with pytest.raises(SubjectNotFound):
        await new_request(world)


async def test_a_plan_changes_nothing_and_its_hash_holds_until_the_plan_changes(world: World) -> None:
    subject_id = await registered(world)
    async with world.database.readers.acquire() as connection:
        plan = (await erasure_plan.of_subjects(connection, [subject_id]))[subject_id]
    assert plan
    assert ("privacy", "mail addresses", 1) in plan.items
    async with world.unit() as unit:
        await registering.register_or_complete(unit, Registration("ada@example.com", account=("forum", "ada")))
    with pytest.raises(StateConflict):
        await new_request(world, BY_CODE._replace(plan_hash=plan.hash))
    async with world.database.readers.acquire() as connection:
        changed = (await erasure_plan.of_subjects(connection, [subject_id]))[subject_id]
    assert changed
    assert ("forum", 1) in {(row.system, row.records) for row in changed.items}
    assert (await new_request(world, BY_CODE._replace(plan_hash=changed.hash))).state == "AWAITING_VERIFICATION"


async def test_nothing_is_retried_that_has_not_begun(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    for request_id, refusal in ((request.id, StateConflict), (new_id(), NotFound)):
        with pytest.raises(refusal):
            async with world.unit() as unit:
                await requesting.retry_erasure(unit, request_id)
