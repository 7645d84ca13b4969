"""Registering: twice is one person, two people are never merged, and children are not stored."""

import asyncio
from uuid import UUID

import pytest

from models.actors import Role
from models.consent.decisions import DecisionReason
from models.consent.ledger import Channel
from models.errors import Refusal, SubjectAmbiguous, SubjectErased, Underage
from models.registration import registering
from models.registration.registering import Registration
from models.subjects import subjects
from models.subjects.accounts import of_subjects as accounts_of
from models.subjects.email_addresses import ADDRESS
from models.subjects.email_addresses import of_subjects as addresses_of
from tests.conftest import World
from tests.models.erasure.erased_people import registered as known
from tests.models.erasure.erased_people import requested, value, worker
from tests.models.unit_of_work import (
    counted,
    current,
    decision,
    dumped,
    execute,
    granted,
    refused,
    refused_all,
    registered,
)

TABLES = ("subjects", "email_addresses", "accounts", "consent_events", "suppressions")


@pytest.mark.anyio
async def test_registering_twice_is_one_person_and_changes_nothing_that_was_there(world: World) -> None:
    first = await registered(world, display_name="Ada Example", country="DE", account=("store", "1"))
    before = {table: await dumped(world, table) for table in TABLES}
    for fields in (
        {},
        {"display_name": "Eve Other", "country": "US"},
        {"account": ("store", "1")},
    ):
        assert await registered(world, **fields) == first
    assert {table: await dumped(world, table) for table in TABLES} == before


@pytest.mark.anyio
async def test_what_was_missing_is_added(world: World) -> None:
    first = await registered(world)
    assert await registered(world, display_name="Ada Example", country="CH", account=("store", "1")) == first
    async with world.database.readers.acquire() as connection:
        row = (await subjects.by_ids(connection, [first]))[first]
        assert row
        assert row.regime == "SWISS_FADP"
        assert [account.system for account in (await accounts_of(connection, [first]))[first]] == ["store"]
    key = await world.keyring.key_of(first)
    assert row.display_name
    assert subjects.DISPLAY_NAME.decrypt(key, row.display_name) == "Ada Example"


@pytest.mark.anyio
@pytest.mark.parametrize("again", ["USER@EXAMPLE.COM", "User@example.com", "user@EXAMPLE.com"])
async def test_an_address_is_one_whatever_its_case(world: World, again: str) -> None:
    first = await registered(world)
    assert await registered(world, again) == first
    assert await counted(world, "email_addresses") == 1


@pytest.mark.anyio
async def test_the_address_is_kept_as_it_was_written(world: World) -> None:
    first = await registered(world, "Ada.Example@Example.COM")
    key = await world.keyring.key_of(first)
    async with world.database.readers.acquire() as connection:
        [row] = (await addresses_of(connection, [first]))[first]
    assert ADDRESS.decrypt(key, row.address) == "Ada.Example@example.com"
    assert row.is_primary


@pytest.mark.anyio
async def test_the_person_of_the_account_gets_the_new_address(world: World) -> None:
    first = await registered(world, account=("store", "1"))
    assert await registered(world, "second@example.com", account=("store", "1")) == first
    assert await registered(world, "second@example.com") == first
    async with world.database.readers.acquire() as connection:
        rows = (await addresses_of(connection, [first]))[first]
    assert [row.is_primary for row in rows] == [True, False]


@pytest.mark.anyio
async def test_an_account_belongs_to_one_person_and_nothing_is_done_when_two_are_meant(world: World) -> None:
    await registered(world, account=("store", "1"))
    await registered(world, "second@example.com")
    before = {table: await dumped(world, table) for table in TABLES}
    with pytest.raises(SubjectAmbiguous):
        await registered(world, "second@example.com", account=("store", "1"), display_name="Ada Example")
    assert {table: await dumped(world, table) for table in TABLES} == before


@pytest.mark.anyio
async def test_one_reference_in_two_systems_is_two_accounts(world: World) -> None:
    first = await registered(world, account=("store", "1"))
    assert await registered(world, "second@example.com", account=("sync", "1")) != first


@pytest.mark.anyio
async def test_of_a_child_nothing_is_stored_and_nothing_is_logged(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Underage):
        await registered(world, "child@example.com", display_name="Kid Example", is_under_13=True)
    for table in (*TABLES, "access_events"):
        assert await counted(world, table) == 0
    async with world.database.keyring.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM subject_keys") == 0
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


@pytest.mark.anyio
async def test_a_child_who_is_known_is_not_touched(world: World) -> None:
    await registered(world)
    before = {table: await dumped(world, table) for table in TABLES}
    with pytest.raises(Underage):
        await registered(world, country="DE", is_under_13=True)
    assert {table: await dumped(world, table) for table in TABLES} == before


@pytest.mark.anyio
async def test_many_registrations_of_one_address_at_once_are_one_person(world: World) -> None:
    results = await asyncio.gather(*(registered(world, account=("store", "1")) for _ in range(12)))
    assert len(set(results)) == 1
    assert (
        await counted(world, "subjects") == await counted(world, "email_addresses") == await counted(world, "accounts")
    )
    assert await counted(world, "subjects") == 1


@pytest.mark.anyio
async def test_crossed_names_at_once_are_one_person_or_refused(world: World) -> None:
    async def one(email: str, account: str) -> UUID | type[BaseException]:
        try:
            return await registered(world, email, account=("store", account))
        except Refusal as refusal:
            return type(refusal)

    pairs = [("a@example.com", "1"), ("b@example.com", "1"), ("a@example.com", "2"), ("b@example.com", "2")]
    for _ in range(3):
        results = await asyncio.gather(*(one(*pair) for pair in pairs * 3))
        assert {result for result in results if not isinstance(result, UUID)} <= {SubjectAmbiguous}
    assert await counted(world, "email_addresses") == 2
    assert await counted(world, "accounts") == 2
    assert await counted(world, "subjects") <= 2


@pytest.mark.anyio
async def test_an_opt_out_that_came_first_is_honoured(world: World) -> None:
    opt_out = await refused(world, "user@example.com", "newsletter", channel=Channel.NEWSLETTER)
    assert (opt_out.subject_id, opt_out.suppressed) == (None, True)
    who = await registered(world, "User@Example.com")
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN
    kept = await current(world, who)
    assert kept
    assert (kept.channel, kept.effective_at) == ("NEWSLETTER", opt_out.at)
    assert (await decision(world, who, "crash-reports")).reason == DecisionReason.NEVER_ASKED


@pytest.mark.anyio
async def test_an_opt_out_of_all_that_came_first_is_honoured_for_purposes_defined_later(world: World) -> None:
    await refused_all(world, "user@example.com")
    who = await registered(world)
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN
    assert (await decision(world, who, "site-analytics")).reason == DecisionReason.OBJECTED
    assert (await decision(world, who, "order-processing")).reason == DecisionReason.NECESSARY
    await execute(
        world,
        "INSERT INTO purposes (key, title, description, legal_basis, is_marketing) "
        "VALUES ('postcards', 'Postcards', 'Send postcards.', 'LEGITIMATE_INTERESTS', true)",
    )
    try:
        assert (await decision(world, who, "postcards")).reason == DecisionReason.OBJECTED
    finally:
        await execute(world, "DELETE FROM purposes WHERE key = 'postcards'")


@pytest.mark.anyio
async def test_a_new_address_brings_its_opt_outs_along_and_later_choices_stand(world: World) -> None:
    await refused(world, "second@example.com", "newsletter")
    who = await registered(world, account=("store", "1"))
    await granted(world, who)
    await registered(world, "second@example.com", account=("store", "1"))
    assert (await decision(world, who)).reason == DecisionReason.GRANTED


@pytest.mark.anyio
@pytest.mark.parametrize("status", ["ERASING", "ERASED"])
async def test_nobody_who_is_erased_is_brought_back(world: World, status: str) -> None:
    await registered(world, account=("store", "1"))
    await execute(world, "UPDATE subjects SET status = $1", status)
    for email, account in (("user@example.com", None), ("new@example.com", ("store", "1"))):
        with pytest.raises(SubjectErased):
            await registered(world, email, account=account)


@pytest.mark.anyio
async def test_whose_key_is_destroyed_is_not_completed(world: World) -> None:
    who = await registered(world)
    await world.keyring.destroy([who])
    with pytest.raises(SubjectErased):
        await registered(world, display_name="Ada Example")


@pytest.mark.anyio
async def test_each_mutation_is_logged_once_and_without_values(world: World) -> None:
    await registered(world, display_name="Ada Example", account=("store", "reference-1"))
    [event] = await dumped(world, "access_events")
    assert "{test}" in event
    assert "WRITE" in event
    for text in ("user@", "Ada Example", "reference-1"):
        assert text not in event


def test_a_registration_stores_only_what_it_names() -> None:
    assert Registration("user@example.com") == ("user@example.com", None, None, None, False)


@pytest.mark.anyio
async def test_an_erased_person_returns_only_through_a_service_in_which_they_act(world: World) -> None:
    first = await known(world, "ada@example.com", ("forum", "ada-1"))
    await requested(world, "ada@example.com")
    await worker(world).drain()
    for role in (Role.SYNC, Role.ADMIN):
        for registration in (
            Registration("ada@example.com"),
            Registration("bob@example.com", account=("forum", "ada-1")),
        ):
            with pytest.raises(SubjectErased):
                async with world.unit(role) as unit:
                    await registering.register_or_complete(unit, registration)
    async with world.unit(Role.STORE) as unit:
        second = await registering.register_or_complete(unit, Registration("ada@example.com"))
    assert second != first
    async with world.unit(Role.SYNC) as unit:
        assert await registering.register_or_complete(unit, Registration("ada@example.com")) == second
    assert await value(world, "SELECT count(*) FROM accounts") == 0
    assert await value(world, "SELECT count(*) FROM consent_events WHERE subject_id = $1", second) == 0
