"""The mutations that take a rights request from its receipt to its end."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import UNSET

from models.consent.ledger import Channel
from models.erasure import requesting
from models.requests import closing, completing, extending, intake, opening, requests
from models.requests.intake import ErasureOptions
from models.requests.opening import RequestOptions
from models.requests.states import RequestKind
from models.requests.vocabulary import DenialReason, ErasureReason, ExtensionReason, IdentityCheck, IdentityProof
from models.storage.ids import Prefix, parse_id_of
from resolvers.context import Info, RequestContext
from resolvers.field_sources import deprecated_root_field, loads, root_field
from resolvers.inputs import IdArgument, SubjectArgument, none_if_unset
from resolvers.rights_requests import RightsRequest


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
