"""Holders are found in every table that knows one, each system once for a person."""

import pytest

from models.actors import Role
from models.erasure import holders, systems
from models.payments import fragments
from models.payments.fragments import FragmentInput
from models.registration import registering
from models.registration.registering import Registration
from models.storage.clock import now
from models.subjects.identifiers import SubjectIdentifier
from models.sync import reports
from models.sync.reports import SyncReport
from tests.conftest import World
from tests.models.erasure.erased_people import key_of, registered

pytestmark = pytest.mark.anyio
ADA = SubjectIdentifier.email("ada@example.com")


async def systems_of(world: World, *emails: str) -> dict[str, dict[str, list[str]]]:
    """Return the references by system of each person."""
    ids = {await registered(world, email): email for email in emails}
    async with world.database.readers.acquire() as connection:
        rows = await holders.find_holders(connection, list(ids))
    references: dict[str, dict[str, list[str]]] = {email: {} for email in emails}
    for row in rows:
        references[ids[row.subject_id]][row.system] = sorted(
            row.decrypt_references(await key_of(world, row.subject_id))
        )
    return references


async def synced(world: World, *references: str) -> None:
    async with world.unit(Role.SYNC) as unit:
        for reference in references:
            await reports.record_sync(unit, ADA, SyncReport(reference, 3 * 10**9, 1, now()))


async def paid(world: World, *references: str) -> None:
    for reference in references:
        async with world.unit() as unit:
            await fragments.store_payment_fragment(unit, ADA, FragmentInput(reference, "4242", 7, 2031))


async def test_a_person_who_is_nowhere_else_has_no_holder(world: World) -> None:
    assert await systems_of(world, "ada@example.com") == {"ada@example.com": {}}


async def test_the_sync_server_and_the_store_hold_what_they_reported(world: World) -> None:
    await registered(world, "ada@example.com")
    await synced(world, "s-1", "s-2")
    await paid(world, "card-1")
    assert await systems_of(world, "ada@example.com", "bob@example.com") == {
        "ada@example.com": {"store": ["card-1"], "sync": ["s-1", "s-2"]},
        "bob@example.com": {},
    }


async def test_references_of_one_system_from_several_tables_are_together(world: World) -> None:
    await registered(world, "ada@example.com", ("store", "customer-1"), ("sync", "s-1"))
    await synced(world, "s-1")
    await paid(world, "card-1")
    assert await systems_of(world, "ada@example.com") == {
        "ada@example.com": {"store": ["card-1", "customer-1"], "sync": ["s-1"]}
    }


async def test_the_store_of_a_removed_payment_fragment_still_holds_the_person(world: World) -> None:
    await registered(world, "ada@example.com")
    async with world.unit() as unit:
        fragment = await fragments.store_payment_fragment(unit, ADA, FragmentInput("card-1", "4242", 7, 2031))
    async with world.unit(Role.BILLING) as unit:
        await fragments.remove_payment_fragment(unit, fragment)
    assert await systems_of(world, "ada@example.com") == {"ada@example.com": {"store": []}}


async def test_an_always_concerned_system_holds_everybody(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "search-index", None, is_always_concerned=True)
        await systems.register(connection, "forum", None, is_always_concerned=False)
    assert await systems_of(world, "ada@example.com", "bob@example.com") == {
        "ada@example.com": {"search-index": []},
        "bob@example.com": {"search-index": []},
    }


async def test_the_row_says_which_system_holds_it(world: World) -> None:
    await registered(world, "ada@example.com")
    await synced(world, "s-1")
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE sync_accounts SET system = 'cloud'")
    assert await systems_of(world, "ada@example.com") == {"ada@example.com": {"cloud": ["s-1"]}}


async def test_a_system_that_only_knows_the_id_holds_the_person(world: World) -> None:
    async with world.unit(Role.SERVICE, "statistics") as unit:
        await registering.register_or_complete(unit, Registration("ada@example.com"))
    assert await systems_of(world, "ada@example.com") == {"ada@example.com": {"statistics": []}}


async def test_reports_of_a_token_with_a_system_belong_to_that_system(world: World) -> None:
    await registered(world, "ada@example.com")
    for system in (None, "cloud"):
        async with world.unit(Role.SYNC, system) as unit:
            await reports.record_sync(unit, ADA, SyncReport("s-1", 1, 1, now()))
        async with world.unit(Role.STORE, system and "shop") as unit:
            await fragments.store_payment_fragment(unit, ADA, FragmentInput("card-1", "4242", 7, 2031))
    assert await systems_of(world, "ada@example.com") == {"ada@example.com": {"cloud": ["s-1"], "shop": ["card-1"]}}
