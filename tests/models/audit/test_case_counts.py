"""Tests of the counts of people under a case."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models.actors import Actor, Role
from models.audit.case_counts import CaseCount, cases_beyond
from tests.conftest import World
from tests.models.audit.event_samples import append_at, read_by

pytestmark = pytest.mark.anyio
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def agent(name: str, case: str | None) -> Actor:
    return Actor(name, Role.SUPPORT, (Role.SUPPORT,), case)


async def test_people_of_a_case_are_counted_once_a_day(world: World) -> None:
    people = [UUID(int=number) for number in range(1, 6)]
    for actor in (agent("ann", "case/1"), agent("bob", "case/1"), agent("ann", "case/2"), agent("a store", None)):
        await append_at(world, NOON, read_by(actor, *(people if actor.case != "case/2" else people[:2])))
        await append_at(world, NOON, read_by(actor, *people[:2]))
    await append_at(world, NOON - timedelta(days=1), read_by(agent("ann", "case/2"), *people))
    async with world.database.readers.acquire() as connection:
        assert [row[:3] for row in await cases_beyond(connection, NOON, 4)] == [("case/1", 5, ["ann", "bob"])]
        assert await cases_beyond(connection, NOON, 5) == []
        assert [row.people for row in await cases_beyond(connection, NOON, 1)] == [5, 2]


def test_a_case_has_one_notice_a_day() -> None:
    first = CaseCount("case/1", 5, ["ann"], NOON)
    assert first.notice_id == first._replace(people=9, actors=["bob"]).notice_id
    assert (
        len(
            {
                first.notice_id,
                first._replace(case="case/2").notice_id,
                first._replace(day=NOON + timedelta(days=1)).notice_id,
            }
        )
        == 3
    )
