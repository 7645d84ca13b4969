"""Tests of what a retention rule removes: only what is old enough, in batches, and nothing of a person under a hold."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from models.actors import Role
from models.data_categories import DataCategory
from models.payments import fragments
from models.payments.fragments import FragmentInput
from models.registration import registering
from models.registration.registering import Registration
from models.retention import counting, holds
from models.retention.grounds import RetentionGround
from models.retention.runs import RetentionRuns, next_batch
from models.storage.clock import now
from models.subjects.identifiers import SubjectIdentifier
from models.sync import reports
from models.sync.file_lists import FileReport
from models.sync.reports import ClientReport, SyncReport
from tests.conftest import World

pytestmark = pytest.mark.anyio
TODAY = date(2027, 1, 1)
SET_YESTERDAY = (
    "UPDATE retention_rules SET set_at = '2026-12-31 12:00Z', last_run_at = NULL, last_run_removed = 0, "
    "counted_at = now()"
)


async def register(world: World, name: str, days: int, years: tuple[int, ...] = ()) -> UUID:
    """Register a person whose sync account reported that many days ago, with cards of these years of expiry."""
    person = SubjectIdentifier.email(f"{name}@example.com")
    at = now() - timedelta(days=days)
    async with world.unit() as unit:
        subject_id = await registering.register_or_complete(unit, Registration(person.normalized))
        for year in years:
            await fragments.store_payment_fragment(unit, person, FragmentInput(f"{name}-{year}", "4242", 12, year))
    async with world.unit(Role.SYNC) as unit:
        files = [FileReport(f"file {number}", 1, at) for number in range(5)]
        report = SyncReport(f"sync-{name}", 5, 5, at, ClientReport("App", "1", "OS", "App/1"), files)
        await reports.record_sync(unit, person, report)
    return subject_id


async def count(world: World, table: str) -> int:
    async with world.database.readers.acquire() as connection:
        counted: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return counted


async def execute(world: World, sql: str) -> None:
    async with world.database.transaction() as connection:
        await connection.execute(sql)


async def run_all(world: World, today: date, batch: int = 3) -> int:
    """Run all rules, by another worker each time. Return the number of batches."""
    batches = 0
    while await RetentionRuns(world.database, world.keyring, batch=batch).run_next(today):
        batches += 1
    return batches


async def test_what_was_not_reported_for_30_days_is_removed_once_a_day_in_batches(world: World) -> None:
    """The policy: "Most information we collect may be stored indefinitely", and what is not is named by a rule."""
    await execute(world, SET_YESTERDAY)
    await register(world, "old", 31)
    await register(world, "new", 29)
    assert await run_all(world, TODAY - timedelta(days=1)) == 0, "a rule first runs on the day after it was set"
    assert await run_all(world, TODAY) > 4
    assert (await count(world, "sync_files"), await count(world, "sync_clients")) == (5, 1)
    assert await count(world, "sync_accounts") == 2, "the account itself stays"
    async with world.database.readers.acquire() as connection:
        rule = await connection.fetchrow(
            "SELECT last_run_removed, would_remove, last_run_at FROM retention_rules WHERE category = 'SYNC_FILE_NAMES'"
        )
        removed = await connection.fetchval(
            "SELECT removed FROM retention_runs WHERE category = 'SYNC_FILE_NAMES' AND completed_at IS NOT NULL"
        )
    assert rule
    assert (rule[0], rule[1], removed) == (5, 0, 5)
    assert rule[2] is not None
    await register(world, "older", 40)
    assert await run_all(world, TODAY) == 0, "once a day"
    assert await run_all(world, TODAY + timedelta(days=1)) > 0
    assert await count(world, "sync_files") == 5


@pytest.mark.parametrize(
    ("batch", "milliseconds", "next_one"),
    [(10, 1, 20), (200, 5, 250), (250, 5, 250), (250, 30, 250), (250, 60, 125), (20, 500, 10), (10, 500, 10)],
)
async def test_slow_transactions_are_followed_by_smaller_ones(batch: int, milliseconds: int, next_one: int) -> None:
    assert next_batch(batch, milliseconds / 1000, 250) == next_one


async def test_a_card_is_removed_24_months_after_it_expired(world: World) -> None:
    await register(world, "ada", 1, (2020, 2021, now().year - 1, 2040))
    await execute(world, "UPDATE payment_fragments SET stored_at = now() - interval '3 years'")
    async with world.unit() as unit:
        due = await counting.count_due(unit.connection, unit.keyring, DataCategory.PAYMENT_FRAGMENTS, 730)
    assert due == 2
    await execute(world, SET_YESTERDAY)
    await run_all(world, TODAY)
    assert await count(world, "payment_fragments") == 2


async def test_a_hold_stops_the_rules_for_its_person_only(world: World) -> None:
    await execute(world, SET_YESTERDAY)
    await register(world, "held", 60, (2020,))
    await register(world, "free", 60, (2020,))
    await execute(world, "UPDATE payment_fragments SET stored_at = now() - interval '3 years'")
    person = SubjectIdentifier.email("held@example.com")
    async with world.unit(Role.PRIVACY) as unit:
        await holds.hold_retention(unit, person, RetentionGround.LEGAL_CLAIM, "26-cv-17")
    await run_all(world, TODAY)
    assert (await count(world, "sync_files"), await count(world, "payment_fragments")) == (5, 1)
    async with world.unit(Role.PRIVACY) as unit:
        await holds.release_retention(unit, person)
    await run_all(world, TODAY + timedelta(days=1))
    assert (await count(world, "sync_files"), await count(world, "payment_fragments")) == (0, 0)


async def test_traces_of_sent_letters_go_after_a_year_and_waiting_ones_stay(world: World) -> None:
    await execute(world, SET_YESTERDAY)
    await register(world, "ada", 1)
    for state in ("QUEUED", "SENT", "DROPPED", "FAILED", "UNCERTAIN"):
        for days in (364, 366):
            await execute(
                world,
                "INSERT INTO letters (subject_id, id, deed, letter, recipient, has_own_key, state, posted_at, due_at) "
                "SELECT id, gen_random_uuid(), 'consent:' || to_hex(floor(random() * 1e9)::int), 'opted_out', "
                f"gen_random_uuid(), FALSE, '{state}', now() - interval '{days} days', now() FROM subjects",
            )
    await run_all(world, TODAY)
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT state, count(*) FROM letters GROUP BY state")
    assert {row[0]: row[1] for row in rows} == {"QUEUED": 2, "SENT": 1, "DROPPED": 1, "FAILED": 2, "UNCERTAIN": 2}
