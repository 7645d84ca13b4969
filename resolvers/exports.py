"""Exports: the types of exports and export steps, their query, and the mutation of internal systems."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from models.erasure import step_references
from models.erasure.steps import StepState
from models.exports import steps
from models.exports.exports import ExportRow
from models.exports.steps import ExportStepRow
from models.requests.states import RequestKind
from models.storage.ids import Prefix, id_formatter, parse_id_of
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import IdArgument
from resolvers.node import Node, own_id
from resolvers.pagination import BY_CREATION, DEFAULT_FIRST, After, Connection, First, PaginatedList
from resolvers.scalars import BigInt
from resolvers.step_lists import StateArgument, SystemArgument, read_own_steps


@object_type(ExportRow, description="The export of a request: when it is ready and when it ends, never its content.")
class Export:
    ready_at: datetime | None = column(description="When it was put together.")
    size_bytes: BigInt | None = column(description="The size of the archive.")
    expires_at: datetime | None = column(description="When it is destroyed.")
    downloaded_at: datetime | None = column(description="When the person fetched it first.")


@object_type(
    ExportStepRow,
    description="The part of an export that one internal system hands in, as JSON, to POST /exports/{id}.",
)
class ExportStep(Node):
    id: strawberry.ID = own_id(Prefix.EXPORT_STEP)
    request_id: strawberry.ID = column(
        "request_id", make=id_formatter(Prefix.RIGHTS_REQUEST), description="The id of the request that it belongs to."
    )
    subject_id: strawberry.ID = column(
        "subject_id", make=id_formatter(Prefix.SUBJECT), description="The person concerned."
    )
    kind: RequestKind = column(description="ACCESS: all that the system holds. PORTABILITY: only what the person gave.")
    system: str = column(description="The internal system.")
    references: list[str] = column(
        "reference_list",
        make=step_references.parse_references,
        description="What that system calls the person, at most 100 references; empty where none is known, and once "
        "the request has ended.",
    )
    state: StepState = column(description="The state of the step.")
    attempts: int = column(description="The number of webhook deliveries that were attempted.")
    due_at: datetime = column(description="When the part is due. What is missing then is named in the export.")
    completed_at: datetime | None = column(description="When the part was handed in.")
    size_bytes: BigInt | None = column(description="The size of the part.")
    error: str | None = column(description="The error that the system reported, or why the webhook failed.")


_STEPS = PaginatedList(steps.of_system, BY_CREATION)


@root_field
@loads(steps.of_system)
async def export_steps(
    info: Info,
    system: SystemArgument,
    state: StateArgument = StepState.PENDING,
    first: First = DEFAULT_FIRST,
    after: After = UNSET,
) -> Connection[ExportStep]:
    """Return the export steps of an internal system, the oldest first.

    The caller's token must belong to that system.
    """
    connection: Connection[ExportStep] = await read_own_steps(
        info.context, "Query.exportSteps", _STEPS, system, state, first, after
    )
    return connection


@root_field
@loads(steps.by_ids)
async def fail_export_step(
    info: Info,
    id: IdArgument,  # noqa: A002 -- the contract's name
    error: Annotated[
        str, strawberry.argument(description="The reason, at most 200 characters, without personal data.")
    ],
) -> ExportStep | None:
    """Report that the internal system of the caller's token cannot hand in its part, and why."""
    step_id = await info.context.run_mutation(steps.fail_export_step, parse_id_of(Prefix.EXPORT_STEP, id), error)
    return await info.context.load_one(steps.by_ids, step_id)
