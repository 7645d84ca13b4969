"""Insertion by statement and by COPY writes the same rows, and skips people who are not new."""

import pytest

from models.consent import opt_outs
from models.consent.ledger import Channel
from models.consent.purposes import POLICY_IN_FORCE
from models.registration import bulk_insert
from models.registration.bulk_insert import NewSubject
from models.registration.records import ImportedSubject, ImportedSync, RecordContext
from models.storage.ids import new_id
from models.sync.client_indexes import index_client
from models.sync.reports import ClientReport, SyncReport
from tests.conftest import World
from tests.models.erasure.erased_people import requested, worker
from tests.models.registration.imported_people import AT, imported, person
from tests.models.unit_of_work import counted

pytestmark = pytest.mark.anyio
TABLES = ("subjects", "email_addresses", "accounts", "consent_events")


async def copied(world: World, *people: ImportedSubject) -> int:
    async with world.database.readers.acquire() as connection:
        policy_version = await POLICY_IN_FORCE.value(connection)
    new = [NewSubject(new_id(), subject, RecordContext(AT, "a test", policy_version)) for subject in people]
    async with world.unit() as unit:
        return await bulk_insert.copy_new(unit, new, 1)


async def test_copy_and_statement_insert_rows_into_the_same_tables(world: World) -> None:
    await imported(world, await person(world))
    before = [await counted(world, table) for table in TABLES]
    assert await copied(world, await person(world, "bob@example.com"), await person(world, "cleo@example.com")) == 2
    assert [await counted(world, table) for table in TABLES] == [3 * count for count in before]


async def test_copy_and_statement_write_the_blind_indexes_of_clients(world: World) -> None:
    client = ClientReport("Planner", "5.1", "macOS", "Planner/5.1")
    ada, bob = [
        (await person(world, email))._replace(syncs=[ImportedSync(SyncReport(email, 100, 1, AT), [(client, AT)])])
        for email in ("ada@example.com", "bob@example.com")
    ]
    await imported(world, ada)
    assert await copied(world, bob) == 1
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT index_version, app_index, version_index, platform_index FROM sync_clients"
        )
    assert [tuple(row) for row in rows] == [index_client(world.keyring, *client[:3])] * 2


async def test_known_suppressed_and_erased_people_are_skipped(world: World) -> None:
    known, erased, suppressed = [
        await person(world, f"{name}@example.com") for name in ("known", "erased", "suppressed")
    ]
    await imported(world, known)
    await imported(world, erased)
    await requested(world, "erased@example.com")
    await worker(world).drain()
    async with world.unit() as unit:
        await opt_outs.opt_out(unit, suppressed.addresses[0], ["newsletter"], Channel.WEBSITE)
    assert await copied(world, known, erased, suppressed) == 0
    assert await copied(world, known, await person(world, "new@example.com")) == 1


async def test_no_slots_create_no_keys(world: World) -> None:
    assert await bulk_insert.prepare_slots(world.database, world.keyring, 0) == []
    slots = await bulk_insert.prepare_slots(world.database, world.keyring, 2)
    assert len({slot.key.owner_id for slot in slots}) == 2
