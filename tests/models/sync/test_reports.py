"""Sync metadata: what arrives late undoes nothing, clients are few, and a list of files replaces the one before."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.errors import BadInput
from models.storage.clock import now
from models.sync import accounts, reports
from models.sync.file_lists import FileReport
from models.sync.reports import ClientReport, SyncReport
from tests.conftest import World
from tests.models.unit_of_work import counted, dumped, named, registered

BASE = datetime(2026, 1, 1, tzinfo=UTC)
CLIENT = ClientReport("Outliner", "5.1", "macOS 15", "Outliner/5.1")


async def recorded(world: World, who: UUID, hours: int = 0, **changes: Any) -> UUID:
    report = SyncReport(f"sync-{who}", 100 + hours, hours, BASE + timedelta(hours=hours))._replace(**changes)
    async with world.unit() as unit:
        return await reports.record_sync(unit, named(who), report)


async def kept(world: World, account: UUID) -> tuple[int, int, datetime]:
    async with world.database.readers.acquire() as connection:
        row = (await accounts.by_ids(connection, [account]))[account]
    assert row
    return row.storage_bytes, row.file_count, row.last_synced_at


async def names(world: World, who: UUID) -> set[str]:
    key = await world.keyring.key_of(who)
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT name FROM sync_files WHERE subject_id = $1", who)
    return {accounts.FILE_NAME.decrypt(key, row[0]) for row in rows}


async def rows_by_name(world: World, who: UUID) -> dict[str, tuple[UUID, int, datetime]]:
    key = await world.keyring.key_of(who)
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT name, id, size_bytes, modified_at FROM sync_files WHERE subject_id = $1", who
        )
    return {accounts.FILE_NAME.decrypt(key, row[0]): tuple(row[1:]) for row in rows}


def files(*names: str) -> list[FileReport]:
    return [FileReport(name, len(name), BASE) for name in names]


@pytest.mark.anyio
async def test_a_report_that_arrives_late_undoes_nothing(world: World) -> None:
    who = await registered(world)
    account = await recorded(world, who, 5, files=files("new"))
    for hours in (4, 0):
        assert await recorded(world, who, hours, files=files("old"), client=CLIENT) == account
    assert await kept(world, account) == (105, 5, BASE + timedelta(hours=5))
    assert await names(world, who) == {"new"}
    assert await counted(world, "sync_clients") == 1


@pytest.mark.anyio
async def test_any_order_of_reports_ends_with_the_latest(world: World) -> None:
    for number, order in enumerate(([1, 2, 3], [3, 2, 1], [2, 3, 1])):
        who = await registered(world, f"user{number}@example.com")
        for hours in order:
            account = await recorded(world, who, hours, files=files(f"at {hours}"))
        assert await kept(world, account) == (103, 3, BASE + timedelta(hours=3))
        assert await names(world, who) == {"at 3"}


@pytest.mark.anyio
async def test_a_list_of_files_replaces_and_none_leaves_them(world: World) -> None:
    who = await registered(world)
    await recorded(world, who, 1, files=files("a", "b", "a"))
    assert await names(world, who) == {"a", "b"}
    await recorded(world, who, 2)
    assert await names(world, who) == {"a", "b"}
    await recorded(world, who, 3, files=files("c"))
    assert await names(world, who) == {"c"}
    await recorded(world, who, 4, files=[])
    assert await names(world, who) == set()


@pytest.mark.anyio
async def test_files_that_are_reported_again_keep_their_rows(world: World) -> None:
    who = await registered(world)
    await recorded(world, who, 1, files=files("kept", "grown", "touched", "gone"))
    before = await rows_by_name(world, who)
    changed = [FileReport("grown", 99, BASE), FileReport("touched", 7, BASE + timedelta(hours=1))]
    await recorded(world, who, 2, files=[*files("kept", "new"), *changed])
    after = await rows_by_name(world, who)
    assert after.keys() == {"kept", "grown", "touched", "new"}
    assert after["kept"] == before["kept"]
    assert after["grown"][1:] == (99, BASE)
    assert after["touched"][1:] == (7, BASE + timedelta(hours=1))
    await recorded(world, who, 3, files=files("kept"))
    assert await rows_by_name(world, who) == {"kept": before["kept"]}


@pytest.mark.anyio
async def test_the_clients_seen_last_are_remembered_and_no_more(world: World) -> None:
    who = await registered(world)
    for hours in range(reports.MAX_CLIENTS + 5):
        account = await recorded(world, who, hours, client=CLIENT._replace(version=str(hours)))
    key = await world.keyring.key_of(who)
    async with world.database.readers.acquire() as connection:
        own = (who, account)
        rows = (await accounts.clients_of_accounts(connection, [own]))[own]
    versions = [int(accounts.VERSION.decrypt(key, row.version)) for row in rows]
    assert versions == list(range(reports.MAX_CLIENTS + 4, 4, -1))


@pytest.mark.anyio
async def test_a_client_is_one_however_often_it_syncs(world: World) -> None:
    who = await registered(world)
    for hours in (3, 1, 2):
        await recorded(world, who, hours, client=CLIENT)
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT last_seen_at FROM sync_clients")
    assert [tuple(row) for row in rows] == [(BASE + timedelta(hours=3),)]


@pytest.mark.anyio
async def test_one_reference_of_two_people_is_two_accounts(world: World) -> None:
    first, second = await registered(world), await registered(world, "second@example.com")
    assert await recorded(world, first) != await recorded(world, second)
    assert await recorded(world, first, reference="sync-2") != await recorded(world, first)
    assert await counted(world, "sync_accounts") == 3


@pytest.mark.anyio
async def test_what_does_not_fit_changes_nothing(world: World) -> None:
    who = await registered(world)
    await recorded(world, who, 1, files=files("a"), client=CLIENT)
    tables = ("sync_accounts", "sync_clients", "sync_files")
    before = {table: await dumped(world, table) for table in tables}
    for fields in (
        {"storage_bytes": -1},
        {"storage_bytes": 2**63},
        {"file_count": 2**31},
        {"synced_at": now() + timedelta(minutes=2)},
        {"reference": ""},
        {"client": CLIENT._replace(app="")},
        {"client": CLIENT._replace(user_agent="a" * 513)},
        {"files": files("fine", "")},
        {"files": files("fine", "a\x00")},
        {"files": files("fine", "\ud800")},
        {"files": files("fine", "a" * 1025)},
        {"files": [FileReport("a", -1, BASE)]},
        {"files": files(*(str(number) for number in range(1001)))},
    ):
        with pytest.raises(BadInput):
            await recorded(world, who, 2, **fields)
        assert {table: await dumped(world, table) for table in tables} == before


@pytest.mark.anyio
async def test_card_numbers_in_file_names_are_replaced_one_by_one(world: World) -> None:
    who = await registered(world)
    cards = ("IMG_4111111111111111.jpg", "5555-5555-5555-4444", "IMG_4111111111111111.jpg")
    await recorded(world, who, files=files("Icon\r", *cards, "[card number removed 1]"))
    assert await names(world, who) == {
        *("Icon\r", "[card number removed 1]", "[card number removed 2]", "[card number removed 3]")
    }


def test_a_validated_report_states_how_many_names_were_replaced() -> None:
    report = SyncReport("sync-1", 0, 0, BASE, None, files("a", "4111111111111111", "4111 1111 1111 1111"))
    validated = reports.validate(report, BASE, "input")
    assert validated.replaced_name_count == 2
    assert reports.validate(validated, BASE, "input").replaced_name_count == 0
