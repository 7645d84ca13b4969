"""What is shown of access grants."""

from datetime import datetime
from functools import partial

import strawberry

from models.access import access_grants
from models.access.access_grants import AccessGrantRow, GrantState
from models.storage.ids import Prefix, format_id
from resolvers.field_sources import column, object_type
from resolvers.node import Node, own_id


@object_type(
    AccessGrantRow,
    description="Break glass: one actor's way to the file names of one person, for a case and a short time.",
)
class AccessGrant(Node):
    id: strawberry.ID = own_id(Prefix.ACCESS_GRANT)
    subject_id: strawberry.ID = column(
        "subject_id", make=partial(format_id, Prefix.SUBJECT), description="On whom it opens something."
    )
    actor: str = column(description="Who asked for it; it opens to nobody else.")
    case: str = column(description="The case that it was asked for.")
    minutes: int = column(description="For how many minutes it opens, counted from the approval.")
    state: GrantState = column(
        "asked_at", "decided_at", "expires_at", make=access_grants.state_of, description="Where it stands now."
    )
    asked_at: datetime = column(description="When it was asked for; it waits a day at most.")
    expires_at: datetime | None = column(description="When it ends, by itself; null until it is approved.")
    approved_by: str | None = column(
        "decided_by",
        "expires_at",
        make=access_grants.approver_of,
        description="Who approved it; never the one who asked.",
    )
