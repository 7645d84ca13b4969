"""What is shown of rights requests, of the steps that systems take, of plans and of certificates."""

from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import strawberry

from models.consent.ledger import Channel
from models.erasure import scope, steps
from models.erasure.plan import PlanItemRow, PlanRow
from models.erasure.retention import RetainedRow, RetentionGround
from models.erasure.steps import ErasureStepRow, StepState
from models.errors import SubjectErased, SubjectNotFound
from models.requests import intake
from models.requests.requests import (
    EXECUTING_STATES,
    OPEN_STATES,
    DenialReason,
    IdentityProof,
    RequestKind,
    RequestState,
    RightsRequestRow,
)
from models.storage.clock import now
from models.storage.ids import Prefix, format_id
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import SubjectStatus
from resolvers.context import RequestContext
from resolvers.field_sources import batched, column, object_type
from resolvers.node import Node, own_id


class CertificateRow(NamedTuple):
    """A certificate and when it was issued."""

    issued_at: datetime
    jws: str


def _is_overdue(state: str, due_at: datetime) -> bool:
    return state in OPEN_STATES and due_at < now()


def _retained(state: str, completed_at: datetime | None) -> list[RetainedRow]:
    """Say what stays of whoever is erased; before that, the plan says it."""
    if state not in EXECUTING_STATES and state != RequestState.COMPLETED:
        return []
    return scope.currently_retained(completed_at.date() if completed_at else None, now().date())


def _certificate(jws: str | None, issued_at: datetime | None) -> CertificateRow | None:
    return CertificateRow(issued_at, jws) if jws and issued_at else None


def _request_id(value: UUID) -> str:
    return format_id(Prefix.RIGHTS_REQUEST, value)


def _subject_id(value: UUID) -> str:
    return format_id(Prefix.SUBJECT, value)


@object_type(RetainedRow, description="Something that stays after an erasure, without a personal value in it.")
class RetainedItem:
    what: str = column(description="What stays.")
    ground: RetentionGround = column(description="On which ground (Art. 17(3) GDPR).")
    until: date | None = column(
        description="The last day; null for as long as the ground stands, and while it is not known yet."
    )


@object_type(CertificateRow, description="Proof that anyone can check offline, and that holds no personal data.")
class ErasureCertificate:
    issued_at: datetime = column(description="When it was signed.")
    jws: str = column(
        description="A JSON Web Signature (EdDSA) over what was erased, where and when. The key that checks it is in "
        "/.well-known/jwks.json."
    )


@object_type(ErasureStepRow, description="The part of an erasure that one internal system does.")
class ErasureStep(Node):
    id: strawberry.ID = own_id(Prefix.ERASURE_STEP)
    request_id: strawberry.ID = column("request_id", make=_request_id, description="The request that it is a part of.")
    system: str = column(description="The internal system.")
    account_reference: str | None = column(
        description="What that system calls the person; null when it has no account, and once the step is done."
    )
    state: StepState = column(description="Whether the system has done its part.")
    attempts: int = column(description="How often the system was told by webhook.")
    next_attempt_at: datetime | None = column(description="When it is told again.")
    completed_at: datetime | None = column(description="When it said that it was done.")
    records_erased: int | None = column(description="How many records it says that it erased.")
    error: str | None = column(description="What it said when it could not, or why telling it failed.")


@object_type(
    RightsRequestRow,
    description="Something that the law lets a person ask for, from the day it came in to the day it is done.",
)
class RightsRequest(Node):
    id: strawberry.ID = own_id(Prefix.RIGHTS_REQUEST)
    kind: RequestKind = column(description="What is asked for.")
    state: RequestState = column(description="Where it is in its life.")
    subject_id: strawberry.ID = column("subject_id", make=_subject_id, description="Who is concerned.")
    channel: Channel = column(description="Where it reached us.")
    case: str | None = column(description="The case that it came in under.")
    received_at: datetime = column(description="When it came in. The clock starts here, not when somebody looks at it.")
    due_at: datetime = column(description="When it must be done, by the person's law.")
    is_overdue: bool = column("state", "due_at", make=_is_overdue, description="Whether it is open past that time.")
    execute_at: datetime | None = column(description="When the cooling-off time ends; null until identity is proved.")
    completed_at: datetime | None = column(description="When the live systems were done.")
    backups_clear_at: datetime | None = column(
        description="When the last backup that still holds the person is gone; no key opens them even before."
    )
    identity: IdentityProof = column(description="How it was proved that the person themselves asks.")
    steps: list[ErasureStep] = batched(
        by=steps.of_requests, description="What internal systems do, and how far they are."
    )
    retained: list[RetainedItem] = column(
        "state",
        "completed_at",
        make=_retained,
        description="What stays after the erasure, and why; empty before it has begun.",
    )
    denial_reason: DenialReason | None = column(description="Why it was denied.")
    certificate: ErasureCertificate | None = column(
        "certificate", "certified_at", make=_certificate, description="Proof of the erasure, once it is completed."
    )


@object_type(PlanItemRow, description="One thing that an erasure would destroy.")
class ErasurePlanItem:
    system: str = column(description="Where: `privacy` for this service, else the internal system.")
    what: str = column(description="What.")
    records: int = column(description="How many records; for an internal system, how many accounts are known here.")


@object_type(PlanRow, description="What erasing a person would destroy, and what would be kept and why.")
class ErasurePlan:
    subject_id: strawberry.ID = column("subject_id", make=_subject_id, description="Who is concerned.")
    hash: str = column(description="A hash of all that the plan says: give it to requestErasure as planHash.")
    items: list[ErasurePlanItem] = column(description="What would go.")
    retained: list[RetainedItem] = column(description="What would stay.")


async def plan(context: RequestContext, name: SubjectIdentifier) -> Any:
    """Give the plan of one person; SUBJECT_NOT_FOUND when nobody is meant, SUBJECT_ERASED when nothing is left."""
    subject = await context.find(name)
    if subject is None:
        raise SubjectNotFound(argument="subject")
    if subject.status == SubjectStatus.ERASED:
        raise SubjectErased
    return await context.plan_of(subject.subject_id)


async def confirm(context: RequestContext, request_id: UUID, code: str) -> UUID:
    """Try a code in a deed of its own, committed either way; then raise the refusal, if there was one."""
    done = await context.run_mutation(
        "confirmIdentity", intake.confirm_identity, request_id, code, context.service.grace
    )
    if done.refusal:
        raise done.refusal
    return done.request_id
