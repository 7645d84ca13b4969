"""The search for access events by person, actor and time, a page at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, bindparam, select, tuple_

from models.audit.events import AccessEvent, AccessEventRow
from models.storage.columns import Text, Timestamp, Uuid
from models.storage.pagination import Page, PageRequest, read_page
from models.storage.statement import Connection, Statement, reads


class EventFilter(NamedTuple):
    """The events to find. A field that is None matches every event."""

    subject_id: UUID | None
    actor: str | None
    since: datetime | None


_COLUMNS = (
    *("id", "at", "actor", "role", "case_reference", "subject_id", "action", "fields", "operation"),
    *("operation_hash", "grant_id", "actor_identity", "occurrences"),
)
_FILTERS = ("subject_id", "actor", "since", "after")


def _find_statement(*filters: str) -> Statement:
    """Return the statement for a combination of filters. Each has its own, so that PostgreSQL can use its index."""
    event: Any = AccessEvent
    clauses = {
        "subject_id": event.subject_id == bindparam("subject_id", type_=Uuid),
        "actor": event.actor == bindparam("actor", type_=Text),
        "since": event.at >= bindparam("since", type_=Timestamp),
        "after": tuple_(event.at, event.id)
        < tuple_(bindparam("after_at", type_=Timestamp), bindparam("after_id", type_=Uuid)),
    }
    return Statement(
        select(*(getattr(event, name) for name in _COLUMNS))
        .where(*(clauses[name] for name in filters))
        .order_by(event.at.desc(), event.id.desc())
        .limit(bindparam("first", type_=Integer))
    )


FIND_EVENTS = {
    filters: _find_statement(*filters) for size in range(len(_FILTERS) + 1) for filters in combinations(_FILTERS, size)
}
"""The statements that find events, the newest first, by the filters that they apply."""


@reads(*FIND_EVENTS.values())
async def find_events(
    connection: Connection, keys: Sequence[EventFilter], page: PageRequest
) -> Mapping[EventFilter, Page[AccessEventRow]]:
    """Return a page of the events that match each filter, the newest first."""
    pages = {}
    for key in keys:
        values = {**key._asdict(), "after": page.after}
        statement = FIND_EVENTS[tuple(name for name in _FILTERS if values[name] is not None)]
        pages[key] = await read_page(connection, statement, AccessEventRow._make, page, **key._asdict())
    return pages
