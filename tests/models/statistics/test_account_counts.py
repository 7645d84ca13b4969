"""Tests of the counts of accounts: what is indexed is not decrypted, and what is not is read whole."""

import random
from datetime import UTC, datetime
from uuid import UUID

import pytest

from models.statistics import account_counts
from models.statistics.account_counts import AccountCounts
from models.statistics.client_texts import ClientTexts, PageRange
from models.statistics.counters import Counters
from models.statistics.figures import ClientDimension
from models.storage.turns import run_at_once
from models.sync import reports
from models.sync.reports import ClientReport, SyncReport
from tests.conftest import World
from tests.models.unit_of_work import named, registered

pytestmark = pytest.mark.anyio
ALL = PageRange(UUID(int=0), UUID(int=2**128 - 1), [])
AT = datetime(2026, 1, 1, tzinfo=UTC)


async def person_with_clients(world: World, *accounts: tuple[str, ...]) -> UUID:
    """Register a person with accounts; each is the list of the versions that report it."""
    who = await registered(world, f"user-{random.randrange(10**9)}@example.com")
    for number, versions in enumerate(accounts):
        for version in versions:
            client = ClientReport("Planner", version, "macOS", "Planner")
            report = SyncReport(f"{who}-{number}", 100 + number, 1, AT, client)
            async with world.unit() as unit:
                await reports.record_sync(unit, named(who), report)
    return who


async def read(world: World, texts: ClientTexts, page: PageRange = ALL) -> AccountCounts:
    async with world.database.readers.acquire() as connection:
        return await account_counts.read(connection, world.keyring, texts, page)


@pytest.fixture
async def people(world: World) -> list[UUID]:
    """People whose clients are counted alone, in groups, and one by one."""
    shapes: list[tuple[tuple[str, ...], ...]] = [(("1",),), (("1", "2", "3"),), (("1",), ("2",)), (("1", "2"), ("2",))]
    return [await person_with_clients(world, *shape) for shape in shapes]


async def test_reports_are_counted_without_decryption(world: World, people: list[UUID]) -> None:
    texts = ClientTexts(world.keyring)
    page = await read(world, texts)
    assert page.encrypted_clients == {}
    assert {row[5] for row in page.counts if row[0] == "several clients"} == {people[1], people[3]}
    assert sorted(texts.by_index.values()) == ["1", "2", "3", "Planner", "macOS"]
    counters = Counters()
    assert run_at_once(account_counts.add(counters, texts, page)) == []
    assert amounts(counters, texts) == {("1", 1): 4, ("2", 1): 2, ("2", 2): 1, ("3", 1): 1}


async def test_a_person_with_one_client_without_an_index_is_decrypted(world: World, people: list[UUID]) -> None:
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE sync_clients SET index_version = NULL WHERE lookup_hash = "
            "(SELECT min(lookup_hash) FROM sync_clients WHERE subject_id = $1)",
            people[1],
        )
    texts, counters = ClientTexts(world.keyring), Counters()
    page = await read(world, texts)
    assert {who: len(clients) for who, clients in page.encrypted_clients.items()} == {people[1]: 3}
    [(client, _)] = run_at_once(account_counts.add(counters, texts, page))
    assert client.subject_id == people[1]
    assert amounts(counters, texts) == {("1", 1): 4, ("2", 1): 2, ("2", 2): 1, ("3", 1): 1}


async def test_the_clients_of_people_without_a_key_count_as_none(world: World, people: list[UUID]) -> None:
    texts, counters = ClientTexts(world.keyring), Counters()
    page = await read(world, texts, ALL._replace(without_key=people[1:]))
    run_at_once(account_counts.add(counters, texts, page))
    assert amounts(counters, texts) == {("1", 1): 1}
    assert counters.clients.without_client == {1: 1, 2: 2}


def amounts(counters: Counters, texts: ClientTexts) -> dict[tuple[str, int], int]:
    """Return how many people have a number of accounts of a version."""
    people = counters.clients.people[ClientDimension.VERSION]
    return {(texts.by_index[index], amount): count for (index, amount), count in people.items()}
