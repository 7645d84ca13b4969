"""Rights requests: their type and queries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from models.consent.ledger import Channel
from models.erasure import retained_items, step_access, steps
from models.exports import exports
from models.exports import steps as export_steps
from models.requests import requests, searching
from models.requests.requests import RightsRequestRow
from models.requests.searching import RequestFilter, RequestOrder
from models.requests.states import OPEN_STATES, RequestKind, RequestState
from models.requests.vocabulary import DenialReason, ExtensionReason, IdentityProof
from models.storage.clock import now
from models.storage.ids import Prefix, id_formatter, parse_id_of
from resolvers.context import Info, RequestContext
from resolvers.erasure import CertificateRow, ErasureCertificate, ErasureStep, RetainedItem
from resolvers.exports import Export, ExportStep
from resolvers.field_sources import batched, column, loads, object_type, root_field
from resolvers.inputs import IdArgument, none_if_unset
from resolvers.node import Node, own_id
from resolvers.pagination import BY_DEADLINE, BY_RECEIPT, DEFAULT_FIRST, After, Connection, First, PaginatedList, page


def _is_overdue(state: str, due_at: datetime, extended_until: datetime | None) -> bool:
    return state in OPEN_STATES and (extended_until or due_at) < now()


def _visible_system(context: RequestContext, _arguments: Mapping[str, Any]) -> tuple[str | None]:
    return (step_access.visible_system(context.actor),)


def _certificate(jws: str | None, issued_at: datetime | None, replays: Sequence[str] | None) -> CertificateRow | None:
    return CertificateRow(issued_at, jws, list(replays or ())) if jws and issued_at else None


@object_type(
    RightsRequestRow,
    description="A request in which a person exercises a right under data protection law.",
)
class RightsRequest(Node):
    id: strawberry.ID = own_id(Prefix.RIGHTS_REQUEST)
    kind: RequestKind = column(description="The right that is exercised.")
    state: RequestState = column(description="The state of the request.")
    subject_id: strawberry.ID = column(
        "subject_id", make=id_formatter(Prefix.SUBJECT), description="The person concerned."
    )
    channel: Channel = column(description="The channel on which it was received.")
    case: str | None = column("case_reference", description="The case that it was received under.")
    received_at: datetime = column(description="When it was received. The legal deadline counts from here.")
    due_at: datetime = column(
        description="The deadline under the law that applies to the person, without an extension."
    )
    is_overdue: bool = column(
        "state",
        "due_at",
        "extended_until",
        make=_is_overdue,
        description="Whether it is still open after its deadline.",
    )
    execute_at: datetime | None = column(
        description="When the cooling-off period of an erasure ends; null until identity is proved."
    )
    completed_at: datetime | None = column(description="When all live systems had finished.")
    backups_clear_at: datetime | None = column(
        description="When the last backup that still holds the person's records expires. Their values are unreadable "
        "before that, because the key is destroyed."
    )
    identity: IdentityProof = column(description="How the identity of the person was proved.")
    steps: list[ErasureStep] = batched(
        by=steps.of_requests,
        arguments=_visible_system,
        description="The steps of internal systems. ADMIN sees those of the system of its token.",
    )
    retained: list[RetainedItem] = batched(
        by=retained_items.of_requests,
        description="What is kept after the erasure, and why; before the erasure begins, what a legal hold keeps.",
    )
    denial_reason: DenialReason | None = column(description="The reason for the denial.")
    certificate: ErasureCertificate | None = column(
        "certificate",
        "certified_at",
        "replay_statements",
        make=_certificate,
        description="The certificate of a completed erasure.",
    )
    extended_until: datetime | None = column(description="The deadline after its extension (Art. 12(3) GDPR).")
    extension_reason: ExtensionReason | None = column(description="Why the deadline was extended.")
    export: Export | None = batched(
        by=exports.of_requests, description="The export of an ACCESS or PORTABILITY request, once it is planned."
    )
    export_steps: list[ExportStep] = batched(
        by=export_steps.of_requests,
        arguments=_visible_system,
        description="The parts of internal systems. ADMIN sees those of the system of its token.",
    )


_REQUESTS: Mapping[RequestOrder, PaginatedList] = {
    RequestOrder.NEWEST_FIRST: PaginatedList(searching.find_requests, BY_RECEIPT),
    RequestOrder.DUE_FIRST: PaginatedList(searching.find_requests, BY_DEADLINE),
}


@root_field
@loads(requests.by_ids)
def rights_request(info: Info, id: IdArgument) -> RightsRequest | None:  # noqa: A002 -- the contract's name
    """Return one rights request; null when no request has this id."""
    context, request_id = info.context, parse_id_of(Prefix.RIGHTS_REQUEST, id)
    row: Any = context.answer("Query.rightsRequest", partial(context.load_first, requests.by_ids, [request_id]))
    return row


@root_field
@loads(searching.find_requests)
async def rights_requests(  # noqa: PLR0913, PLR0917 -- the contract's arguments
    info: Info,
    state: Annotated[RequestState | None, strawberry.argument(description="Only requests in this state.")] = UNSET,
    overdue: Annotated[
        bool | None, strawberry.argument(description="True: only overdue requests. False: only the others.")
    ] = UNSET,
    kind: Annotated[RequestKind | None, strawberry.argument(description="Only requests of this kind.")] = UNSET,
    due_before: Annotated[
        datetime | None, strawberry.argument(description="Only requests whose deadline, extended or not, is earlier.")
    ] = UNSET,
    order: Annotated[RequestOrder, strawberry.argument(description="The order.")] = RequestOrder.NEWEST_FIRST,
    first: First = DEFAULT_FIRST,
    after: After = UNSET,
) -> Connection[RightsRequest]:
    """Return rights requests, the newest first unless ``order`` says otherwise."""
    criteria = RequestFilter(
        order, none_if_unset(state), none_if_unset(kind), none_if_unset(overdue), none_if_unset(due_before)
    )
    return await page(info.context, _REQUESTS[order], criteria, {"first": first, "after": after})
