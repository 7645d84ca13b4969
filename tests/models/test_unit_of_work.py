"""A unit of work commits its writes together with an access event for each person, or nothing."""

from uuid import UUID

import pytest

from models.actors import Actor, Role
from models.audit.events import AccessAction
from models.registration import registering
from models.registration.registering import Registration
from models.storage.ids import new_id
from models.unit_of_work import unit_of_work
from tests.conftest import World
from tests.models.unit_of_work import counted

pytestmark = pytest.mark.anyio
ACTOR = Actor("an agent", Role.SUPPORT, (Role.SUPPORT,), "case/1")


async def logged(world: World) -> list[tuple[str, str, list[str], UUID | None, str | None, bytes | None]]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT actor, action, fields, subject_id, operation, operation_hash FROM access_events ORDER BY at, id"
        )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


async def test_the_event_names_the_mutation_the_operation_and_the_person(world: World) -> None:
    async with unit_of_work(world.database, world.keyring, ACTOR, "registerSubject", "Sign", bytes(32)) as unit:
        subject_id = await registering.register_or_complete(unit, Registration("ada@example.com"))
    assert await logged(world) == [("an agent", "WRITE", ["registerSubject"], subject_id, "Sign", bytes(32))]
    assert await counted(world, "subjects") == 1


async def test_each_person_gets_one_event_however_often_it_is_named(world: World) -> None:
    first, second = new_id(), new_id()
    async with unit_of_work(world.database, world.keyring, ACTOR, "test") as unit:
        unit.subject_ids += [first, second, first]
    assert sorted(row[3] for row in await logged(world) if row[3]) == sorted([first, second])


async def test_a_unit_without_a_person_has_one_event(world: World) -> None:
    async with unit_of_work(world.database, world.keyring, ACTOR, "test") as unit:
        unit.action = AccessAction.GRANT
    assert await logged(world) == [("an agent", "GRANT", ["test"], None, None, None)]


async def test_an_exception_rolls_back_the_writes_and_leaves_no_event(world: World) -> None:
    async def fail() -> None:
        async with unit_of_work(world.database, world.keyring, ACTOR, "registerSubject") as unit:
            await registering.register_or_complete(unit, Registration("ada@example.com"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert (await counted(world, "subjects"), await logged(world)) == (0, [])


async def test_writes_without_their_event_are_not_committed(world: World) -> None:
    """The database refuses the event, because the case is no reference."""
    prose = ACTOR._replace(case="she called again")

    async def act() -> None:
        async with unit_of_work(world.database, world.keyring, prose, "registerSubject") as unit:
            await registering.register_or_complete(unit, Registration("ada@example.com"))

    with pytest.raises(Exception, match="case_is_a_reference"):
        await act()
    assert (await counted(world, "subjects"), await logged(world)) == (0, [])
