"""Access events are appended in one statement and found by person, actor, time and grant, a page at a time."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from models.actors import Actor
from models.audit import events
from models.audit.events import AccessAction, AccessEventRow, EventGroup, EventTemplate
from models.storage.ids import new_id
from models.storage.pagination import Page, PageRequest
from tests.conftest import World
from tests.models.audit.event_samples import ADA, BOB, EVERYTHING, OTHER, START, append_at, find, read_by, sample_events
from tests.models.audit.sample_log import AGENT

pytestmark = pytest.mark.anyio


async def test_an_event_holds_what_its_template_and_its_person_say(world: World) -> None:
    grant_id = new_id()
    await append_at(world, START, read_by(AGENT._replace(identity="tok_1"), ADA, grant_id=grant_id))
    [event] = (await find(world, EVERYTHING, PageRequest(10))).rows
    expected = (START, "an agent", "SUPPORT", "case/1", ADA, "READ", ["Subject.emails"], "Page", bytes(32), grant_id)
    assert [*event[1:]] == [*expected, "tok_1", None]


async def test_several_groups_are_appended_together_and_equal_ones_twice(world: World) -> None:
    refusal = EventGroup(EventTemplate(OTHER, AccessAction.REFUSED, ("Subject.country",)), (None,))
    await append_at(world, START, read_by(AGENT, ADA, BOB), read_by(AGENT, ADA), refusal)
    rows = (await find(world, EVERYTHING, PageRequest(10))).rows
    assert sorted((row.action, row.subject_id or UUID(int=0)) for row in rows) == sorted(
        [("READ", ADA), ("READ", BOB), ("READ", ADA), ("REFUSED", UUID(int=0))]
    )
    assert len({row.id for row in rows}) == 4


async def test_events_of_each_person_come_newest_first_and_pages_meet(world: World) -> None:
    by_person = {
        subject_id: [row for row in await sample_events(world) if row.subject_id == subject_id] for subject_id in (ADA,)
    }
    stranger = new_id()

    async def read(page: PageRequest, ids: Sequence[UUID]) -> dict[UUID, Page[AccessEventRow]]:
        async with world.database.readers.acquire() as connection:
            return dict(await events.of_subjects(connection, ids, page))

    pages = await read(PageRequest(3), [ADA, stranger])
    assert pages[stranger] == Page([], False)
    assert (pages[ADA].rows, pages[ADA].has_next) == (by_person[ADA][:3], True)
    last = pages[ADA].rows[-1]
    rest = await read(PageRequest(3, (last.at, last.id)), [ADA])
    assert (rest[ADA].rows, rest[ADA].has_next) == (by_person[ADA][3:], False)


async def test_events_of_grants_come_oldest_first(world: World) -> None:
    first, second = new_id(), new_id()
    await append_at(world, START + timedelta(minutes=1), read_by(AGENT, ADA, grant_id=first))
    await append_at(world, START, read_by(OTHER, ADA, grant_id=first), read_by(AGENT, BOB))
    async with world.database.readers.acquire() as connection:
        groups = await events.of_grants(connection, [first, second])
    assert [row.actor for row in groups[first]] == ["another agent", "an agent"]
    assert groups[second] == []


@pytest.mark.parametrize(
    ("actor", "operation"),
    [(AGENT._replace(case="ada@example.com"), None), (AGENT._replace(case="x" * 65), None), (AGENT, "a b")],
)
async def test_the_database_refuses_free_text_in_an_event(world: World, actor: Actor, operation: str | None) -> None:
    group = EventGroup(EventTemplate(actor, AccessAction.READ, (), operation), [ADA])
    with pytest.raises(asyncpg.CheckViolationError):
        await append_at(world, START, group)
