"""A child's registration stores nothing; a registered person is restricted until staff attests or cancels."""

import pytest

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import registration_suppressions, requesting
from models.errors import Refusal, StateConflict, SubjectErased, Underage
from models.registration import registering, underage
from models.registration.registering import Registration
from models.requests import closing
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import DenialReason, ErasureReason, IdentityProof
from models.subjects import restrictions
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.erasure.erased_people import registered, value, worker

pytestmark = pytest.mark.anyio
ADA = SubjectIdentifier.email("ada@example.com")
CHILD = ErasureOptions(Channel.SUPPORT, reason=ErasureReason.UNDERAGE)


async def reported(world: World, registration: Registration, role: Role = Role.STORE) -> None:
    async with world.unit(role) as unit:
        assert isinstance(await underage.register_subject(unit, registration), Underage)


async def status(world: World) -> str:
    return str(await value(world, "SELECT status FROM subjects"))


async def attested(world: World, role: Role = Role.SUPPORT) -> None:
    async with world.unit(role) as unit:
        await requesting.request_erasure(unit, ADA, CHILD)


async def test_of_an_unknown_child_nothing_is_stored(world: World) -> None:
    with pytest.raises(Underage):
        await reported(world, Registration("ada@example.com", is_under_13=True))
    assert await value(world, "SELECT count(*) FROM subjects") == 0


@pytest.mark.parametrize(
    "registration",
    [
        Registration("ADA@example.com", is_under_13=True),
        Registration("other@example.com", account=("forum", "ada-1"), is_under_13=True),
    ],
)
async def test_a_known_person_is_restricted_and_not_erased_before_staff_attests(
    world: World, registration: Registration
) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    for _ in range(2):
        await reported(world, registration)
    assert await status(world) == "RESTRICTED"
    assert await value(world, "SELECT array_agg(reason || ' ' || state) FROM rights_requests") == [
        "UNDERAGE AWAITING_VERIFICATION"
    ]
    assert await value(world, "SELECT count(*) FROM letters") == 0
    assert await worker(world).drain() == 0
    for role in (Role.STORE, Role.ADMIN):
        await attested(world, role)
    assert await worker(world).drain() == 0
    await attested(world)
    assert await worker(world).drain() == 1


async def test_a_report_of_two_people_restricts_both(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    await registered(world, "bob@example.com")
    await reported(world, Registration("bob@example.com", account=("forum", "ada-1"), is_under_13=True))
    assert await value(world, "SELECT count(*) FROM subjects WHERE status = 'RESTRICTED'") == 2


@pytest.mark.parametrize("denies", [True, False])
async def test_a_mistaken_report_is_ended_and_the_restriction_with_it(world: World, denies: bool) -> None:  # noqa: FBT001
    await registered(world, "ada@example.com")
    await reported(world, Registration("ada@example.com", is_under_13=True))
    request_id = await value(world, "SELECT id FROM rights_requests")
    with pytest.raises(StateConflict):
        async with world.unit(Role.PRIVACY) as unit:
            await restrictions.lift_restriction(unit, ADA)
    async with world.unit(Role.PRIVACY) as unit:
        if denies:
            await closing.deny_request(unit, request_id, DenialReason.SUSPECTED_FRAUD)
        else:
            await closing.cancel_erasure(unit, request_id)
    assert await status(world) == "ACTIVE"


async def test_a_restriction_that_was_there_before_stays(world: World) -> None:
    await registered(world, "ada@example.com")
    async with world.unit(Role.PRIVACY) as unit:
        await restrictions.restrict(unit, ADA)
    await reported(world, Registration("ada@example.com", is_under_13=True))
    async with world.unit(Role.PRIVACY) as unit:
        await closing.cancel_erasure(unit, await value(world, "SELECT id FROM rights_requests"))
    assert await status(world) == "RESTRICTED"


async def test_a_report_does_not_shorten_the_cooling_off_time_of_another_request(world: World) -> None:
    await registered(world, "ada@example.com")
    async with world.unit(Role.SUPPORT) as unit:
        await requesting.request_erasure(
            unit, ADA, CHILD._replace(reason=ErasureReason.REQUESTED, identity=IdentityProof.ATTESTED)
        )
    await reported(world, Registration("ada@example.com", is_under_13=True))
    assert (await status(world), await worker(world).drain()) == ("RESTRICTED", 0)
    await attested(world)
    assert await worker(world).drain() == 1


async def test_the_address_of_an_erased_child_is_registered_again_only_once_it_is_lifted(world: World) -> None:
    await registered(world, "ada@example.com")
    await attested(world)
    assert await worker(world).drain() == 1
    for role in (Role.STORE, Role.SERVICE, Role.SYNC):
        with pytest.raises(SubjectErased):
            async with world.unit(role) as unit:
                await registering.register_or_complete(unit, Registration("Ada@example.com"))
    async with world.unit(Role.PRIVACY) as unit:
        assert await registration_suppressions.lift_suppression(unit, "ADA@example.com")
        assert unit.subject_ids
    async with world.unit(Role.PRIVACY) as unit:
        assert not await registration_suppressions.lift_suppression(unit, "ada@example.com")
    with pytest.raises(SubjectErased):
        async with world.unit(Role.ADMIN) as unit:
            await registering.register_or_complete(unit, Registration("ada@example.com"))
    await registered(world, "ada@example.com")


async def test_an_adult_is_registered(world: World) -> None:
    async with world.unit() as unit:
        assert not isinstance(await underage.register_subject(unit, Registration("ada@example.com")), Refusal)


async def test_the_officers_get_one_notice_of_each_report_that_waits(world: World) -> None:
    for email in ("ada@example.com", "bob@example.com"):
        await registered(world, email)
    for _ in range(2):
        await reported(world, Registration("ada@example.com", is_under_13=True))
    assert await value(world, "SELECT array_agg(notice) FROM notices") == ["child_reported"]
    async with world.unit(Role.PRIVACY) as unit:
        await requesting.request_erasure(unit, SubjectIdentifier.email("bob@example.com"), CHILD)
    assert await value(world, "SELECT count(*) FROM notices") == 1, "an attested request runs without a decision"
