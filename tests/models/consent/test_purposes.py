"""Purposes: those that the policy names, and none that sells."""

import asyncpg
import pytest

from models.consent.purposes import all_purposes
from tests.conftest import World
from tests.models.unit_of_work import execute

DEFINE = "INSERT INTO purposes (key, title, description, legal_basis, is_marketing) VALUES ($1, $2, $3, $4, false)"


@pytest.mark.anyio
async def test_the_policys_purposes_are_there_with_their_basis(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        bases = {purpose.key: purpose.legal_basis for purpose in (await all_purposes(connection, []))[None]}
    consent = "newsletter product-announcements forum-notices usage-statistics crash-reports publication"
    expected = dict.fromkeys([*consent.split(), "third-party-marketing"], "CONSENT")
    expected |= dict.fromkeys(["order-processing", "service-notices", "sync-service", "support"], "CONTRACT")
    expected |= dict.fromkeys(["fraud-protection", "site-analytics", "service-improvement"], "LEGITIMATE_INTERESTS")
    assert bases == expected | {"accounting": "LEGAL_OBLIGATION"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("key", "title", "description"),
    [
        ("sale", "Fine", "Fine."),
        ("data-sale", "Fine", "Fine."),
        ("partners", "Selling to partners", "Fine."),
        ("partners", "Fine", "We sell the address."),
        ("partners", "Fine", "Addresses are SOLD to partners."),
        ("partners", "Fine", "Barter with partners."),
        ("partners", "Fine", "Rent the list."),
        ("list-rental", "Fine", "Fine."),
    ],
)
async def test_a_sale_cannot_be_defined(world: World, key: str, title: str, description: str) -> None:
    for basis in ("CONSENT", "CONTRACT", "LEGITIMATE_INTERESTS", "LEGAL_OBLIGATION"):
        with pytest.raises(asyncpg.CheckViolationError, match="nothing_personal_is_sold"):
            await execute(world, DEFINE, key, title, description, basis)


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["", "Newsletter", "two words", "a--b", "-a", "a-", "a" * 65, "ü"])
async def test_a_purpose_has_a_plain_name(world: World, key: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await execute(world, DEFINE, key, "Fine", "Fine.", "CONSENT")


@pytest.mark.anyio
async def test_there_is_no_basis_but_the_four(world: World) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await execute(world, DEFINE, "fine", "Fine", "Fine.", "BECAUSE_WE_CAN")


@pytest.mark.anyio
async def test_readers_cannot_write(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("DELETE FROM purposes")
