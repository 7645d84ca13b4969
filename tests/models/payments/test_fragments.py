"""Tests that payment fragments hold four digits and an expiry date, and cannot hold more."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD
from models.errors import BadInput, NotFound
from models.payments import fragments
from models.payments.fragments import FragmentInput
from models.storage.clock import now
from tests.conftest import World
from tests.models.unit_of_work import counted, dumped, execute, named, registered

CARD = FragmentInput("card-1", "4242", 7, 2031)
ROOM = {"last_digits": 4, "expiry_month": 2, "expiry_year": 4}


async def stored(world: World, who: UUID, **fields: Any) -> UUID:
    async with world.unit() as unit:
        return await fragments.store_payment_fragment(unit, named(who), CARD._replace(**fields))


@pytest.mark.anyio
@pytest.mark.parametrize("column", ROOM)
async def test_plain_sql_cannot_store_a_longer_value(world: World, column: str) -> None:
    who = await registered(world)
    await stored(world, who)
    room = ROOM[column] + ENCRYPTION_OVERHEAD
    before = await dumped(world, "payment_fragments")
    for octets in (
        0,
        ENCRYPTION_OVERHEAD,
        room - 1,
        room + 1,
        ENCRYPTION_OVERHEAD + 16,
        ENCRYPTION_OVERHEAD + 19,
        1000,
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await execute(world, f"UPDATE payment_fragments SET {column} = $1", bytes(octets))
    with pytest.raises(asyncpg.CheckViolationError):
        await execute(
            world,
            "INSERT INTO payment_fragments SELECT (jsonb_populate_record(f, jsonb_build_object("
            f"'id', gen_random_uuid(), 'lookup_hash', '\\x{'00' * 32}', "
            f"'{column}', '\\x{'00' * (ENCRYPTION_OVERHEAD + 16)}'"
            "))).* FROM payment_fragments AS f",
        )
    assert await dumped(world, "payment_fragments") == before


@pytest.mark.anyio
async def test_no_column_of_the_table_has_room_for_a_card_number_beside_the_reference(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        columns = await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'payment_fragments'::regclass AND attnum > 0 "
            "AND NOT attisdropped"
        )
    assert {name for (name,) in columns} == {
        *("subject_id", "id", "reference", "lookup_version", "lookup_hash"),
        *("last_digits", "expiry_month", "expiry_year", "stored_at", "system"),  # no caller sets the system
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fields",
    [
        *(
            {"last_digits": wrong}
            for wrong in ("", "424", "42424", "42 2", "424x", "٤٢٤٢", "4242\n", "-424", "4111" * 4)
        ),
        *({"expiry_month": wrong} for wrong in (0, 13, -1, 2**31)),
        *({"expiry_year": wrong} for wrong in (31, 1999, 2100, 20311)),
        *({"reference": wrong} for wrong in ("", " ", "a" * 65, "a\nb")),
    ],
    ids=str,
)
async def test_whatever_is_more_or_less_is_refused(world: World, fields: dict[str, Any]) -> None:
    who = await registered(world)
    with pytest.raises(BadInput):
        await stored(world, who, **fields)
    assert await counted(world, "payment_fragments") == 0


@pytest.mark.anyio
async def test_the_stores_reference_names_the_card(world: World) -> None:
    who, other = await registered(world), await registered(world, "other@example.com")
    first = await stored(world, who)
    assert await stored(world, who, last_digits="1881", expiry_year=2032) == first
    assert await stored(world, who, reference="card-2") != first
    assert await stored(world, other) != first
    key = await world.keyring.key_of(who)
    async with world.database.readers.acquire() as connection:
        row = (await fragments.by_ids(connection, [first]))[first]
    assert row
    opened = [fragments.LAST_DIGITS.decrypt(key, row.last_digits), fragments.EXPIRY_YEAR.decrypt(key, row.expiry_year)]
    assert opened == ["1881", "2032"]


@pytest.mark.anyio
async def test_removing_twice_gives_one_answer_and_an_unknown_fragment_is_not_found(world: World) -> None:
    who = await registered(world)
    kept = await stored(world, who)
    for _ in range(2):
        async with world.unit() as unit:
            assert await fragments.remove_payment_fragment(unit, kept) == kept
    assert await counted(world, "payment_fragments") == 0
    assert await stored(world, who) != kept
    async with world.unit() as unit:
        with pytest.raises(NotFound):
            await fragments.remove_payment_fragment(unit, who)


def test_a_card_is_good_to_the_end_of_its_month() -> None:
    today = now()
    month, year = f"{today.month:02}", str(today.year)
    assert not fragments.is_expired(month, year)
    assert fragments.is_expired(month, str(today.year - 1))
    assert not fragments.is_expired("01", str(today.year + 1))
