"""The change feed: type and query."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from models.consent import changes
from models.consent.changes import ConsentChangeKind, ConsentChangeRow, FeedReader, FeedStart
from models.consent.ledger import ConsentState
from models.storage.ids import Prefix, id_formatter
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.pagination import BY_POSITION, After, Connection, First, PaginatedList, page


@object_type(ConsentChangeRow, description="A change of what a person allows.")
class ConsentChange:
    at: datetime = column(description="The time from which it holds.")
    subject_id: strawberry.ID = column(
        "subject_id", make=id_formatter(Prefix.SUBJECT), description="The person concerned."
    )
    kind: ConsentChangeKind = column(description="What changed.")
    purpose: str | None = column(description="The purpose of a choice; null for the other kinds.")
    state: ConsentState | None = column(description="The choice; null for the other kinds.")


_CHANGES = PaginatedList(changes.changes_after, BY_POSITION)


@root_field
@loads(changes.changes_after)
async def consent_changes(
    info: Info,
    after: After = UNSET,
    start: Annotated[
        FeedStart, strawberry.argument(description="Where a reader without a cursor begins.")
    ] = FeedStart.BEGINNING,
    first: First = 100,
) -> Connection[ConsentChange]:
    """Return every change of what a person allows, in one order for every reader and without gaps.

    Keep `pageInfo.endCursor` and send it as `after` the next time; an empty page has one, too. A grant that lapses
    and a new policy are no changes: ask `consentDecision`.
    """
    return await page(info.context, _CHANGES, FeedReader(start), {"first": first, "after": after})
