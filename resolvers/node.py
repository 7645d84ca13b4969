"""The interface Node, and the query that finds a row by its id."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple

import strawberry

from models.access import access_grants
from models.erasure import step_access, steps
from models.payments import fragments
from models.requests import requests
from models.storage.ids import Prefix, id_formatter, parse_id
from models.subjects import subjects
from models.sync import accounts
from resolvers.context import Info, RequestContext
from resolvers.field_sources import Read, column, root_field


@strawberry.interface(description="An object with an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Its id: a short prefix of its kind, an underscore, 32 hex digits."
    )


class Kind(NamedTuple):
    """The GraphQL type of an id's prefix, and the batched read of its rows."""

    type_name: str
    read: Read
    is_visible: Callable[[RequestContext, Any], bool] | None = None
    """Whether the caller may see this row of the type."""


def _is_own_step(context: RequestContext, row: Any) -> bool:
    return step_access.visible_system(context.actor) in {None, row.system}


KINDS = {
    Prefix.ACCESS_GRANT: Kind("AccessGrant", access_grants.by_ids),
    Prefix.SUBJECT: Kind("Subject", subjects.by_ids),
    Prefix.PAYMENT_FRAGMENT: Kind("PaymentFragment", fragments.by_ids),
    Prefix.RIGHTS_REQUEST: Kind("RightsRequest", requests.by_ids),
    Prefix.ERASURE_STEP: Kind("ErasureStep", steps.by_ids, _is_own_step),
    Prefix.SYNC_ACCOUNT: Kind("SyncAccount", accounts.by_ids),
}


def own_id(prefix: Prefix, name: str = "id") -> Any:
    """Declare the id of a GraphQL type, made of this column of its row."""
    return column(
        name, make=id_formatter(prefix), description="Its id. It is never reused, and holds no personal data."
    )


@root_field
async def node(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002 -- the contract's name
) -> Node | None:
    """Return the object with this id; null when there is none.

    The caller's role must be permitted to read the selected fields of its type.
    """
    return await _find(info.context, id)


async def _find(context: RequestContext, text: str) -> Any:
    """Return the row of an id; None when there is none, or the role may read no field of its type."""
    parsed = parse_id(text)
    kind = KINDS.get(parsed.prefix)
    if kind is None or kind.type_name not in context.sees:
        return None

    def load(then: Callable[[Any], Any]) -> Awaitable[Any]:
        return context.load(kind.read, [parsed.value], then=lambda rows: then(rows[0]))

    row = await context.answer("Query.node", load)
    return row if row is None or kind.is_visible is None or kind.is_visible(context, row) else None
