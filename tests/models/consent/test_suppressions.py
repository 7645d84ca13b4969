"""Suppressions belong to an address, not to a subject, and hold its hash only."""

from datetime import datetime

import pytest

from models.consent import suppressions
from models.consent.ledger import Channel
from models.consent.suppressions import ALL_PURPOSES
from models.encryption.keyring import LookupHash
from models.subjects.identifiers import HashedIdentifier, SubjectIdentifier, hash_identifier
from tests.conftest import World
from tests.models.unit_of_work import dumped, execute, registered

pytestmark = pytest.mark.anyio


def hashed(world: World, address: str = "user@example.com") -> HashedIdentifier:
    return hash_identifier(world.keyring, SubjectIdentifier.email(address))


async def test_a_suppression_is_added_once_and_keeps_its_first_time(world: World) -> None:
    times = []
    for channel in (Channel.EMAIL, Channel.PHONE):
        async with world.unit() as unit:
            times.append(await suppressions.add(unit, hashed(world, "User@example.com"), ["newsletter"], channel))
    async with world.unit() as unit:
        rows = await suppressions.find_suppressions(unit, hashed(world))
    assert [(row.purpose, row.at, row.channel) for row in rows] == [("newsletter", times[0], "EMAIL")]
    assert times[0] == times[1]
    assert "user@" not in str(await dumped(world, "suppressions")).lower()


async def test_a_purpose_is_suppressed_since_its_first_no_of_any_kind(world: World) -> None:
    async def add(*purposes: str) -> datetime:
        async with world.unit() as unit:
            return await suppressions.add(unit, hashed(world), purposes, Channel.EMAIL)

    newsletter, everything = await add("newsletter"), await add(ALL_PURPOSES)
    assert await add("newsletter") == newsletter
    assert await add("newsletter", "site-analytics") == await add("site-analytics") == everything > newsletter
    # The address has rows under two versions of the lookup key.
    await execute(world, "UPDATE suppressions SET lookup_hash = decode(repeat('00', 32), 'hex') WHERE purpose = '*'")
    assert await add(ALL_PURPOSES) > everything
    async with world.unit() as unit:
        former = LookupHash(1, bytes(32))
        since = await suppressions.add(
            unit, hashed(world)._replace(former_hashes=[former]), [ALL_PURPOSES], Channel.EMAIL
        )
    assert since == everything


async def test_suppressions_of_several_addresses_come_the_oldest_first(world: World) -> None:
    async with world.unit() as unit:
        for address, key in (("b@example.com", "newsletter"), ("a@example.com", ALL_PURPOSES)):
            await suppressions.add(unit, hashed(world, address), [key], Channel.EMAIL)
        addresses = [hashed(world, f"{letter}@example.com") for letter in "abc"]
        rows = await suppressions.find_suppressions(unit, *addresses)
    assert [row.purpose for row in rows] == ["newsletter", ALL_PURPOSES]


async def test_an_address_is_suppressed_by_itself_or_as_one_of_the_subjects(world: World) -> None:
    who = await registered(world)
    async with world.unit() as unit:
        assert not await suppressions.is_suppressed(unit, hashed(world), who)
        await suppressions.add(unit, hashed(world), ["newsletter"], Channel.EMAIL)
        account = hash_identifier(world.keyring, SubjectIdentifier.account("store", "1"))
        assert await suppressions.is_suppressed(unit, hashed(world), None)
        assert await suppressions.is_suppressed(unit, account, who)
        assert not await suppressions.is_suppressed(unit, hashed(world, "other@example.com"), None)


async def test_an_address_stays_locked_until_the_end_of_the_transaction(world: World) -> None:
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    async with world.unit() as unit:
        addresses = [hashed(world), hashed(world, "other@example.com"), hashed(world, "User@Example.com")]
        await suppressions.lock_identifiers(unit, *addresses)
        assert await unit.connection.fetchval(locks) == 2
        await suppressions.lock_identifiers(unit, addresses[0])
        assert await unit.connection.fetchval(locks) == 2
        number = int.from_bytes(addresses[0].newest.digest[:8], signed=True)
        assert not await world.database.writers.fetchval("SELECT pg_try_advisory_xact_lock($1)", number)
    assert await world.database.writers.fetchval("SELECT pg_try_advisory_xact_lock($1)", number)
