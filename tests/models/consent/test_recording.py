"""Choices: their order, their ties, and what undoes what."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.consent import recording
from models.consent.decisions import DecisionReason
from models.consent.ledger import Channel, ConsentState
from models.consent.purposes import PurposeRow
from models.consent.recording import Choice
from models.errors import BadInput, PurposeNotRefusable, StateConflict, SubjectNotFound, UnknownPurpose
from models.storage.clock import now
from models.subjects import resolution
from tests.conftest import World
from tests.models.unit_of_work import (
    counted,
    current,
    decision,
    dumped,
    execute,
    granted,
    named,
    refused,
    refused_all,
    registered,
)

NEWSLETTER = PurposeRow("newsletter", "", "", "CONSENT", is_marketing=True, lapses_after_days=None)
YES, NO = ConsentState.GRANTED, ConsentState.WITHDRAWN
BASE = datetime(2026, 1, 1, tzinfo=UTC)


async def choose(world: World, who: object, *events: tuple[ConsentState, datetime]) -> None:
    async with world.unit() as unit:
        for state, at in events:
            subject = await resolution.lock(unit, named(who))  # type: ignore[arg-type]
            await recording.record_choice(unit, subject.subject_id, Choice(NEWSLETTER, state, Channel.WEBSITE, at))


def latest(events: list[tuple[ConsentState, datetime]]) -> tuple[ConsentState, datetime]:
    """Return the effective choice: the latest grant, or the first refusal after it; at equal times the refusal."""
    state, at = max(events, key=lambda event: (event[1], event[0] == NO))
    if state == YES:
        return state, at
    last_grant_at = max((event[1] for event in events if event[0] == YES), default=BASE)
    return state, min(event[1] for event in events if event[0] == NO and event[1] >= last_grant_at)


EVENTS = st.lists(
    st.tuples(st.sampled_from([YES, NO]), st.integers(0, 3).map(lambda days: BASE + timedelta(days=days))),
    min_size=1,
    max_size=6,
)


@pytest.mark.anyio
async def test_any_order_of_the_same_events_gives_the_same_choice(world: World) -> None:
    events = [(YES, BASE), (NO, BASE), (YES, BASE + timedelta(days=1)), (NO, BASE + timedelta(days=1))]
    for number, order in enumerate(permutations(events)):
        who = await registered(world, f"user{number}@example.com")
        await choose(world, who, *order)
        kept = await current(world, who)
        assert kept
        assert (kept.state, kept.effective_at) == (NO, BASE + timedelta(days=1))


@pytest.mark.anyio
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=min(25, settings().max_examples // 2)
)
@given(orders=EVENTS.flatmap(lambda events: st.tuples(st.just(events), st.permutations(events))))
async def test_the_latest_choice_counts_whatever_came_first(
    world: World, orders: tuple[list[tuple[ConsentState, datetime]], list[tuple[ConsentState, datetime]]]
) -> None:
    for order in orders:
        who = await registered(world, f"{uuid4().hex}@example.com")
        await choose(world, who, *order)
        kept = await current(world, who)
        assert kept
        assert (kept.state, kept.effective_at) == latest(order)


@pytest.mark.anyio
async def test_the_same_choice_twice_is_one_line_of_the_ledger(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    first = await current(world, who)
    await granted(world, who)
    assert await current(world, who) == first
    for _ in range(2):
        await granted(world, who, "crash-reports", at=BASE)
        await refused(world, who, "newsletter")
    assert await counted(world, "consent_events") == 3


@pytest.mark.anyio
async def test_the_ledger_keeps_every_choice_and_the_latest_counts(world: World) -> None:
    who = await registered(world)
    for _ in range(3):
        await granted(world, who)
        await refused(world, who)
    assert await counted(world, "consent_events") == 6
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN


@pytest.mark.anyio
async def test_a_choice_that_arrives_late_changes_nothing_that_is_newer(world: World) -> None:
    who = await registered(world)
    await refused(world, who)
    await granted(world, who, at=now() - timedelta(days=1))
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN
    await granted(world, who)
    assert (await decision(world, who)).reason == DecisionReason.GRANTED


@pytest.mark.anyio
async def test_a_grant_and_an_opt_out_at_once_end_in_one_order_that_all_agree_on(world: World) -> None:
    who = await registered(world)
    for _ in range(4):
        unit_of_work = [granted(world, who), refused(world, who)] * 5
        await asyncio.gather(*unit_of_work)
        kept = await current(world, who)
        assert kept
        rows = await dumped(world, "consent_events")
        async with world.database.readers.acquire() as connection:
            newest = await connection.fetchrow(
                "SELECT state, effective_at FROM consent_events "
                "ORDER BY effective_at DESC, state DESC, epoch DESC LIMIT 1"
            )
            assert await connection.fetchval("SELECT max(epoch) = count(*) FROM consent_events")
        assert newest
        assert rows
        assert (kept.state, kept.effective_at) == tuple(newest)


@pytest.mark.anyio
async def test_a_grant_and_an_opt_out_of_one_moment_end_with_the_opt_out(world: World) -> None:
    at = now() - timedelta(hours=1)
    for number, order in enumerate(([(YES, at), (NO, at)], [(NO, at), (YES, at)])):
        who = await registered(world, f"user{number}@example.com")
        await asyncio.gather(*(choose(world, who, event) for event in order))
        assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN


@pytest.mark.anyio
async def test_an_opt_out_of_all_outlives_purposes_defined_later_and_sign_ups(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    await refused_all(world, who)
    await registered(world, display_name="Ada Example", account=("store", "1"))
    await execute(
        world,
        "INSERT INTO purposes (key, title, description, legal_basis, is_marketing) "
        "VALUES ('later', 'Later', 'Something new.', 'CONSENT', true)",
    )
    try:
        for purpose in ("newsletter", "crash-reports", "later"):
            assert (await decision(world, who, purpose)).reason == DecisionReason.WITHDRAWN
        assert (await decision(world, who, "site-analytics")).reason == DecisionReason.OBJECTED
        assert (await decision(world, who, "accounting")).reason == DecisionReason.NECESSARY
        await granted(world, who, "later")
        assert (await decision(world, who, "later")).reason == DecisionReason.GRANTED
        assert (await decision(world, who, "newsletter")).reason == DecisionReason.WITHDRAWN
    finally:
        await execute(world, "TRUNCATE consent_changes, consent_events, letters CASCADE")
        await execute(world, "DELETE FROM purposes WHERE key = 'later'")


@pytest.mark.anyio
@pytest.mark.parametrize("channel", [Channel.IMPORT, Channel.SCRIPT])
async def test_nobody_but_the_person_undoes_an_opt_out_of_all(world: World, channel: Channel) -> None:
    who = await registered(world)
    await refused_all(world, who)
    before = await dumped(world, "consent_events")
    for at in (None, now() + timedelta(seconds=30)):
        with pytest.raises(StateConflict):
            await granted(world, who, channel=channel, at=at)
    assert await dumped(world, "consent_events") == before
    await granted(world, who, channel=channel, at=now() - timedelta(days=1))
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN


@pytest.mark.anyio
@pytest.mark.parametrize("channel", [Channel.IMPORT, Channel.SCRIPT])
async def test_a_grant_in_bulk_never_follows_a_refusal_of_its_purpose(world: World, channel: Channel) -> None:
    who = await registered(world)
    await granted(world, who)
    await refused(world, who)
    for at in (None, now() + timedelta(seconds=30)):
        with pytest.raises(StateConflict):
            await granted(world, who, channel=channel, at=at)
    await granted(world, who, channel=channel, at=now() - timedelta(days=1))
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN
    await granted(world, who, "crash-reports", channel)
    await granted(world, who, channel=Channel.PHONE)
    await granted(world, who, channel=channel)
    assert (await decision(world, who)).reason == DecisionReason.GRANTED


@pytest.mark.anyio
async def test_an_import_for_an_address_that_opted_out_of_all_grants_nothing(world: World) -> None:
    await refused_all(world, "user@example.com")
    who = await registered(world)
    with pytest.raises(StateConflict):
        await granted(world, who, channel=Channel.IMPORT)
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN


@pytest.mark.anyio
async def test_a_choice_lies_at_most_a_minute_ahead_and_never_holds_before_now(world: World) -> None:
    who = await registered(world)
    with pytest.raises(BadInput) as refusal:
        await granted(world, who, at=now() + timedelta(minutes=2))
    assert refusal.value.extensions == {"argument": "at", "problem": "INVALID_VALUE"}
    await granted(world, who, at=now() + timedelta(seconds=50))
    kept = await current(world, who)
    assert kept
    assert kept.effective_at <= now()
    await refused(world, who)
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN


@pytest.mark.anyio
async def test_a_grant_lapses_and_can_be_given_again(world: World) -> None:
    who = await registered(world)
    await granted(world, who, "publication", at=now() - timedelta(days=366))
    assert (await decision(world, who, "publication")).reason == DecisionReason.LAPSED
    kept = await current(world, who, "publication")
    assert kept
    assert kept.state == ConsentState.LAPSED
    await granted(world, who, "publication")
    assert (await decision(world, who, "publication")).reason == DecisionReason.GRANTED


@pytest.mark.anyio
async def test_consent_for_one_purpose_says_nothing_about_another(world: World) -> None:
    who = await registered(world)
    await granted(world, who, "newsletter")
    assert (await decision(world, who, "product-announcements")).reason == DecisionReason.NEVER_ASKED
    await refused(world, who, "newsletter")
    assert (await decision(world, who, "site-analytics")).reason == DecisionReason.NOT_OBJECTED
    assert (await decision(world, who, "service-notices")).allowed


@pytest.mark.anyio
async def test_every_event_names_the_policy_in_force_and_who_wrote_it(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    async with world.database.readers.acquire() as connection:
        row = await connection.fetchrow("SELECT policy_version, actor, channel FROM consent_events")
        in_force = await connection.fetchval("SELECT version FROM policy_versions ORDER BY effective_on DESC LIMIT 1")
    assert tuple(row or ()) == (in_force, "a test", "WEBSITE")


NEXT_VERSION = "INSERT INTO policy_versions (version, effective_on) VALUES ('2025-06', '2025-06-01')"


@pytest.mark.anyio
async def test_a_choice_names_the_policy_in_force_at_its_time(world: World) -> None:
    who = await registered(world)
    async with world.unit() as unit:
        await unit.connection.execute(NEXT_VERSION)
    try:
        for at in (datetime(2018, 5, 24, tzinfo=UTC), datetime(2025, 5, 31, 23, 59, tzinfo=UTC)):
            await choose(world, who, (YES, at))
        await choose(world, who, (NO, datetime(2025, 6, 1, tzinfo=UTC)), (NO, datetime(1800, 1, 1, tzinfo=UTC)))
        async with world.database.readers.acquire() as connection:
            rows = await connection.fetch("SELECT policy_version FROM consent_events ORDER BY effective_at")
        assert [row[0] for row in rows] == ["2018-05-24", "2018-05-24", "2018-05-24", "2025-06"]
    finally:
        async with world.unit() as unit:
            await unit.connection.execute("SET session_replication_role = replica")
            await unit.connection.execute("DELETE FROM policy_versions WHERE version = '2025-06'")
            await unit.connection.execute("SET session_replication_role = DEFAULT")


@pytest.mark.anyio
@pytest.mark.parametrize("at", [datetime(1800, 1, 1, tzinfo=UTC), datetime(2018, 5, 23, 23, 59, 59, tzinfo=UTC)])
async def test_a_grant_from_before_the_first_policy_is_refused(world: World, at: datetime) -> None:
    who = await registered(world)
    with pytest.raises(BadInput):
        await choose(world, who, (YES, at))
    assert await counted(world, "consent_events") == 0


@pytest.mark.anyio
async def test_what_cannot_be_chosen_is_refused_whole(world: World) -> None:
    who = await registered(world)
    with pytest.raises(UnknownPurpose):
        await granted(world, who, "spying")
    with pytest.raises(PurposeNotRefusable):
        await granted(world, who, "accounting")
    with pytest.raises(UnknownPurpose):
        await refused(world, who, "newsletter", "spying")
    with pytest.raises(PurposeNotRefusable):
        await refused(world, "nobody@example.com", "newsletter", "accounting")
    with pytest.raises(SubjectNotFound):
        await granted(world, uuid4())
    assert await counted(world, "consent_events") == await counted(world, "suppressions") == 0
