"""Tests that the current choices are read from the person's row, in UTC, with every purpose."""

import json
from datetime import UTC, datetime

import pytest

from models.consent import stored_choices
from models.consent.ledger import Channel
from models.consent.stored_choices import StoredChoice
from tests.conftest import World
from tests.models.unit_of_work import execute, granted, registered

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
        choice = "jsonb_build_array('GRANTED', CAST($2 AS timestamptz), 'WEBSITE', '2018-05-24')"
        stored = await connection.fetchval(
            f"UPDATE subjects SET choices = jsonb_build_object('newsletter', {choice}) WHERE id = $1 RETURNING choices",
            who,
            AT,
        )
        _, [person] = await stored_choices.read(connection, [who])
    assert "+05:30" in stored
    kept = person.choices["newsletter"]
    assert (kept.effective_at, kept.effective_at.tzinfo) == (AT, UTC)


@pytest.mark.anyio
async def test_what_is_encoded_is_what_is_read(world: World) -> None:
    who = await registered(world)
    kept = {
        "newsletter": StoredChoice("GRANTED", AT, "WEBSITE", "2018-05-24"),
        "crash-reports": StoredChoice("WITHDRAWN", datetime(1, 1, 1, tzinfo=UTC), "APP", 'a "version"'),
    }
    await execute(world, "UPDATE subjects SET choices = $2 WHERE id = $1", who, stored_choices.encode_all(kept))
    async with world.database.readers.acquire() as connection:
        _, [person] = await stored_choices.read(connection, [who])
    assert person.choices == kept
    assert stored_choices.encode_all({}) is None


@pytest.mark.anyio
@pytest.mark.parametrize("microsecond", [0, 1, 10, 250_000, 999_999])
async def test_a_time_is_encoded_as_postgresql_writes_it(world: World, microsecond: int) -> None:
    choice = StoredChoice("GRANTED", AT.replace(microsecond=microsecond), "WEBSITE", "2018-05-24")
    async with world.database.readers.acquire() as connection:
        await connection.execute("SET TIME ZONE 'UTC'")
        built = await connection.fetchval(
            "SELECT jsonb_build_array($1::text, $2::timestamptz, $3::text, $4::text)::text", *choice
        )
    assert json.loads(built) == json.loads(stored_choices.encode(choice))
