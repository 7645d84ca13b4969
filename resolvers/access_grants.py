"""Access grants: type and mutations."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from models.access import access_grants as grants
from models.access import grant_decisions, grant_lists
from models.access.access_grants import AccessGrantRow, GrantState
from models.storage.ids import Prefix, id_formatter, parse_id_of
from models.subjects.identifiers import SubjectIdentifier
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import IdArgument, none_if_unset
from resolvers.node import Node, own_id
from resolvers.pagination import BY_REQUEST, DEFAULT_FIRST, After, Connection, First, PaginatedList, page


@object_type(
    AccessGrantRow,
    description="Break-glass access: one actor may read the file names of one person, for one case and a limited time.",
)
class AccessGrant(Node):
    id: strawberry.ID = own_id(Prefix.ACCESS_GRANT)
    subject_id: strawberry.ID = column(
        "subject_id", make=id_formatter(Prefix.SUBJECT), description="The person whose file names it opens."
    )
    actor: str = column(description="The actor who asked for it, and the only one who can use it.")
    case: str = column(description="The case that it was asked for.")
    minutes: int = column(description="Its duration in minutes, counted from the approval.")
    state: GrantState = column(
        "asked_at",
        "decided_at",
        "expires_at",
        "ended_at",
        make=grants.state_of,
        description="Its current state.",
    )
    asked_at: datetime = column(description="When it was asked for. Without an approval it expires after 24 hours.")
    expires_at: datetime | None = column(description="When it expires; null until it is approved.")
    approved_by: str | None = column(
        "decided_by",
        "expires_at",
        make=grants.approver_of,
        description="The actor who approved it, never the one who asked.",
    )
    ended_at: datetime | None = column(description="When it was ended by hand; null while it was not.")


_GRANTS = PaginatedList(grant_lists.find_grants, BY_REQUEST)


@root_field
@loads(grant_lists.find_grants)
async def access_grants(
    info: Info,
    state: Annotated[GrantState | None, strawberry.argument(description="Only grants in this state.")] = UNSET,
    first: First = DEFAULT_FIRST,
    after: After = UNSET,
) -> Connection[AccessGrant]:
    """Return access grants, the newest first."""
    return await page(info.context, _GRANTS, none_if_unset(state), {"first": first, "after": after})


@root_field
@loads(grants.by_ids)
async def open_access_grant(
    info: Info,
    subject: Annotated[strawberry.ID, strawberry.argument(description="The person's id.")],
    minutes: Annotated[int, strawberry.argument(description="The duration in minutes, 1 to 60.")] = 30,
) -> AccessGrant | None:
    """Ask for break-glass access to the file names of one person, for the case in X-Case.

    Another actor has to approve it. The privacy officers are notified at once.
    """
    grant_id = await info.context.run_mutation(
        grants.open_access_grant, SubjectIdentifier.id(subject, "subject"), minutes
    )
    return await info.context.load_one(grants.by_ids, grant_id)


@root_field
@loads(grants.by_ids)
async def approve_access_grant(info: Info, id: IdArgument) -> AccessGrant | None:  # noqa: A002 -- the contract's name
    """Approve an access grant, which is open from now on for its duration.

    The actor who asked for it cannot approve it.
    """
    grant_id = await info.context.run_mutation(
        grant_decisions.approve_access_grant, parse_id_of(Prefix.ACCESS_GRANT, id)
    )
    return await info.context.load_one(grants.by_ids, grant_id)


@root_field
@loads(grants.by_ids)
async def refuse_access_grant(info: Info, id: IdArgument) -> AccessGrant | None:  # noqa: A002 -- the contract's name
    """Refuse an access grant that waits for approval."""
    grant_id = await info.context.run_mutation(
        grant_decisions.refuse_access_grant, parse_id_of(Prefix.ACCESS_GRANT, id)
    )
    return await info.context.load_one(grants.by_ids, grant_id)


@root_field
@loads(grants.by_ids)
async def end_access_grant(info: Info, id: IdArgument) -> AccessGrant | None:  # noqa: A002 -- the contract's name
    """End an access grant that waits or is open; it opens nothing from now on.

    The actor who asked for it may end it, and every privacy officer.
    """
    grant_id = await info.context.run_mutation(grant_decisions.end_access_grant, parse_id_of(Prefix.ACCESS_GRANT, id))
    return await info.context.load_one(grants.by_ids, grant_id)
