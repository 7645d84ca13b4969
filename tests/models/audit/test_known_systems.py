"""A system that registered, changed or read a person is known to hold the person; scripts are not."""

import pytest

from models.actors import COMMAND_LINE, Actor, Role
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.consent import opt_outs
from models.consent.ledger import Channel
from models.erasure import scope
from models.registration import registering
from models.registration.registering import Registration
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.erasure.erased_people import registered

pytestmark = pytest.mark.anyio
ADA = SubjectIdentifier.email("ada@example.com")


async def known(world: World) -> list[str]:
    async with world.database.readers.acquire() as connection:
        return [row[0] for row in await connection.fetch("SELECT system FROM known_systems ORDER BY system")]


async def test_a_system_that_registers_or_opts_out_is_known_once(world: World) -> None:
    for _ in range(2):
        async with world.unit(Role.STORE, "shop") as unit:
            await registering.register_or_complete(unit, Registration("ada@example.com"))
    async with world.unit(Role.SERVICE, "letters") as unit:
        await opt_outs.opt_out(unit, ADA, ["newsletter"], Channel.NEWSLETTER)
    assert await known(world) == ["letters", "shop"]


@pytest.mark.parametrize(
    ("actor", "systems"),
    [
        (Actor("s", Role.SYNC, (Role.SYNC,), system="cloud"), ["cloud"]),
        (Actor("s", Role.SYNC, (Role.SYNC,)), []),
        (Actor("s", Role.ADMIN, (Role.ADMIN,), system="archive"), []),
        (Actor("s", Role.SUPPORT, (Role.SUPPORT,), system="desk"), []),
        (Actor("s", Role.ADMIN, (Role.ADMIN,), system="crm", identity=COMMAND_LINE), ["crm"]),
    ],
)
async def test_a_read_makes_the_systems_of_services_known(world: World, actor: Actor, systems: list[str]) -> None:
    subject_id = await registered(world, "ada@example.com")
    async with world.database.writers.acquire() as connection:
        for action in (AccessAction.REFUSED, AccessAction.READ):
            template = EventTemplate(actor, action, ("SyncAccount.reference",))
            await events.append(connection, [EventGroup(template, (subject_id, None))])
            assert await known(world) == (systems if action is AccessAction.READ else [])


async def test_a_person_who_is_being_erased_gets_no_new_system(world: World) -> None:
    subject_id = await registered(world, "ada@example.com")
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE subjects SET status = 'ERASING'")
    template = EventTemplate(Actor("s", Role.SYNC, (Role.SYNC,), system="cloud"), AccessAction.READ, ("x",))
    async with world.database.writers.acquire() as connection:
        await events.append(connection, [EventGroup(template, (subject_id,))])
        await scope.erase(connection, [subject_id])
    assert await known(world) == []
