"""Tests of the search for access events."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from models.audit.event_search import EventFilter
from models.audit.events import AccessEventRow
from models.storage.pagination import PageRequest
from tests.conftest import World
from tests.models.audit.event_samples import ADA, START, find, sample_events

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("subject_id", [None, ADA])
@pytest.mark.parametrize("actor", [None, "an agent"])
@pytest.mark.parametrize("since", [None, START + timedelta(minutes=1)])
async def test_events_are_found_by_every_combination_of_filters(
    world: World, subject_id: UUID | None, actor: str | None, since: datetime | None
) -> None:
    expected = [
        row
        for row in await sample_events(world)
        if subject_id in {None, row.subject_id} and actor in {None, row.actor} and (since is None or row.at >= since)
    ]
    rows: list[AccessEventRow] = []
    after: tuple[datetime, UUID] | None = None
    has_next = True
    while has_next:
        page = await find(world, EventFilter(subject_id, actor, since), PageRequest(2, after))
        rows += page.rows
        has_next = page.has_next
        after = (rows[-1].at, rows[-1].id)
    assert rows == expected
