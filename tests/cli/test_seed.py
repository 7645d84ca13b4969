"""Synthetic people are the same ones every time, whole, and added to what is there."""

import asyncio
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.cli.commands import Ran, privacy
from tests.conftest import Api, Cleaner, Databases, World

TABLES = {
    "subjects": 1,
    "email_addresses": 1,
    "accounts": 1,
    "consent_events": 6,
    "payment_fragments": 1,
    "sync_accounts": 2,
    "sync_clients": 2,
}


async def ids(world: World) -> list[Any]:
    async with world.database.readers.acquire() as connection:
        return [row[0] for row in await connection.fetch("SELECT id FROM subjects ORDER BY id")]


@pytest.mark.anyio
async def test_seeding_a_hundred_after_fifty_adds_fifty(
    api: Api, world: World, clean: Databases, cleaners: tuple[Cleaner, ...], tmp_path: Path
) -> None:
    async def seeded(count: int) -> str:
        ran = await privacy("seed", "--subjects", str(count), on=clean, at=tmp_path)
        assert ran.code == 0, ran.errors
        return ran.out.strip()

    assert await seeded(50) == "50 people added, 0 existed before"
    first = await ids(world)
    assert await seeded(100) == "50 people added, 50 existed before"
    assert await seeded(100) == "0 people added, 100 existed before"
    both = await ids(world)
    assert both[:50] == first
    assert {subject_id.version for subject_id in both} == {7}
    async with world.database.readers.acquire() as connection:
        for table, each in TABLES.items():
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 100 * each
        counts = await connection.fetch("SELECT count(*) FROM subjects, jsonb_object_keys(choices) GROUP BY id")
        assert [row[0] for row in counts] == [6] * 100
    document = 'query { subject(by: {email: "user77@example.com"}) { displayName emails { address } } }'
    page = api.ask("SUPPORT", document).data["subject"]
    assert page["displayName"]
    assert page["emails"] == [{"address": "user77@example.com"}]
    cards = 'query { subject(by: {email: "user77@example.com"}) { paymentFragments { lastDigits expiryYear } } }'
    assert len(api.ask("BILLING", cards).data["subject"]["paymentFragments"][0]["lastDigits"]) == 4

    # The same people in another database, from two who seed it at once; the one who is there already stays.
    for cleaner in cleaners:
        await asyncio.to_thread(cleaner.clean)
    known = api.register("user7@example.com")
    runs: list[Ran] = []

    async def seed() -> None:
        runs.append(await privacy("seed", "--subjects", "100", on=clean, at=tmp_path))

    async with anyio.create_task_group() as group:
        group.start_soon(seed)
        group.start_soon(seed)
    assert sorted(ran.out.strip() for ran in runs) == [
        "0 people added, 100 existed before",
        "99 people added, 1 existed before",
    ]
    assert {subject_id.hex for subject_id in await ids(world)} ^ {subject_id.hex for subject_id in both} == {
        both[6].hex,
        known.removeprefix("sub_"),
    }
