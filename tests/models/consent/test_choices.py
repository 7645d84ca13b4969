"""Current choices: the person's row agrees with a replay of the ledger after any history."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.actors import Role
from models.consent.choices import find_different
from models.consent.ledger import Channel, refusal_state
from models.consent.purposes import find_purposes
from models.consent.recording import Choice, record_choice
from models.errors import Refusal
from models.subjects import resolution
from tests.conftest import World
from tests.models.unit_of_work import execute, granted, named, refused, refused_all, registered

BASE = datetime(2026, 1, 1, tzinfo=UTC)
PURPOSES = st.sampled_from(["newsletter", "crash-reports", "usage-statistics"])
CHANNELS = st.sampled_from([Channel.WEBSITE, Channel.STORE, Channel.IMPORT])
TIMES = st.none() | st.integers(0, 3).map(lambda days: BASE + timedelta(days=days))
HISTORIES = st.lists(
    st.tuples(st.just("grant"), PURPOSES, CHANNELS, TIMES)
    | st.tuples(st.just("refuse"), PURPOSES, CHANNELS, TIMES)
    | st.tuples(st.just("refuse all"), PURPOSES, st.just(Channel.EMAIL), st.none()),
    max_size=10,
)


async def different(world: World) -> list[UUID]:
    return [subject_id async for subject_id in find_different(world.database, batch_size=2)]


async def refused_at(world: World, who: UUID, purpose: str, channel: Channel, at: datetime) -> None:
    """Record a refusal of an earlier time, as an import does."""
    async with world.unit(Role.ADMIN) as unit:
        await resolution.lock(unit, named(who))
        [row] = (await find_purposes(unit.connection, [purpose])).values()
        await record_choice(unit, who, Choice(row, refusal_state(row), channel, at))


async def live(world: World, who: UUID, history: list[tuple[str, str, Channel, Any]]) -> None:
    for action, purpose, channel, at in history:
        try:
            if action == "grant":
                await granted(world, who, purpose, channel, at)
            elif action == "refuse" and at is None:
                await refused(world, who, purpose, channel=channel)
            elif action == "refuse":
                await refused_at(world, who, purpose, channel, at)
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
@pytest.mark.parametrize(
    ("number", "value"),
    [(0, "GRANTED"), (1, "2026-01-01T00:00:00+00:00"), (2, "PHONE"), (3, "2017")],
    ids=["state", "effective_at", "channel", "policy_version"],
)
async def test_each_part_of_a_choice_is_compared_with_the_ledger(world: World, number: int, value: str) -> None:
    who = await registered(world)
    await granted(world, who)
    await refused(world, who)
    assert await different(world) == []
    path = ["newsletter", str(number)]
    await execute(
        world,
        "UPDATE subjects SET choices = jsonb_set(choices, $2, to_jsonb(CAST($3 AS text))) WHERE id = $1",
        who,
        path,
        value,
    )
    assert await different(world) == [who]


@pytest.mark.anyio
async def test_a_repetition_without_a_refusal_and_choices_of_an_erased_person_are_found(world: World) -> None:
    who, other, third = [await registered(world, f"user{number}@example.com") for number in range(3)]
    for each in (who, other, third):
        await granted(world, each)
    await execute(
        world, "UPDATE subjects SET refusals_confirmed_at = jsonb_build_object('newsletter', now()) WHERE id = $1", who
    )
    await execute(world, "UPDATE subjects SET status = 'ERASED' WHERE id = $1", other)
    await execute(world, "UPDATE subjects SET status = 'ERASED', choices = NULL WHERE id = $1", third)
    assert set(await different(world)) == {who, other}


@pytest.mark.anyio
async def test_a_choice_is_one_update_of_the_row_and_changes_no_index(world: World) -> None:
    """A repeated refusal is one, too."""
    who = await registered(world)
    before = await updates(world)
    await granted(world, who)
    await refused(world, who)
    await refused(world, who)
    count, hot_count = [after - earlier for after, earlier in zip(await updates(world), before, strict=True)]
    assert (count, hot_count) == (3, 3)


async def updates(world: World) -> tuple[int, int]:
    """Return how often rows of people were updated, and how often without a change of an index."""
    async with world.database.writers.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        row = await connection.fetchrow(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'subjects'"
        )
    assert row
    return row[0], row[1]
