"""Tests of the change feed: one order for all readers, without gaps, while writers and workers run side by side."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from models.consent import changes
from models.consent.changes import ConsentChangeRow, FeedReader, FeedStart
from models.errors import CursorExpired
from models.registration import registering
from models.storage.pagination import Page, PageRequest
from models.subjects import restrictions, subjects
from models.subjects.subjects import SubjectStatus
from tests.conftest import World
from tests.models.unit_of_work import granted, named, refused, refused_all, registered
from workers.change_sequencer import ChangeSequencer

pytestmark = pytest.mark.anyio


async def read(
    world: World, after: tuple[str, int] | None = None, start: FeedStart = FeedStart.BEGINNING, first: int = 100
) -> Page[ConsentChangeRow]:
    async with world.database.readers.acquire() as connection:
        reader = FeedReader(start)
        return (await changes.changes_after(connection, [reader], PageRequest(first, after)))[reader]


def end_of(page: Page[ConsentChangeRow]) -> tuple[str, int]:
    if page.rows:
        return page.rows[-1].feed, page.rows[-1].position
    assert page.end
    return page.end[0], page.end[1]


async def read_all(world: World) -> list[ConsentChangeRow]:
    await ChangeSequencer(world.database).drain()
    return list((await read(world)).rows)


def summaries(rows: Sequence[ConsentChangeRow]) -> list[tuple[str, str | None, str | None]]:
    return [(row.kind, row.purpose, row.state) for row in rows]


async def test_every_kind_of_change_is_in_the_feed_once(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    await granted(world, who)  # a repetition is no change
    await refused(world, who)
    async with world.unit() as unit:
        await restrictions.restrict(unit, named(who))
    async with world.unit() as unit:
        await restrictions.lift_restriction(unit, named(who))
    async with world.database.transaction() as connection:
        for status in (SubjectStatus.ERASING, SubjectStatus.ERASED):
            await subjects.SET_STATUS.run(connection, id=who, status=status)
    rows = await read_all(world)
    assert summaries(rows) == [
        ("CHOICE", "newsletter", "GRANTED"),
        ("CHOICE", "newsletter", "WITHDRAWN"),
        ("RESTRICTED", None, None),
        ("RESTRICTION_LIFTED", None, None),
        ("ERASING", None, None),
        ("ERASED", None, None),
    ]
    assert {row.subject_id for row in rows} == {who}


async def test_an_opt_out_of_everything_is_a_change_of_its_own(world: World) -> None:
    who = await registered(world)
    await refused_all(world, who)
    await refused_all(world, who)
    kinds = [row.kind for row in await read_all(world)]
    assert kinds.count("OPTED_OUT_OF_ALL") == 1
    assert {*kinds} == {"OPTED_OUT_OF_ALL", "CHOICE"}


async def test_a_change_without_a_position_is_not_read(world: World) -> None:
    await granted(world, await registered(world))
    page = await read(world)
    assert page.rows == []
    await ChangeSequencer(world.database).drain()
    assert [row.kind for row in (await read(world, end_of(page))).rows] == ["CHOICE"]


async def test_a_reader_that_starts_now_gets_what_comes_later(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    await ChangeSequencer(world.database).drain()
    cursor = end_of(await read(world, start=FeedStart.NOW))
    await refused(world, who)
    await ChangeSequencer(world.database).drain()
    assert summaries((await read(world, cursor)).rows) == [("CHOICE", "newsletter", "WITHDRAWN")]


async def write(world: World, people: Sequence[UUID], turn: int) -> None:
    for index in range(12):
        who = people[(turn + index) % len(people)]
        if (turn + index) % 2:
            await granted(world, who)
        else:
            await refused(world, who)


async def place(world: World, done: asyncio.Event) -> None:
    while not done.is_set():
        await ChangeSequencer(world.database).drain()
        await asyncio.sleep(0)


async def follow(world: World, done: asyncio.Event, size: int) -> list[ConsentChangeRow]:
    """Read pages of this size until nothing more can come; return all rows in the order of their reading."""
    rows: list[ConsentChangeRow] = []
    cursor: tuple[str, int] | None = None
    while True:
        was_done = done.is_set()
        page = await read(world, cursor, first=size)
        rows += page.rows
        cursor = end_of(page)
        if was_done and not page.rows:
            return rows


async def test_readers_get_each_change_once_in_one_order_while_writers_and_workers_run(world: World) -> None:
    people = [await registered(world, f"user{index}@example.com") for index in range(6)]
    written, placed = asyncio.Event(), asyncio.Event()
    readers = [asyncio.create_task(follow(world, placed, size)) for size in (1, 3, 100)]
    workers = [asyncio.create_task(place(world, written)) for _ in range(2)]
    await asyncio.gather(*(write(world, people, turn) for turn in range(4)))
    written.set()
    await asyncio.gather(*workers)
    await ChangeSequencer(world.database).drain()
    placed.set()
    complete = list((await read(world, first=10_000)).rows)
    for rows in await asyncio.gather(*readers):
        assert rows == complete
    async with world.database.readers.acquire() as connection:
        stored = await connection.fetch("SELECT subject_id, number, position FROM consent_changes ORDER BY position")
    assert [row["position"] for row in stored] == [row.position for row in complete]
    for who in people:
        numbers = [row["number"] for row in stored if row["subject_id"] == who]
        assert numbers == sorted(numbers)


async def test_a_cursor_from_before_a_pruning_or_a_restore_is_refused(world: World) -> None:
    who = await registered(world)
    start = end_of(await read(world))
    await granted(world, who)
    [row] = await read_all(world)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE consent_changes SET noted_at = now() - interval '91 days'")
        assert await changes.prune_changes(connection, 100)
        assert not await changes.prune_changes(connection, 100)
    with pytest.raises(CursorExpired):
        await read(world, start)
    assert (await read(world, (row.feed, row.position))).rows == []
    with pytest.raises(CursorExpired):
        await read(world, (row.feed, row.position + 1))
    async with world.database.transaction() as connection:
        await changes.renew_feed(connection)
    with pytest.raises(CursorExpired):
        await read(world, (row.feed, row.position))


async def test_a_change_of_a_transaction_that_fails_is_none(world: World) -> None:
    who = await registered(world)

    async def fail(subject_id: UUID) -> None:
        async with world.unit() as unit:
            await registering.register_or_complete(unit, registering.Registration("user@example.com"))
            await restrictions.restrict(unit, named(subject_id))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail(who)
    assert await read_all(world) == []


async def test_an_erased_person_of_a_replay_is_in_the_feed(world: World) -> None:
    async with world.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO subjects (id, status, registered_at, regime) "
            "VALUES ('00000000-0000-7000-8000-000000000001', 'ERASED', now(), 'OTHER')"
        )
    assert [row.kind for row in await read_all(world)] == ["ERASED"]
