"""How requests come in, are proved, and end before they begin."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import plan as erasure_plan
from models.erasure import requesting
from models.errors import (
    Forbidden,
    IdentityUnverified,
    NotFound,
    StateConflict,
    SubjectNotFound,
    TooManyAttempts,
)
from models.registration import registering
from models.registration.registering import Registration
from models.requests import closing, intake, verification_codes
from models.requests.intake import ErasureOptions
from models.requests.requests import (
    OPEN_STATES,
    TRANSITIONS,
    DenialReason,
    ErasureReason,
    IdentityProof,
    RequestState,
    RightsRequestRow,
    by_ids,
    check_transition,
)
from models.storage.ids import new_id
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World

pytestmark = pytest.mark.anyio
ADA = SubjectIdentifier.email("ada@example.com")
BY_CODE = ErasureOptions(Channel.WEBSITE)
VOUCHED = ErasureOptions(Channel.PHONE, IdentityProof.ATTESTED)


async def registered(world: World, email: str = "ada@example.com", country: str | None = None) -> UUID:
    async with world.unit() as made:
        return await registering.register_subject(made, Registration(email, country=country))


async def asked(
    world: World, wish: ErasureOptions = BY_CODE, role: Role = Role.SUPPORT, name: SubjectIdentifier = ADA
) -> RightsRequestRow:
    async with world.unit(role) as made:
        request_id = await requesting.request_erasure(made, name, wish)
    return await found(world, request_id)


async def found(world: World, request_id: UUID) -> RightsRequestRow:
    async with world.database.readers.acquire() as connection:
        row = (await by_ids(connection, [request_id]))[request_id]
    assert row
    return row


async def new_code(world: World, request: RightsRequestRow) -> str:
    """Let the code that was mailed expire, and issue one that the test can read."""
    async with world.unit() as made:
        await made.connection.execute("UPDATE identity_codes SET expires_at = now()")
        issued = await verification_codes.issue_code(made, request.subject_id, request.id)
        assert issued
        return issued.code


async def confirmed(world: World, request: RightsRequestRow, code: str) -> type[Exception] | None:
    async with world.unit(Role.STORE) as made:
        done = await intake.confirm_identity(made, request.id, code)
    return type(done.refusal) if done.refusal else None


async def test_a_request_waits_until_identity_is_proved(world: World) -> None:
    await registered(world)
    request = await asked(world)
    assert (request.state, request.identity, request.execute_at) == ("AWAITING_VERIFICATION", "NONE_YET", None)


async def test_the_clock_starts_at_receipt_by_the_persons_law(world: World) -> None:
    await registered(world, country="US")
    request = await asked(world)
    assert request.due_at - request.received_at == timedelta(days=45)


async def test_a_second_request_is_the_first(world: World) -> None:
    await registered(world)
    first, second = await asked(world), await asked(world, ErasureOptions(Channel.EMAIL))
    assert first.id == second.id


async def test_requests_at_the_same_moment_are_one(world: World) -> None:
    await registered(world)
    requests = await asyncio.gather(*(asked(world) for _ in range(8)))
    assert len({request.id for request in requests}) == 1


async def test_the_right_code_schedules_the_erasure_after_the_cooling_off_time(world: World) -> None:
    await registered(world)
    request = await asked(world)
    assert await confirmed(world, request, (await new_code(world, request)).lower()) is None
    request = await found(world, request.id)
    assert (request.state, request.identity) == ("SCHEDULED", "EMAIL_CODE")
    assert request.execute_at
    assert timedelta(days=3) <= request.execute_at - request.received_at < timedelta(days=3, minutes=1)


async def test_the_same_confirmation_twice_is_one_and_a_wrong_one_after_it_is_refused(world: World) -> None:
    await registered(world)
    request = await asked(world)
    code = await new_code(world, request)
    assert [await confirmed(world, request, code) for _ in range(7)] == [None] * 7
    with pytest.raises(StateConflict):
        await confirmed(world, request, "AAAAAAAA")


async def test_five_wrong_codes_spend_the_right_one(world: World) -> None:
    await registered(world)
    request = await asked(world)
    code = await new_code(world, request)
    assert [await confirmed(world, request, "22222222") for _ in range(5)] == [IdentityUnverified] * 5
    assert await confirmed(world, request, code) is TooManyAttempts
    assert (await found(world, request.id)).state == "AWAITING_VERIFICATION"


async def test_guesses_at_the_same_moment_are_counted_one_by_one(world: World) -> None:
    await registered(world)
    request = await asked(world)
    code = await new_code(world, request)
    outcomes = await asyncio.gather(*(confirmed(world, request, f"2222222{digit}") for digit in "23456789ABCDEFGH"))
    assert outcomes.count(IdentityUnverified) == 5
    assert outcomes.count(TooManyAttempts) == 11
    assert await confirmed(world, request, code) is TooManyAttempts


async def test_an_expired_code_proves_nothing(world: World) -> None:
    await registered(world)
    request = await asked(world)
    code = await new_code(world, request)
    async with world.unit() as made:
        await made.connection.execute("UPDATE identity_codes SET expires_at = now()")
    assert await confirmed(world, request, code) is IdentityUnverified


async def test_asking_again_gives_a_new_code_only_when_the_old_one_is_spent_and_not_for_ever(world: World) -> None:
    await registered(world)
    request = await asked(world)
    issued = 1
    for _ in range(20):
        async with world.unit() as made:
            assert await verification_codes.issue_code(made, request.subject_id, request.id) is None
            await made.connection.execute("UPDATE identity_codes SET expires_at = now()")
            issued += await verification_codes.issue_code(made, request.subject_id, request.id) is not None
    assert issued == verification_codes.MAX_CODES


async def test_somebody_may_vouch_and_is_recorded(world: World) -> None:
    await registered(world)
    first = await asked(world)
    request = await asked(world, VOUCHED)
    assert (request.id, request.state, request.identity) == (first.id, "SCHEDULED", "ATTESTED")
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT attested_by FROM rights_requests") == "a test"


@pytest.mark.parametrize("role", [Role.STORE, Role.SYNC, Role.SERVICE, Role.SUPPORT])
async def test_only_privacy_and_admin_may_leave_out_the_cooling_off_time(world: World, role: Role) -> None:
    await registered(world)
    with pytest.raises(Forbidden):
        await asked(world, VOUCHED._replace(immediately=True), role)


async def test_immediately_leaves_out_the_cooling_off_time_and_not_the_proof(world: World) -> None:
    await registered(world)
    request = await asked(world, BY_CODE._replace(immediately=True), Role.ADMIN)
    assert request.state == "AWAITING_VERIFICATION"
    request = await asked(world, VOUCHED, Role.ADMIN)
    assert request.state == "SCHEDULED"
    assert request.execute_at
    assert request.execute_at - request.received_at < timedelta(minutes=1)


async def test_a_scheduled_erasure_is_brought_forward(world: World) -> None:
    await registered(world)
    later = await asked(world, VOUCHED)
    sooner = await asked(world, VOUCHED._replace(immediately=True), Role.PRIVACY)
    assert later.execute_at
    assert sooner.execute_at
    assert sooner.execute_at < later.execute_at


async def test_a_request_that_waits_for_its_proof_may_be_hurried_too(world: World) -> None:
    await registered(world)
    await asked(world)
    request = await asked(world, BY_CODE._replace(immediately=True), Role.PRIVACY)
    assert (request.state, request.execute_at) == ("AWAITING_VERIFICATION", None)
    assert await confirmed(world, request, await new_code(world, request)) is None
    proved = await found(world, request.id)
    assert proved.execute_at
    assert proved.execute_at - proved.received_at < timedelta(minutes=1)


async def test_a_child_is_not_asked_for_a_code_and_has_no_cooling_off_time(world: World) -> None:
    await registered(world)
    request = await asked(world, ErasureOptions(Channel.EMAIL, reason=ErasureReason.UNDERAGE))
    assert (request.state, request.identity) == ("SCHEDULED", "ATTESTED")
    assert request.execute_at
    assert request.execute_at - request.received_at < timedelta(minutes=1)


async def test_nobody_is_erased_who_is_not_known(world: World) -> None:
    with pytest.raises(SubjectNotFound):
        await asked(world)


async def test_a_plan_changes_nothing_and_its_hash_holds_until_the_plan_changes(world: World) -> None:
    subject_id = await registered(world)
    async with world.database.readers.acquire() as connection:
        plan = (await erasure_plan.of_subjects(connection, [subject_id]))[subject_id]
    assert plan
    assert ("privacy", "mail addresses", 1) in plan.items
    async with world.unit() as made:
        await registering.register_subject(made, Registration("ada@example.com", account=("forum", "ada")))
    with pytest.raises(StateConflict):
        await asked(world, BY_CODE._replace(plan_hash=plan.hash))
    async with world.database.readers.acquire() as connection:
        changed = (await erasure_plan.of_subjects(connection, [subject_id]))[subject_id]
    assert changed
    assert ("forum", 1) in {(row.system, row.records) for row in changed.items}
    assert (await asked(world, BY_CODE._replace(plan_hash=changed.hash))).state == "AWAITING_VERIFICATION"


async def test_a_request_may_be_called_off_twice_and_then_nothing_proves_it(world: World) -> None:
    await registered(world)
    request = await asked(world, VOUCHED)
    for _ in range(2):
        async with world.unit() as made:
            await closing.cancel_erasure(made, request.id)
    assert (await found(world, request.id)).state == "CANCELLED"
    with pytest.raises(StateConflict):
        async with world.unit() as made:
            await closing.deny_request(made, request.id, DenialReason.OTHER)
    assert (await asked(world, VOUCHED)).id != request.id


async def test_a_denial_has_its_reason_and_keeps_it(world: World) -> None:
    await registered(world)
    request = await asked(world)
    for _ in range(2):
        async with world.unit() as made:
            await closing.deny_request(made, request.id, DenialReason.SUSPECTED_FRAUD)
    denied = await found(world, request.id)
    assert (denied.state, denied.denial_reason) == ("DENIED", "SUSPECTED_FRAUD")
    with pytest.raises(StateConflict):
        async with world.unit() as made:
            await closing.deny_request(made, request.id, DenialReason.OTHER)


async def test_nothing_is_retried_that_has_not_begun(world: World) -> None:
    await registered(world)
    request = await asked(world)
    for request_id, refusal in ((request.id, StateConflict), (new_id(), NotFound)):
        with pytest.raises(refusal):
            async with world.unit() as made:
                await requesting.retry_erasure(made, request_id)


@pytest.mark.parametrize("before", RequestState)
@pytest.mark.parametrize("after", RequestState)
def test_only_the_table_moves_a_request(before: RequestState, after: RequestState) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
        assert before in OPEN_STATES
    else:
        with pytest.raises(StateConflict):
            check_transition(before, after)
