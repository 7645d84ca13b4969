"""A person has one open erasure request, which only PRIVACY and ADMIN may execute without cooling-off time."""

import pytest

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import plan as erasure_plan
from models.erasure import requesting, systems
from models.errors import Forbidden, StateConflict, SubjectErased, SubjectNotFound
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import IdentityProof
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.erasure.erased_people import NOW, registered, request, requested, value, worker

pytestmark = pytest.mark.anyio
LATER = ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED)
ADA = SubjectIdentifier.email("ada@example.com")


async def test_a_second_request_is_the_open_one_and_may_bring_it_forward(world: World) -> None:
    await registered(world, "ada@example.com")
    first = await requested(world, "ada@example.com", LATER)
    assert await requested(world, "ada@example.com", LATER) == first
    assert await worker(world).drain() == 0
    assert await requested(world, "ada@example.com") == first
    assert await worker(world).drain() == 1
    assert await value(world, "SELECT count(*) FROM rights_requests") == 1


async def test_a_service_may_not_skip_the_cooling_off_time(world: World) -> None:
    await registered(world, "ada@example.com")
    async with world.unit(Role.SERVICE) as unit:
        with pytest.raises(Forbidden):
            await requesting.request_erasure(unit, ADA, NOW)


async def test_unknown_and_erased_people_are_refused(world: World) -> None:
    with pytest.raises(SubjectNotFound):
        await requested(world, "ada@example.com")
    subject_id = await registered(world, "ada@example.com")
    await requested(world, "ada@example.com")
    await worker(world).drain()
    with pytest.raises(SubjectErased):
        async with world.unit(Role.ADMIN) as unit:
            await requesting.request_erasure(unit, SubjectIdentifier("id", subject_id), NOW)


async def test_a_request_for_a_plan_that_has_changed_is_refused(world: World) -> None:
    subject_id = await registered(world, "ada@example.com")
    async with world.database.readers.acquire() as connection:
        plan = (await erasure_plan.of_subjects(connection, [subject_id]))[subject_id]
    assert plan
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    with pytest.raises(StateConflict):
        await requested(world, "ada@example.com", NOW._replace(plan_hash=plan.hash))
    assert await value(world, "SELECT count(*) FROM rights_requests") == 0


async def test_only_a_running_erasure_can_be_retried(world: World) -> None:
    await registered(world, "ada@example.com")
    request_id = await requested(world, "ada@example.com", LATER)
    with pytest.raises(StateConflict):
        async with world.unit(Role.PRIVACY) as unit:
            await requesting.retry_erasure(unit, request_id)
    assert (await request(world, request_id)).state == "SCHEDULED"


async def test_a_retry_sends_waiting_webhooks_now_and_gives_a_system_that_polls_no_attempt(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", "https://forum.example.org/hook", is_always_concerned=False)
    await registered(world, "ada@example.com", ("forum", "ada-1"), ("wiki", "ada-2"), ("done", "ada-3"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE erasure_steps SET next_attempt_at = now() + interval '8 hours' WHERE system = 'forum'"
        )
        await connection.execute("UPDATE erasure_steps SET state = 'FAILED' WHERE system = 'wiki'")
        await connection.execute("UPDATE erasure_steps SET state = 'DONE', completed_at = now() WHERE system = 'done'")
    async with world.unit(Role.PRIVACY) as unit:
        await requesting.retry_erasure(unit, request_id)
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT system, state, next_attempt_at <= now(), give_up_at > now() FROM erasure_steps ORDER BY 1"
        )
    assert [tuple(row) for row in rows] == [
        ("done", "DONE", None, None),
        ("forum", "PENDING", True, True),
        ("wiki", "PENDING", None, None),
    ]


async def test_a_retry_sends_the_webhook_of_a_system_that_was_registered_meanwhile(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    assert await value(world, "SELECT next_attempt_at FROM erasure_steps") is None
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", "https://forum.example.org/hook", is_always_concerned=False)
    async with world.unit(Role.PRIVACY) as unit:
        await requesting.retry_erasure(unit, request_id)
    assert await value(world, "SELECT next_attempt_at <= now() FROM erasure_steps")
