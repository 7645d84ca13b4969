"""Access events of two people and two actors, and functions that append and find events."""

from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

from models.actors import Actor, Role
from models.audit import event_search, events
from models.audit.event_search import EventFilter
from models.audit.events import AccessAction, AccessEventRow, EventGroup, EventTemplate
from models.storage.clock import now, use_clock
from models.storage.ids import new_id
from models.storage.pagination import Page, PageRequest
from tests.conftest import World
from tests.models.audit.sample_log import AGENT

ADA, BOB = new_id(), new_id()
OTHER = Actor("another agent", Role.PRIVACY, (Role.PRIVACY,), "case/2")
START = now() - timedelta(minutes=10)
EVERYTHING = EventFilter(None, None, None)


async def append_at(world: World, at: datetime, *groups: EventGroup) -> None:
    async with world.database.transaction() as connection:
        with use_clock(lambda: at):
            await events.append(connection, groups)


def read_by(actor: Actor, *subject_ids: UUID, grant_id: UUID | None = None) -> EventGroup:
    return EventGroup(
        EventTemplate(actor, AccessAction.READ, ("Subject.emails",), "Page", bytes(32), grant_id), subject_ids
    )


async def find(world: World, event_filter: EventFilter, page: PageRequest) -> Page[AccessEventRow]:
    async with world.database.readers.acquire() as connection:
        return (await event_search.find_events(connection, [event_filter], page))[event_filter]


async def sample_events(world: World) -> list[AccessEventRow]:
    """Append eight events of two people and two actors, a minute apart; return them, the newest first."""
    for minute, (actor, subject_id, _) in enumerate(product((AGENT, OTHER), (ADA, BOB), range(2))):
        await append_at(world, START + timedelta(minutes=minute), read_by(actor, subject_id))
    return list((await find(world, EVERYTHING, PageRequest(100))).rows)
