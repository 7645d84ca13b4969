"""Corrections: what the person names changes, and nothing else."""

from typing import Any
from uuid import UUID

import pytest

from models.errors import BadInput, StateConflict, SubjectAmbiguous, SubjectErased, SubjectNotFound
from models.registration.corrections import Correction, correct_subject
from models.subjects.email_addresses import ADDRESS
from models.subjects.email_addresses import of_subjects as addresses_of
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import COUNTRY, DISPLAY_NAME, by_ids
from tests.conftest import World
from tests.models.erasure.erased_people import requested, worker
from tests.models.unit_of_work import dumped, named, registered


async def corrected(world: World, who: UUID, **fields: Any) -> None:
    async with world.unit() as unit:
        await correct_subject(unit, named(who), Correction(**fields))


async def profile(world: World, who: UUID) -> tuple[str | None, str | None, str]:
    key = await world.keyring.key_of(who)
    async with world.database.readers.acquire() as connection:
        row = (await by_ids(connection, [who]))[who]
    assert row
    return (
        DISPLAY_NAME.decrypt(key, row.display_name) if row.display_name else None,
        COUNTRY.decrypt(key, row.country) if row.country else None,
        row.regime,
    )


async def addresses(world: World, who: UUID) -> list[str]:
    """Return the addresses, the primary one first."""
    key = await world.keyring.key_of(who)
    async with world.database.readers.acquire() as connection:
        rows = (await addresses_of(connection, [who]))[who]
    assert [row.is_primary for row in rows] == [True] + [False] * (len(rows) - 1)
    return [ADDRESS.decrypt(key, row.address) for row in rows]


@pytest.mark.anyio
async def test_absent_is_unchanged_and_null_is_cleared(world: World) -> None:
    who = await registered(world, display_name="Ada Example", country="DE")
    before = await dumped(world, "subjects")
    await corrected(world, who)
    assert await dumped(world, "subjects") == before
    await corrected(world, who, display_name="Ada Sample")
    assert await profile(world, who) == ("Ada Sample", "DE", "GDPR")
    await corrected(world, who, country="GB")
    assert await profile(world, who) == ("Ada Sample", "GB", "UK_GDPR")
    await corrected(world, who, display_name=None, country=None)
    assert await profile(world, who) == (None, None, "OTHER")


@pytest.mark.anyio
async def test_addresses_come_go_and_change_places(world: World) -> None:
    who = await registered(world, "first@example.com")
    await corrected(world, who, add_email="second@example.com")
    await corrected(world, who, add_email="second@example.com")
    assert await addresses(world, who) == ["first@example.com", "second@example.com"]
    await corrected(world, who, primary_email="Second@example.com")
    assert await addresses(world, who) == ["second@example.com", "first@example.com"]
    await corrected(world, who, remove_email="SECOND@example.com")
    assert await addresses(world, who) == ["first@example.com"]
    await corrected(world, who, add_email="third@example.com", primary_email="third@example.com")
    await corrected(world, who, remove_email="first@example.com")
    assert await addresses(world, who) == ["third@example.com"]
    await corrected(world, who, add_email="fourth@example.com", remove_email="third@example.com")
    assert await addresses(world, who) == ["fourth@example.com"]


@pytest.mark.anyio
async def test_an_address_that_is_removed_finds_nobody(world: World) -> None:
    who = await registered(world, "first@example.com")
    await corrected(world, who, add_email="second@example.com", remove_email=None)
    await corrected(world, who, remove_email="first@example.com")
    async with world.unit() as unit:
        with pytest.raises(SubjectNotFound):
            await correct_subject(unit, SubjectIdentifier.email("first@example.com"), Correction())
    assert await registered(world, "first@example.com") != who


@pytest.mark.anyio
async def test_what_does_not_fit_changes_nothing(world: World) -> None:
    who = await registered(world, "first@example.com", display_name="Ada Example")
    await registered(world, "second@example.com")
    tables = ("subjects", "email_addresses")
    before = {table: await dumped(world, table) for table in tables}
    for refusal, fields in (
        (SubjectAmbiguous, {"add_email": "second@example.com"}),
        (BadInput, {"primary_email": "second@example.com"}),
        (BadInput, {"primary_email": "nobody@example.com"}),
        (StateConflict, {"remove_email": "first@example.com"}),
        (BadInput, {"remove_email": "first@example.com", "primary_email": "First@example.com"}),
        (BadInput, {"country": "XX"}),
        (BadInput, {"display_name": ""}),
    ):
        with pytest.raises(refusal):
            await corrected(world, who, **{"display_name": "Changed"} | fields)
        assert {table: await dumped(world, table) for table in tables} == before


@pytest.mark.anyio
async def test_removing_the_address_of_somebody_else_takes_nothing(world: World) -> None:
    who = await registered(world, "first@example.com")
    other = await registered(world, "second@example.com")
    await corrected(world, who, remove_email="second@example.com")
    assert await addresses(world, other) == ["second@example.com"]


@pytest.mark.anyio
async def test_an_address_of_an_erased_person_is_not_added(world: World) -> None:
    await registered(world, "erased@example.com")
    await requested(world, "erased@example.com")
    await worker(world).drain()
    who = await registered(world, "ada@example.com")
    with pytest.raises(SubjectErased):
        await corrected(world, who, add_email="Erased@example.com")
    assert await addresses(world, who) == ["ada@example.com"]
