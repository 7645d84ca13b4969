"""Rights requests: type, queries, and the mutations that take a request from its receipt to its end."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from models.consent.ledger import Channel
from models.erasure import requesting, scope, step_access, steps
from models.erasure.retention import RetainedRow
from models.requests import closing, completing, extending, intake, opening, requests, searching
from models.requests.intake import ErasureOptions
from models.requests.opening import RequestOptions
from models.requests.requests import RightsRequestRow
from models.requests.searching import RequestFilter, RequestOrder
from models.requests.states import EXECUTING_STATES, OPEN_STATES, RequestKind, RequestState
from models.requests.vocabulary import DenialReason, ErasureReason, ExtensionReason, IdentityCheck, IdentityProof
from models.storage.clock import now
from models.storage.ids import Prefix, id_formatter, parse_id_of
from resolvers.context import Info, RequestContext
from resolvers.erasure import CertificateRow, ErasureCertificate, ErasureStep, RetainedItem
from resolvers.field_sources import batched, column, deprecated_root_field, loads, object_type, root_field
from resolvers.inputs import IdArgument, SubjectArgument, none_if_unset
from resolvers.node import Node, own_id
from resolvers.pagination import BY_DEADLINE, BY_RECEIPT, DEFAULT_FIRST, After, Connection, First, PaginatedList, page


def _is_overdue(state: str, due_at: datetime, extended_until: datetime | None) -> bool:
    return state in OPEN_STATES and (extended_until or due_at) < now()


def _retained(state: str, completed_at: datetime | None) -> list[RetainedRow]:
    """Return what is kept after the erasure; nothing before it begins, because then the plan says it."""
    if state not in EXECUTING_STATES and state != RequestState.COMPLETED:
        return []
    return scope.currently_retained(completed_at.date() if completed_at else None, now().date())


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
    retained: list[RetainedItem] = column(
        "state",
        "completed_at",
        make=_retained,
        description="What is kept after the erasure, and why; empty before the erasure begins.",
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


@root_field
@loads(requests.by_ids)
async def request_erasure(  # noqa: PLR0913, PLR0917 -- the contract's arguments
    info: Info,
    subject: SubjectArgument,
    channel: Annotated[Channel, strawberry.argument(description="The channel on which the request was received.")],
    identity: Annotated[
        IdentityCheck,
        strawberry.argument(
            description="How the person's identity is proved. With ATTESTED the caller vouches for it."
        ),
    ] = IdentityCheck.EMAIL_CODE,
    reason: Annotated[
        ErasureReason,
        strawberry.argument(
            description="The reason for the erasure. UNDERAGE has no code and no cooling-off period; it "
            "restricts processing at once, and runs when SUPPORT or PRIVACY states it."
        ),
    ] = ErasureReason.REQUESTED,
    immediately: Annotated[  # noqa: FBT002 -- the contract's argument
        bool,
        strawberry.argument(description="Whether to skip the cooling-off period; only for PRIVACY and ADMIN."),
    ] = False,
    plan_hash: Annotated[
        str | None,
        strawberry.argument(
            description="The hash of the plan that was agreed to. If the plan has changed: STATE_CONFLICT."
        ),
    ] = UNSET,
) -> RightsRequest | None:
    """Request the erasure of a person. Repeating it returns the open request.

    Nothing is erased before identity is proved and the cooling-off period is over.
    """
    options = ErasureOptions(channel, IdentityProof(identity), reason, immediately, none_if_unset(plan_hash))
    request_id = await info.context.run_mutation(
        requesting.request_erasure, subject.identifier(), options, info.context.service.grace
    )
    return await info.context.load_one(requests.by_ids, request_id)


@root_field
@loads(requests.by_ids)
async def confirm_identity(
    info: Info,
    id: IdArgument,  # noqa: A002 -- the contract's name
    code: Annotated[str, strawberry.argument(description="The code of eight characters.")],
) -> RightsRequest | None:
    """Prove identity with the code that was mailed to the person.

    A code permits five attempts within 15 minutes.
    """
    request_id = await _confirm_identity(info.context, parse_id_of(Prefix.RIGHTS_REQUEST, id), code)
    return await info.context.load_one(requests.by_ids, request_id)


async def _confirm_identity(context: RequestContext, request_id: UUID, code: str) -> UUID:
    """Try a code, and raise its refusal only after the attempt is committed, so that the attempt counts."""
    attempt = await context.run_mutation(intake.confirm_identity, request_id, code, context.service.grace)
    if attempt.refusal:
        raise attempt.refusal
    return attempt.request_id


@root_field
@loads(requests.by_ids)
async def open_request(
    info: Info,
    subject: SubjectArgument,
    kind: Annotated[RequestKind, strawberry.argument(description="The right that is exercised; any but ERASURE.")],
    channel: Annotated[Channel, strawberry.argument(description="The channel on which the request was received.")],
    identity: Annotated[
        IdentityCheck,
        strawberry.argument(
            description="How the person's identity is proved. With ATTESTED the caller vouches for it. OBJECTION, "
            "COMPLAINT and ENQUIRY need no proof."
        ),
    ] = IdentityCheck.EMAIL_CODE,
) -> RightsRequest | None:
    """Open a request of any kind but an erasure; its deadline counts from now.

    Repeating it returns the open request. ACCESS and PORTABILITY are answered by the service itself, with an export.
    The others are completed by completeRequest.
    """
    request_id = await info.context.run_mutation(
        opening.open_request, subject.identifier(), RequestOptions(kind, channel, identity)
    )
    return await info.context.load_one(requests.by_ids, request_id)


@root_field
@loads(requests.by_ids)
async def extend_request(
    info: Info,
    id: IdArgument,  # noqa: A002 -- the contract's name
    reason: Annotated[ExtensionReason, strawberry.argument(description="Why more time is needed.")],
) -> RightsRequest | None:
    """Extend the deadline of a request once, before it is due, and inform the person (Art. 12(3) GDPR)."""
    request_id = await info.context.run_mutation(
        extending.extend_request, parse_id_of(Prefix.RIGHTS_REQUEST, id), reason
    )
    return await info.context.load_one(requests.by_ids, request_id)


@root_field
@loads(requests.by_ids)
async def complete_request(info: Info, id: IdArgument) -> RightsRequest | None:  # noqa: A002 -- the contract's name
    """Complete a request that is answered by hand, and inform the person.

    A RESTRICTION must be in force, and an OBJECTION must be recorded.
    """
    request_id = await info.context.run_mutation(completing.complete_request, parse_id_of(Prefix.RIGHTS_REQUEST, id))
    return await info.context.load_one(requests.by_ids, request_id)


@root_field
@loads(requests.by_ids)
async def cancel_request(info: Info, id: IdArgument) -> RightsRequest | None:  # noqa: A002 -- the contract's name
    """Cancel an erasure before it begins, or any other request before it ends."""
    request_id = await info.context.run_mutation(closing.cancel_request, parse_id_of(Prefix.RIGHTS_REQUEST, id))
    return await info.context.load_one(requests.by_ids, request_id)


@deprecated_root_field("Use cancelRequest.")
@loads(requests.by_ids)
async def cancel_erasure(info: Info, id: IdArgument) -> RightsRequest | None:  # noqa: A002 -- the contract's name
    """Cancel an erasure before it begins."""
    request_id = await info.context.run_mutation(closing.cancel_erasure, parse_id_of(Prefix.RIGHTS_REQUEST, id))
    return await info.context.load_one(requests.by_ids, request_id)


@root_field
@loads(requests.by_ids)
async def deny_request(
    info: Info,
    id: IdArgument,  # noqa: A002 -- the contract's name
    reason: Annotated[DenialReason, strawberry.argument(description="The reason for the denial.")],
) -> RightsRequest | None:
    """Deny a request before it is carried out, and inform the person of the reason."""
    request_id = await info.context.run_mutation(closing.deny_request, parse_id_of(Prefix.RIGHTS_REQUEST, id), reason)
    return await info.context.load_one(requests.by_ids, request_id)


@root_field
@loads(requests.by_ids)
async def retry_erasure(info: Info, id: IdArgument) -> RightsRequest | None:  # noqa: A002 -- the contract's name
    """Retry an erasure at once: send the webhook again to every internal system that has not finished."""
    request_id = await info.context.run_mutation(requesting.retry_erasure, parse_id_of(Prefix.RIGHTS_REQUEST, id))
    return await info.context.load_one(requests.by_ids, request_id)
