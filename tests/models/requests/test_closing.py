"""Requests are cancelled and denied before their execution, each once."""

import pytest

from models.errors import StateConflict
from models.requests import closing
from models.requests.vocabulary import DenialReason
from tests.conftest import World
from tests.models.requests.erasure_requests import ATTESTED, new_request, registered, request_row
from tests.models.unit_of_work import counted, execute

pytestmark = pytest.mark.anyio


async def test_a_request_may_be_called_off_twice_and_then_nothing_proves_it(world: World) -> None:
    await registered(world)
    request = await new_request(world, ATTESTED)
    for _ in range(2):
        async with world.unit() as unit:
            await closing.cancel_erasure(unit, request.id)
    assert (await request_row(world, request.id)).state == "CANCELLED"
    with pytest.raises(StateConflict):
        async with world.unit() as unit:
            await closing.deny_request(unit, request.id, DenialReason.OTHER)
    assert (await new_request(world, ATTESTED)).id != request.id


async def test_a_denial_has_its_reason_and_keeps_it(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    for _ in range(2):
        async with world.unit() as unit:
            await closing.deny_request(unit, request.id, DenialReason.SUSPECTED_FRAUD)
    denied = await request_row(world, request.id)
    assert (denied.state, denied.denial_reason) == ("DENIED", "SUSPECTED_FRAUD")
    with pytest.raises(StateConflict):
        async with world.unit() as unit:
            await closing.deny_request(unit, request.id, DenialReason.OTHER)


async def test_a_closed_request_has_no_code_and_a_denial_enqueues_an_email(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    assert await counted(world, "identity_codes") == 1
    await execute(world, "DELETE FROM letters")
    async with world.unit() as unit:
        await closing.deny_request(unit, request.id, DenialReason.NO_MATCH)
    assert await counted(world, "identity_codes") == 0
    assert await counted(world, "letters") == 1


@pytest.mark.parametrize("state", ["IN_PROGRESS", "PARTIALLY_COMPLETED"])
async def test_an_erasure_that_has_begun_is_neither_cancelled_nor_denied(world: World, state: str) -> None:
    await registered(world)
    request = await new_request(world, ATTESTED)
    await execute(world, "UPDATE rights_requests SET state = $1", state)
    with pytest.raises(StateConflict):
        async with world.unit() as unit:
            await closing.cancel_erasure(unit, request.id)
    with pytest.raises(StateConflict):
        async with world.unit() as unit:
            await closing.deny_request(unit, request.id, DenialReason.OTHER)
    assert (await request_row(world, request.id)).state == state


async def test_a_cancellation_is_written_to_a_person_who_had_a_letter_on_the_erasure(world: World) -> None:
    await registered(world)
    request = await new_request(world, ATTESTED)
    for _ in range(2):
        async with world.unit() as unit:
            await closing.cancel_erasure(unit, request.id)
    assert await counted(world, "letters WHERE letter = 'erasure_scheduled'") == 1
    assert await counted(world, "letters WHERE letter = 'erasure_cancelled'") == 1


async def test_a_cancellation_is_not_written_to_a_person_who_had_no_letter(world: World) -> None:
    await registered(world)
    request = await new_request(world, ATTESTED)
    await execute(world, "DELETE FROM letters")
    async with world.unit() as unit:
        await closing.cancel_erasure(unit, request.id)
    assert await counted(world, "letters") == 0
