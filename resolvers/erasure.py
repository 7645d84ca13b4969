"""Erasure: the types of plans, steps and certificates, their queries, and the mutations of internal systems."""

from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry import UNSET

from models.erasure import step_references, steps
from models.erasure.plan import PlanItemRow, PlanRow
from models.erasure.retention import RetainedRow
from models.erasure.steps import ErasureStepRow, StepState
from models.errors import SubjectErased, SubjectNotFound
from models.retention.grounds import RetentionGround
from models.storage.ids import Prefix, id_formatter, parse_id_of
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import SubjectStatus
from resolvers.context import SUBJECT_READS, Info, RequestContext
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import IdArgument, SubjectArgument
from resolvers.node import Node, own_id
from resolvers.pagination import BY_CREATION, DEFAULT_FIRST, After, Connection, First, PaginatedList
from resolvers.step_lists import StateArgument, SystemArgument, read_own_steps


class CertificateRow(NamedTuple):
    """A certificate, the time of its issue, and the signed statements of replays."""

    issued_at: datetime
    jws: str
    replays: list[str]


@object_type(RetainedRow, description="Something that is kept after an erasure. It names no personal value.")
class RetainedItem:
    what: str = column(description="What is kept.")
    ground: RetentionGround = column(description="The ground on which it is kept (Art. 17(3) GDPR).")
    until: date | None = column(
        description="The last day on which it is kept; null while it is unknown, or as long as the ground holds."
    )


@object_type(
    CertificateRow, description="Proof of an erasure that anyone can verify offline. It holds no personal data."
)
class ErasureCertificate:
    issued_at: datetime = column(description="When it was signed.")
    jws: str = column(
        description="A JSON Web Signature (EdDSA) of what was erased, where and when. The key that verifies it is in "
        "/.well-known/jwks.json."
    )
    replays: list[str] = column(
        description="A JSON Web Signature for each repetition of the erasure after a restore, the oldest first. Each "
        "states what was erased again, and the SHA-256 of jws."
    )


@object_type(ErasureStepRow, description="The part of an erasure that one internal system carries out.")
class ErasureStep(Node):
    id: strawberry.ID = own_id(Prefix.ERASURE_STEP)
    request_id: strawberry.ID = column(
        "request_id", make=id_formatter(Prefix.RIGHTS_REQUEST), description="The id of the request that it belongs to."
    )
    subject_id: strawberry.ID | None = column(
        "person_id", make=id_formatter(Prefix.SUBJECT), description="The person to erase."
    )
    system: str = column(description="The internal system.")
    references: list[str] = column(
        "reference_list",
        "account_reference",
        make=step_references.parse_references,
        description="What that system calls the person, at most 100 references; empty where none is known, and once "
        "the step is done.",
    )
    account_reference: str | None = column(description="The first of the references.", deprecated="Use references.")
    state: StepState = column(description="The state of the step.")
    attempts: int = column(description="The number of webhook deliveries that were attempted.")
    next_attempt_at: datetime | None = column(description="When the webhook is sent next.")
    completed_at: datetime | None = column(description="When the system reported that it was done.")
    records_erased: int | None = column(description="The number of records that the system reported as erased.")
    error: str | None = column(description="The error that the system reported, or why the webhook failed.")


@object_type(PlanItemRow, description="One kind of record that an erasure would destroy.")
class ErasurePlanItem:
    system: str = column(description="Where it is: `privacy` for this service, otherwise an internal system.")
    what: str = column(description="What it is.")
    records: int = column(
        description="The number of records; for an internal system, the number of references known to this service."
    )


@object_type(PlanRow, description="What the erasure of a person would destroy, and what would be kept and why.")
class ErasurePlan:
    subject_id: strawberry.ID = column(
        "subject_id", make=id_formatter(Prefix.SUBJECT), description="The person concerned."
    )
    hash: str = column(description="A hash of the whole plan, for the argument planHash of requestErasure.")
    items: list[ErasurePlanItem] = column(description="What would be destroyed.")
    retained: list[RetainedItem] = column(description="What would be kept.")


_STEPS = PaginatedList(steps.of_system, BY_CREATION)


@root_field
@loads(*SUBJECT_READS)
async def erasure_plan(info: Info, subject: SubjectArgument) -> ErasurePlan:
    """Return what the erasure of this person would destroy, where, and what would be kept and why.

    It changes nothing.
    """
    return await _plan(info.context, subject.identifier())


async def _plan(context: RequestContext, identifier: SubjectIdentifier) -> Any:
    """Return the plan of one person; raise SUBJECT_NOT_FOUND or, where nothing is left, SUBJECT_ERASED."""
    subject = await context.find(identifier, "Query.erasurePlan")
    if subject is None:
        raise SubjectNotFound(argument="subject")
    if subject.status == SubjectStatus.ERASED:
        raise SubjectErased
    return await context.plan_of(subject.subject_id)


@root_field
@loads(steps.of_system)
async def erasure_steps(
    info: Info,
    system: SystemArgument,
    state: StateArgument = StepState.PENDING,
    first: First = DEFAULT_FIRST,
    after: After = UNSET,
) -> Connection[ErasureStep]:
    """Return the erasure steps of an internal system, the oldest first.

    The caller's token must belong to that system.
    """
    connection: Connection[ErasureStep] = await read_own_steps(
        info.context, "Query.erasureSteps", _STEPS, system, state, first, after
    )
    return connection


@root_field
@loads(steps.by_ids)
async def complete_erasure_step(
    info: Info,
    id: IdArgument,  # noqa: A002 -- the contract's name
    records_erased: Annotated[int, strawberry.argument(description="The number of records that it erased.")],
) -> ErasureStep | None:
    """Report that the internal system of the caller's token has erased the person.

    Reporting a finished step again changes nothing.
    """
    step_id = await info.context.run_mutation(
        steps.complete_erasure_step, parse_id_of(Prefix.ERASURE_STEP, id), records_erased
    )
    return await info.context.load_one(steps.by_ids, step_id)


@root_field
@loads(steps.by_ids)
async def fail_erasure_step(
    info: Info,
    id: IdArgument,  # noqa: A002 -- the contract's name
    error: Annotated[
        str, strawberry.argument(description="The reason, at most 200 characters, without personal data.")
    ],
) -> ErasureStep | None:
    """Report that the internal system of the caller's token cannot erase the person, and why."""
    step_id = await info.context.run_mutation(steps.fail_erasure_step, parse_id_of(Prefix.ERASURE_STEP, id), error)
    return await info.context.load_one(steps.by_ids, step_id)
