"""Tests of decisions as of a past time: the ledger gives the answer that the choices of that time lead to."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from models.consent.decisions import every_decision
from models.consent.ledger import Channel
from models.consent.past_decisions import PastChoice, choice_at, past_decision, past_decisions
from models.errors import Refusal
from models.storage.clock import now
from models.subjects import restrictions
from tests.conftest import World
from tests.models.unit_of_work import granted, named, refused, refused_all, registered

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def newest_choice(events: list[tuple[str, datetime]], at: datetime) -> tuple[str | None, datetime | None]:
    """Return the choice of a time by going through the days, as a person would."""
    state, since = None, None
    day = START
    while day <= at:
        today = [each for each, moment in events if moment == day]
        if "GRANTED" in today:
            state, since = "GRANTED", day
        if "WITHDRAWN" in today and state != "WITHDRAWN":
            state, since = "WITHDRAWN", day
        day += DAY
    return state, since


def test_ten_thousand_random_histories_are_replayed_like_day_by_day() -> None:
    generator = random.Random(7)
    for _ in range(10_000):
        days = [generator.randrange(12) for _ in range(generator.randrange(7))]
        events = [(generator.choice(("GRANTED", "WITHDRAWN")), START + day * DAY) for day in days]
        at = START + generator.randrange(13) * DAY
        ordered = sorted(
            ((state, moment, "1") for state, moment in events if moment <= at),
            key=lambda each: (each[1], each[0] != "GRANTED"),
        )
        assert choice_at(ordered, None)[:2] == newest_choice(events, at), (events, at)


def test_a_grant_between_a_refusal_and_its_repetition_does_not_count() -> None:
    refusal, grant = ("WITHDRAWN", START, "1"), ("GRANTED", START + DAY, "1")
    assert choice_at([refusal, grant], None).state == "GRANTED"
    assert choice_at([refusal, grant], (START, START + 2 * DAY)) == PastChoice("WITHDRAWN", START, "1")


def test_a_grant_at_the_time_of_the_current_refusal_ends_an_earlier_one() -> None:
    earlier, grant, refusal = (
        ("WITHDRAWN", START, "1"),
        ("GRANTED", START + DAY, "1"),
        ("WITHDRAWN", START + DAY, "1"),
    )
    repeated = (START + DAY, START + 2 * DAY)
    assert choice_at([earlier, grant, refusal], repeated) == PastChoice("WITHDRAWN", START + DAY, "1")


async def choose(world: World, email: str, generator: random.Random) -> None:
    """Record some choices of a new person; those that the rules refuse are left out."""
    who = await registered(world, email)
    for _ in range(generator.randrange(6)):
        purpose = generator.choice(("newsletter", "usage-statistics"))
        at = None if generator.random() < 0.4 else START + generator.randrange(600) * DAY
        choice = generator.randrange(4)
        try:
            if choice < 2:
                await granted(world, who, purpose, Channel.WEBSITE, at)
            elif choice == 2:
                await refused(world, who, purpose)
            else:
                await refused_all(world, who)
        except Refusal:
            continue


@pytest.mark.anyio
async def test_the_decisions_of_this_moment_are_the_same_as_of_now(world: World) -> None:
    generator = random.Random(11)
    for index in range(12):
        await choose(world, f"user{index}@example.com", generator)
    async with world.database.readers.acquire() as connection:
        ids = [row[0] for row in await connection.fetch("SELECT id FROM subjects")]
        live = await every_decision(connection, ids)
        replayed = await past_decisions(connection, ids, None, now())
    for who in ids:
        assert [(row.purpose, row.reason) for row in live[who]] == [(row.purpose, row.reason) for row in replayed[who]]


@pytest.mark.anyio
async def test_a_decision_of_a_past_time_does_not_know_what_came_later(world: World) -> None:
    who = await registered(world)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    await granted(world, who, at=at)
    await refused(world, who)
    async with world.database.readers.acquire() as connection:
        reasons = [
            (await past_decision(connection, [who], "newsletter", moment))[who].reason
            for moment in (at - DAY, at, at + DAY, now())
        ]
    assert reasons == ["NEVER_ASKED", "GRANTED", "GRANTED", "WITHDRAWN"]


@pytest.mark.anyio
async def test_a_restriction_counts_from_its_time_until_it_is_lifted(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    times = [now()]
    for change in (restrictions.restrict, restrictions.lift_restriction):
        async with world.unit() as unit:
            await change(unit, named(who))
        times.append(now())
    async with world.database.readers.acquire() as connection:
        decisions = [(await past_decision(connection, [who], "newsletter", at))[who] for at in times]
    assert [decision.reason for decision in decisions] == ["GRANTED", "RESTRICTED", "GRANTED"]
