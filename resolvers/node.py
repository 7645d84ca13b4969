"""The interface Node, and the query that finds a row by its id."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import strawberry

from models.access import access_grants
from models.actors import Role
from models.disclosures import forced
from models.erasure import step_access, steps, system_backups
from models.errors import QueryTooLarge
from models.exports import steps as export_steps
from models.incidents import incidents
from models.payments import fragments
from models.requests import requests
from models.storage.ids import ParsedId, Prefix, id_formatter, parse_id
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

    def shows(self, context: RequestContext, row: Any) -> bool:
        """Return whether there is a row, and the caller may see it."""
        return row is not None and (self.is_visible is None or self.is_visible(context, row))


def _is_own_step(context: RequestContext, row: Any) -> bool:
    return step_access.visible_system(context.actor) in {None, row.system}


def _is_own_backup(context: RequestContext, row: Any) -> bool:
    return context.actor.role in BACKUP_AUDITORS or context.actor.system == row.system


BACKUP_AUDITORS = frozenset({Role.PRIVACY, Role.AUDITOR, Role.ADMIN})
"""Roles that see the backups of every system. Services see those of their own system."""


def _reads_requests(context: RequestContext, _row: Any) -> bool:
    """Return whether the role reads requests. Services see a request in the answer of their own mutation only."""
    return context.actor.role in {Role.SUPPORT, Role.PRIVACY, Role.ADMIN}


MAX_NODES = 100

KINDS = {
    Prefix.ACCESS_GRANT: Kind("AccessGrant", access_grants.by_ids),
    Prefix.SUBJECT: Kind("Subject", subjects.by_ids),
    Prefix.PAYMENT_FRAGMENT: Kind("PaymentFragment", fragments.by_ids),
    Prefix.RIGHTS_REQUEST: Kind("RightsRequest", requests.by_ids, _reads_requests),
    Prefix.ERASURE_STEP: Kind("ErasureStep", steps.by_ids, _is_own_step),
    Prefix.EXPORT_STEP: Kind("ExportStep", export_steps.by_ids, _is_own_step),
    Prefix.SYNC_ACCOUNT: Kind("SyncAccount", accounts.by_ids),
    Prefix.BACKUP: Kind("Backup", system_backups.by_ids, _is_own_backup),
    Prefix.FORCED_DISCLOSURE: Kind("ForcedDisclosure", forced.by_ids),
    Prefix.INCIDENT: Kind("Incident", incidents.by_ids),
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
    parsed = parse_id(id)

    async def load(then: Callable[[Any], Any]) -> Any:
        [row] = await _find_all(info.context, [parsed])
        return then(row)

    row: Any = await info.context.answer("Query.node", load)
    return row


@root_field
async def nodes(
    info: Info,
    ids: Annotated[list[strawberry.ID], strawberry.argument(description="The ids, at most 100.")],
) -> list[Node | None]:
    """Return the objects with these ids, in their order; null where there is none."""
    if len(ids) > MAX_NODES:
        raise QueryTooLarge(argument="ids", most=MAX_NODES)
    context = info.context
    parsed = [parse_id(text, f"ids.{index}") for index, text in enumerate(ids)]

    async def load(then: Callable[[Any], Any]) -> Any:
        return then(await _find_all(context, parsed))

    rows: Any = await context.answer("Query.nodes", load, len(ids))
    return rows


async def _find_all(context: RequestContext, ids: Sequence[ParsedId]) -> list[Any]:
    """Return the rows of these ids; None for one without a row that the caller may see.

    One batched read is sent for each type.
    """
    by_kind: dict[Kind, list[ParsedId]] = defaultdict(list)
    for each in dict.fromkeys(ids):
        kind = KINDS.get(each.prefix)
        if kind is not None and f"{kind.type_name}.id" in context.permissions:
            by_kind[kind].append(each)
    rows: dict[ParsedId, Any] = {}
    for kind, some in by_kind.items():
        loaded = await context.load(kind.read, [each.value for each in some])
        rows |= {each: row for each, row in zip(some, loaded, strict=True) if kind.shows(context, row)}
    return [rows.get(each) for each in ids]
