"""What is shown of access events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from models.actors import Role
from models.audit import events
from models.audit.events import AccessAction, AccessEventRow, EventFilter
from models.storage.ids import Prefix, format_id, parse_id_of
from resolvers.context import RequestContext
from resolvers.field_sources import column, object_type
from resolvers.inputs import given
from resolvers.node import own_id
from resolvers.pagination import BY_TIME, PaginatedList, page


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _grant_id(value: UUID | None) -> str | None:
    return None if value is None else format_id(Prefix.ACCESS_GRANT, value)


def _subject_id(value: UUID | None) -> str | None:
    return None if value is None else format_id(Prefix.SUBJECT, value)


@object_type(
    AccessEventRow,
    description="Who looked at which fields of whom, for what case. Holds no personal data itself.",
)
class AccessEvent:
    id: strawberry.ID = own_id(Prefix.ACCESS_EVENT)
    at: datetime = column(description="When.")
    actor: str = column(description="Who, by the name of their token.")
    role: Role = column(description="In which role.")
    case: str | None = column(description="For which case.")
    subject_id: strawberry.ID | None = column("subject_id", make=_subject_id, description="About whom.")
    action: AccessAction = column(description="What was done.")
    fields: list[str] = column(description="Which fields were read, which deed was done, or what was refused.")
    operation: str | None = column(description="The name of the GraphQL operation.")
    operation_hash: str | None = column(
        "operation_hash",
        make=_hex,
        description="The SHA-256 of the operation's document, its literals taken out, in hex digits.",
    )
    grant_id: strawberry.ID | None = column(
        "grant_id", make=_grant_id, description="The access grant that was asked for, decided or used."
    )


_FOUND = PaginatedList(events.find_events, BY_TIME)


async def found(
    context: RequestContext, subject: str | None, actor: str | None, since: datetime | None, paging: Mapping[str, Any]
) -> Any:
    """Give a page of the record, and put the look at it on the record."""
    subject_id = parse_id_of(Prefix.SUBJECT, wanted, "subject") if (wanted := given(subject)) is not None else None
    context.watched("Query.accessEvents", subject_id)
    return await page(context, _FOUND, EventFilter(subject_id, given(actor), given(since)), paging)
