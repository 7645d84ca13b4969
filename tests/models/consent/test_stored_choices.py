"""Tests that the current choices are read from the person's row, in UTC, with every purpose."""

from datetime import UTC, datetime

import pytest

from models.consent import stored_choices
from models.consent.ledger import Channel
from models.consent.stored_choices import StoredChoice
from tests.conftest import World
from tests.models.unit_of_work import granted, registered

AT = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)


@pytest.mark.anyio
async def test_a_person_has_the_choices_of_the_row_and_purposes_come_in_the_order_of_their_keys(world: World) -> None:
    chooser, other = await registered(world), await registered(world, "other@example.com")
    await granted(world, chooser, "newsletter", Channel.WEBSITE, AT)
    async with world.database.readers.acquire() as connection:
        purposes, people = await stored_choices.read(connection, [chooser, other])
        keys = [row[0] for row in await connection.fetch("SELECT key FROM purposes")]
    assert [purpose.key for purpose in purposes] == sorted(keys)
    choices = {person.subject_id: person.choices for person in people}
    assert choices[chooser] == {"newsletter": StoredChoice("GRANTED", AT, "WEBSITE", "2018-05-24")}
    assert choices[other] == {}


@pytest.mark.anyio
async def test_a_choice_that_a_session_of_another_time_zone_wrote_is_read_in_utc(world: World) -> None:
    who = await registered(world)
    await granted(world, who, "newsletter", Channel.WEBSITE, AT)
    async with world.database.transaction() as connection:
        await connection.execute("SET LOCAL TIME ZONE 'Asia/Kolkata'")
        await connection.execute("UPDATE consents SET channel = channel WHERE subject_id = $1", who)
        stored = await connection.fetchval("SELECT choices FROM subjects WHERE id = $1", who)
        _, [person] = await stored_choices.read(connection, [who])
    assert "+05:30" in stored
    choice = person.choices["newsletter"]
    assert (choice.effective_at, choice.effective_at.tzinfo) == (AT, UTC)
