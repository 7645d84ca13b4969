"""Hashes of addresses: people stored by the former rule stay reachable and separate, and are listed for review."""

from uuid import UUID

import pytest

from models.actors import Actor, Role
from models.encryption.keyring import Keyring
from models.registration.address_hashes import find_merged, renew_hashes
from models.storage import address_forms
from models.storage.statement import Statement
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from tests.conftest import World
from tests.models.unit_of_work import decision, dumped, granted, refused, registered

GIESSEN, PLAIN = "kontakt@gie\u00dfen.example.com", "kontakt@giessen.example.com"
OPERATOR = Actor("command line", Role.ADMIN, (Role.ADMIN,))

STORE_FORMER = Statement("UPDATE email_addresses SET lookup_hash = :former WHERE lookup_hash = :present")
HAVE_FORMER = Statement("UPDATE lookup_keys SET address_form = 1")


async def store_in_former_form(world: World, address: str) -> None:
    """Store the hash that the previous version stored for an address."""
    identifier = SubjectIdentifier.email(address)
    present = hash_identifier(world.keyring, identifier).newest.digest
    former = address_forms.former_lookup_form(str(identifier.lookup_key))
    async with world.database.transaction() as connection:
        values = {"former": world.keyring.lookup_hashes("email", former)[0].digest, "present": present}
        assert await STORE_FORMER.run(connection, **values)
    world.keyring.has_former_addresses = True


async def other_process(world: World) -> World:
    keyring = Keyring(world.keyring.pool, world.keyring.master_keys)
    await keyring.load()
    return World(world.database, keyring)


@pytest.mark.anyio
async def test_a_person_stored_in_the_former_form_is_found_before_and_after_the_renewal(world: World) -> None:
    person = await registered(world, GIESSEN)
    await granted(world, person)
    await store_in_former_form(world, GIESSEN)
    async with world.keyring.pool.acquire() as connection:
        await HAVE_FORMER.run(connection)
    assert (await other_process(world)).keyring.has_former_addresses
    assert await registered(world, GIESSEN) == person
    count = await renew_hashes(world.database, world.keyring, OPERATOR)
    assert count == (1, 0)
    after = await other_process(world)
    assert not after.keyring.has_former_addresses
    assert await registered(after, GIESSEN) == person
    assert await registered(after, PLAIN) != person
    assert await renew_hashes(world.database, world.keyring, OPERATOR) == (0, 0)


@pytest.mark.anyio
async def test_an_opt_out_by_address_reaches_a_person_whose_hash_is_not_renewed(world: World) -> None:
    person = await registered(world, GIESSEN)
    await granted(world, person)
    await store_in_former_form(world, GIESSEN)
    await refused(world, GIESSEN)
    assert (await decision(world, person)).reason == "WITHDRAWN"


@pytest.mark.anyio
async def test_an_opt_out_that_missed_the_person_applies_at_the_renewal(world: World) -> None:
    person = await registered(world, GIESSEN)
    await granted(world, person)
    await store_in_former_form(world, GIESSEN)
    world.keyring.has_former_addresses = False
    await refused(world, GIESSEN)
    assert (await decision(world, person)).reason == "GRANTED"
    await renew_hashes(world.database, world.keyring, OPERATOR)
    assert (await decision(world, person)).reason == "WITHDRAWN"


@pytest.mark.anyio
async def test_a_suppression_in_the_former_form_still_applies(world: World) -> None:
    identifier = SubjectIdentifier.email(GIESSEN)
    former = address_forms.former_lookup_form(str(identifier.lookup_key))
    async with world.unit() as unit:
        await unit.connection.execute(
            "INSERT INTO suppressions (lookup_hash, purpose, lookup_version, at, channel) "
            "VALUES ($1, 'newsletter', 1, now(), 'EMAIL')",
            world.keyring.lookup_hashes("email", former)[0].digest,
        )
    person = await registered(world, GIESSEN)
    assert (await decision(world, person)).reason == "WITHDRAWN"


@pytest.mark.anyio
async def test_two_people_with_one_address_stay_two_and_are_counted(world: World) -> None:
    await registered(world, GIESSEN)
    await store_in_former_form(world, GIESSEN)
    world.keyring.has_former_addresses = False
    await registered(world, GIESSEN)
    before = await dumped(world, "email_addresses")
    assert await renew_hashes(world.database, world.keyring, OPERATOR) == (0, 1)
    assert await dumped(world, "email_addresses") == before
    assert (await find_merged(world.database, world.keyring)).former_count == 1


@pytest.mark.anyio
async def test_people_whom_the_former_form_may_have_merged_are_found(world: World) -> None:
    folded = await registered(world, GIESSEN)
    await registered(world, "ada@example.com", account=("store", "1"))
    twice = await registered(world, PLAIN, account=("store", "2"))
    await registered(world, "stefan@example.com", account=("store", "3"))
    assert await registered(world, PLAIN, account=("store", "4")) == twice
    await add_second_account(world)
    findings = await find_merged(world.database, world.keyring)
    assert (findings.merged, findings.possibly_merged, findings.former_count) == ([folded], [twice], 0)
    assert findings.has_any


async def add_second_account(world: World) -> UUID:
    """Add a second account to a person whose address has no equivalent."""
    return await registered(world, "ada@example.com", account=("store", "5"))
