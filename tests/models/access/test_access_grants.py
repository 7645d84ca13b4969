"""The states of an access grant, and who may decide on it."""

from datetime import timedelta
from uuid import UUID

import pytest

from models.access import access_grants, grant_decisions, grant_lists
from models.access.access_grants import APPROVAL_TIMEOUT, MAX_MINUTES, GrantState, approver_of, state_of
from models.actors import Actor, Role
from models.audit.events import AccessAction
from models.errors import BadInput, CaseRequired, Forbidden, NotFound, StateConflict
from models.storage.clock import now, use_clock
from models.storage.ids import new_id
from models.unit_of_work import unit_of_work
from tests.conftest import World
from tests.models.unit_of_work import counted, named, registered

AGENT = Actor("an agent", Role.SUPPORT, (Role.SUPPORT,), "case/1")
OFFICER = Actor("an officer", Role.PRIVACY, (Role.PRIVACY,), "case/1")
AT = now()
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("requested", "decided", "expires", "state"),
    [
        (APPROVAL_TIMEOUT - SECOND, None, None, GrantState.WAITING),
        (APPROVAL_TIMEOUT, None, None, GrantState.EXPIRED),
        (timedelta(hours=1), timedelta(), SECOND, GrantState.OPEN),
        (timedelta(hours=1), timedelta(), timedelta(), GrantState.EXPIRED),
        (timedelta(hours=1), timedelta(), None, GrantState.REFUSED),
        (timedelta(days=9), timedelta(days=9), None, GrantState.REFUSED),
    ],
)
def test_the_state_of_a_grant_follows_from_its_times(
    requested: timedelta, decided: timedelta | None, expires: timedelta | None, state: GrantState
) -> None:
    decided_at = None if decided is None else AT - decided
    expires_at = None if expires is None else AT + expires
    with use_clock(lambda: AT):
        assert state_of(AT - requested, decided_at, expires_at, None) is state
        assert state_of(AT - requested, decided_at, expires_at, AT) is GrantState.ENDED


def test_only_a_grant_that_was_opened_has_an_approver() -> None:
    assert approver_of("an officer", AT) == "an officer"
    assert approver_of("an officer", None) is None
    assert approver_of(None, None) is None


async def request(world: World, who: UUID, minutes: int = 15, actor: Actor = AGENT) -> UUID:
    async with unit_of_work(world.database, world.keyring, actor, "openAccessGrant") as unit:
        return await access_grants.open_access_grant(unit, named(who), minutes)


async def decide(world: World, grant_id: UUID, actor: Actor = OFFICER, *, approves: bool = True) -> UUID:
    decision = grant_decisions.approve_access_grant if approves else grant_decisions.refuse_access_grant
    async with unit_of_work(world.database, world.keyring, actor, "decide") as unit:
        return await decision(unit, grant_id)


@pytest.mark.anyio
async def test_a_repeated_request_returns_the_same_grant_and_sends_one_notice(world: World) -> None:
    who = await registered(world)
    grant_id = await request(world, who)
    assert await request(world, who) == grant_id
    await decide(world, grant_id)
    assert await request(world, who) == grant_id
    assert await counted(world, "notices") == 1
    assert await request(world, who, actor=AGENT._replace(case="case/2")) != grant_id


@pytest.mark.anyio
async def test_a_refused_grant_is_requested_anew(world: World) -> None:
    who = await registered(world)
    grant_id = await request(world, who)
    await decide(world, grant_id, approves=False)
    assert await request(world, who) != grant_id


@pytest.mark.anyio
async def test_a_grant_needs_a_case_and_has_a_maximum_duration(world: World) -> None:
    who = await registered(world)
    with pytest.raises(CaseRequired):
        await request(world, who, actor=AGENT._replace(case=None))
    for minutes in (0, -1, MAX_MINUTES + 1):
        with pytest.raises(BadInput):
            await request(world, who, minutes)
    assert await request(world, who, MAX_MINUTES)


@pytest.mark.anyio
async def test_the_actor_who_requested_a_grant_cannot_decide_on_it(world: World) -> None:
    grant_id = await request(world, await registered(world))
    for approves in (True, False):
        with pytest.raises(Forbidden):
            await decide(world, grant_id, AGENT, approves=approves)


@pytest.mark.anyio
async def test_a_decision_can_be_repeated_and_not_reversed(world: World) -> None:
    who = await registered(world)
    for approves in (True, False):
        grant_id = await request(world, who, actor=AGENT._replace(case=f"case/{approves}"))
        assert await decide(world, grant_id, approves=approves) == grant_id
        assert await decide(world, grant_id, approves=approves) == grant_id
        with pytest.raises(StateConflict):
            await decide(world, grant_id, approves=not approves)


@pytest.mark.anyio
async def test_a_grant_that_waited_too_long_cannot_be_approved(world: World) -> None:
    grant_id = await request(world, await registered(world))
    with use_clock(lambda: AT + APPROVAL_TIMEOUT + timedelta(hours=1)), pytest.raises(StateConflict):
        await decide(world, grant_id)


@pytest.mark.anyio
async def test_an_approved_grant_opens_for_its_minutes_and_both_acts_are_logged(world: World) -> None:
    who = await registered(world)
    grant_id = await request(world, who, 15)
    await decide(world, grant_id)
    async with world.database.writers.acquire() as connection:
        grant = (await access_grants.by_ids(connection, [grant_id]))[grant_id]
        [since] = await grant_lists.requested_since(connection, AT - timedelta(days=1))
        rows = await connection.fetch(
            "SELECT actor, action, subject_id FROM access_events WHERE grant_id = $1 ORDER BY at", grant_id
        )
    assert grant == since
    assert grant
    assert grant.decided_at
    assert grant.expires_at == grant.decided_at + timedelta(minutes=15)
    assert [tuple(row) for row in rows] == [
        ("an agent", AccessAction.GRANT, who),
        ("an officer", AccessAction.GRANT, who),
    ]


@pytest.mark.anyio
async def test_a_grant_that_does_not_exist_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await decide(world, new_id())


@pytest.mark.anyio
async def test_a_grant_belongs_to_an_identity_and_not_to_a_name(world: World) -> None:
    who = await registered(world)
    agent, namesake = (AGENT._replace(identity=identity) for identity in ("tok_1", "https://id.example.com#an agent"))
    grant_id = await request(world, who, actor=agent)
    assert await request(world, who, actor=agent) == grant_id
    assert await request(world, who, actor=namesake) != grant_id
