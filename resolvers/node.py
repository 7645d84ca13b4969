"""What has an id: the interface Node, and how an id finds its row."""

from typing import Any, NamedTuple

import strawberry

from models.access import access_grants
from models.erasure import steps
from models.payments import fragments
from models.requests import requests
from models.storage.ids import Prefix, id_formatter, parse_id
from models.subjects import subjects
from models.sync import accounts
from resolvers.context import RequestContext
from resolvers.field_sources import Read, column


@strawberry.interface(description="Anything that has an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Its id: a short prefix of its kind, an underscore, 32 hex digits."
    )


class Kind(NamedTuple):
    """What a prefix names: a type, and the batched read of its rows."""

    type_name: str
    read: Read


KINDS = {
    Prefix.ACCESS_GRANT: Kind("AccessGrant", access_grants.by_ids),
    Prefix.SUBJECT: Kind("Subject", subjects.by_ids),
    Prefix.PAYMENT_FRAGMENT: Kind("PaymentFragment", fragments.by_ids),
    Prefix.RIGHTS_REQUEST: Kind("RightsRequest", requests.by_ids),
    Prefix.ERASURE_STEP: Kind("ErasureStep", steps.by_ids),
    Prefix.SYNC_ACCOUNT: Kind("SyncAccount", accounts.by_ids),
}


def own_id(prefix: Prefix, name: str = "id") -> Any:
    """Declare the id of a shape, made of this column of its row."""
    return column(name, make=id_formatter(prefix), description="Its id. Never reused, and never made of personal data.")


async def find(context: RequestContext, text: str) -> Any:
    """Give the row that an id names; None when there is none, or none of a type of which the role may see anything."""
    parsed = parse_id(text)
    kind = KINDS.get(parsed.prefix)
    return await context.load_one(kind.read, parsed.value) if kind and kind.type_name in context.sees else None
