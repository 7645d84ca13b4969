"""Sync metadata is read in batches, and files are read under an access grant only."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from models.access import access_grants, grant_decisions
from models.actors import Actor, Role
from models.storage.ids import new_id
from models.storage.pagination import PageRequest
from models.sync import accounts, reports
from models.sync.file_lists import FileReport
from models.sync.reports import ClientReport, SyncReport
from models.unit_of_work import unit_of_work
from tests.conftest import World
from tests.models.unit_of_work import named, registered

pytestmark = pytest.mark.anyio
AT = datetime(2026, 1, 1, tzinfo=UTC)
CASE = "case/1"


async def recorded(world: World, who: UUID, reference: str = "sync-1") -> UUID:
    files = [FileReport(f"file {number}", number, AT) for number in range(3)]
    report = SyncReport(reference, 100, 3, AT, ClientReport("Outliner", "5.1", "macOS 15", "Outliner/5.1"), files)
    async with world.unit() as unit:
        return await reports.record_sync(unit, named(who), report)


async def grant_opened(world: World, who: UUID) -> UUID:
    """Open an access grant that a second actor approves."""
    asking, approving = (Actor(name, Role.SUPPORT, (Role.SUPPORT,), CASE) for name in ("asking", "approving"))
    async with unit_of_work(world.database, world.keyring, asking, "openAccessGrant") as unit:
        grant_id = await access_grants.open_access_grant(unit, named(who), 30)
    async with unit_of_work(world.database, world.keyring, approving, "approveAccessGrant") as unit:
        return await grant_decisions.approve_access_grant(unit, grant_id)


async def test_accounts_and_clients_are_grouped_by_their_owners(world: World) -> None:
    first, second = await registered(world), await registered(world, "second@example.com")
    account_id = await recorded(world, first)
    async with world.database.readers.acquire() as connection:
        by_subject = await accounts.of_subjects(connection, [first, second])
        by_id = await accounts.by_ids(connection, [account_id, second])
        own, foreign = (first, account_id), (second, account_id)
        clients = await accounts.clients_of_accounts(connection, [own, foreign])
    assert [row.id for row in by_subject[first]] == [account_id]
    assert by_subject[second] == []
    assert by_id[account_id] == by_subject[first][0]
    assert by_id[second] is None
    assert by_subject[first][0].owned_id == own
    assert ([row.subject_id for row in clients[own]], clients[foreign]) == ([first], [])


async def test_files_are_returned_under_an_open_grant_of_the_actor_and_the_case(world: World) -> None:
    who = await registered(world)
    account_id = await recorded(world, who)
    grant_id = await grant_opened(world, who)
    async with world.database.readers.acquire() as connection:
        for actor, case, count in (("asking", CASE, 2), ("approving", CASE, 0), ("asking", "case/2", 0)):
            request = PageRequest(2, actor=actor, case=case)
            page = (await accounts.files_of_accounts(connection, [account_id], request))[account_id]
            assert (page.subject_id, page.grant_id) == (who, grant_id if count else None)
            assert (len(page.page.rows), page.page.has_next) == (count, count > 0)


async def test_files_are_read_in_pages(world: World) -> None:
    who = await registered(world)
    account_id = await recorded(world, who)
    await grant_opened(world, who)
    key = await world.keyring.key_of(who)
    names, after = [], None
    async with world.database.readers.acquire() as connection:
        for _ in range(3):
            request = PageRequest(1, after, "asking", CASE)
            page = (await accounts.files_of_accounts(connection, [account_id], request))[account_id].page
            names += [accounts.FILE_NAME.decrypt(key, row.name) for row in page.rows]
            after = (page.rows[-1].id,)
        assert not page.has_next
    assert sorted(names) == ["file 0", "file 1", "file 2"]


async def test_an_unknown_account_has_no_subject_and_no_files(world: World) -> None:
    unknown = new_id()
    async with world.database.readers.acquire() as connection:
        page = (await accounts.files_of_accounts(connection, [unknown], PageRequest(2)))[unknown]
    assert (page.subject_id, page.grant_id, page.page.rows) == (None, None, [])
