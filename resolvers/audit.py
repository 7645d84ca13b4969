"""Access events: type and query."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from models.actors import Role
from models.audit import event_search
from models.audit.event_search import EventFilter
from models.audit.events import AccessAction, AccessEventRow
from models.storage.ids import Prefix, id_formatter, parse_id_of
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import none_if_unset
from resolvers.node import own_id
from resolvers.pagination import BY_TIME, DEFAULT_FIRST, After, Connection, First, PaginatedList, page


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _one_if_none(count: int | None) -> int:
    return 1 if count is None else count


@object_type(
    AccessEventRow,
    description="One entry of the audit log: who read or changed which fields of which person, and for which case. "
    "It holds no personal data.",
)
class AccessEvent:
    id: strawberry.ID = own_id(Prefix.ACCESS_EVENT)
    at: datetime = column(description="When it happened.")
    actor: str = column(description="The name of the actor's token.")
    actor_identity: str | None = column(
        description="What identifies the actor beside the name: the id of a token, or issuer and subject of a JWT. "
        "Null for actors of the service itself, and for events of versions that did not record it."
    )
    role: Role = column(description="The role that the actor acted in.")
    case: str | None = column(description="The case that the actor named.")
    subject_id: strawberry.ID | None = column(
        "subject_id", make=id_formatter(Prefix.SUBJECT), description="The person concerned."
    )
    action: AccessAction = column(description="The kind of action.")
    fields: list[str] = column(description="The fields that were read, the mutation, or the fields that were refused.")
    operation: str | None = column(description="The name of the GraphQL operation.")
    operation_hash: str | None = column(
        "operation_hash",
        make=_hex,
        description="The SHA-256 of the operation's document without its literals, in hex digits.",
    )
    grant_id: strawberry.ID | None = column(
        "grant_id",
        make=id_formatter(Prefix.ACCESS_GRANT),
        description="The access grant that was asked for, decided or used.",
    )
    occurrences: int = column(
        "occurrences",
        make=_one_if_none,
        description="How often it happened. Refusals that repeat within a minute are counted in one event.",
    )


_EVENTS = PaginatedList(event_search.find_events, BY_TIME)


@root_field
@loads(event_search.find_events)
async def access_events(  # noqa: PLR0913, PLR0917 -- each is an argument in the contract
    info: Info,
    subject: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only events about this person; if absent, all.")
    ] = UNSET,
    actor: Annotated[str | None, strawberry.argument(description="Only events of this actor; if absent, all.")] = UNSET,
    since: Annotated[datetime | None, strawberry.argument(description="Only events at or after this time.")] = UNSET,
    first: First = DEFAULT_FIRST,
    after: After = UNSET,
) -> Connection[AccessEvent]:
    """Return the audit log, the newest entry first. Reading it is recorded, too."""
    subject = none_if_unset(subject)
    subject_id = None if subject is None else parse_id_of(Prefix.SUBJECT, subject, "subject")
    info.context.access_log.record_log_read("Query.accessEvents", subject_id)
    key = EventFilter(subject_id, none_if_unset(actor), none_if_unset(since))
    return await page(info.context, _EVENTS, key, {"first": first, "after": after})
