"""Current choices: the person's row agrees with the stored choices and with the ledger after any history."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.consent.choices import find_different
from models.consent.ledger import Channel
from models.errors import Refusal
from tests.conftest import World
from tests.models.unit_of_work import current, execute, granted, refused, refused_all, registered

BASE = datetime(2026, 1, 1, tzinfo=UTC)
PURPOSES = st.sampled_from(["newsletter", "crash-reports", "usage-statistics"])
CHANNELS = st.sampled_from([Channel.WEBSITE, Channel.STORE, Channel.IMPORT])
TIMES = st.none() | st.integers(0, 3).map(lambda days: BASE + timedelta(days=days))
HISTORIES = st.lists(
    st.tuples(st.just("grant"), PURPOSES, CHANNELS, TIMES)
    | st.tuples(st.just("refuse"), PURPOSES, st.just(Channel.WEBSITE), st.none())
    | st.tuples(st.just("refuse all"), PURPOSES, st.just(Channel.EMAIL), st.none()),
    max_size=8,
)


async def different(world: World) -> list[UUID]:
    return [subject_id async for subject_id in find_different(world.database, batch_size=2)]


async def live(world: World, who: UUID, history: list[tuple[str, str, Channel, Any]]) -> None:
    for action, purpose, channel, at in history:
        try:
            if action == "grant":
                await granted(world, who, purpose, channel, at)
            elif action == "refuse":
                await refused(world, who, purpose, channel=channel)
            else:
                await refused_all(world, who, channel)
        except Refusal:
            continue


@pytest.mark.anyio
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=min(25, settings().max_examples // 2)
)
@given(history=HISTORIES)
async def test_the_row_agrees_with_the_ledger_after_any_history(
    world: World, history: list[tuple[str, str, Channel, Any]]
) -> None:
    who = await registered(world, f"{uuid4().hex}@example.com")
    await live(world, who, history)
    assert await different(world) == []


@pytest.mark.anyio
async def test_a_row_that_lost_a_choice_is_found(world: World) -> None:
    people = [await registered(world, f"user{number}@example.com") for number in range(5)]
    for who in people:
        await granted(world, who)
    assert await different(world) == []
    await execute(world, "UPDATE subjects SET choices = NULL WHERE id = $1", people[3])
    assert await different(world) == [people[3]]


@pytest.mark.anyio
async def test_choices_that_lag_behind_the_ledger_are_found(world: World) -> None:
    """Also where the row and the table of choices agree with each other."""
    who = await registered(world)
    await granted(world, who)
    await refused(world, who)
    assert await different(world) == []
    await execute(world, "UPDATE consents SET state = 'GRANTED' WHERE subject_id = $1", who)
    kept = await current(world, who)
    assert kept
    assert kept.state == "GRANTED"
    assert await different(world) == [who]


@pytest.mark.anyio
async def test_choices_written_by_the_previous_version_reach_the_row(world: World) -> None:
    """It writes the table alone; several people in one statement, too."""
    people = [await registered(world, f"user{number}@example.com") for number in range(3)]
    for who in people:
        await granted(world, who)
        await granted(world, who, "crash-reports")
    await execute(world, "UPDATE consents SET state = 'WITHDRAWN' WHERE purpose = 'newsletter'")
    await execute(world, "DELETE FROM consents WHERE purpose = 'crash-reports'")
    for who in people:
        kept = await current(world, who)
        assert kept
        assert kept.state == "WITHDRAWN"
        assert await current(world, who, "crash-reports") is None
