"""Lists of the steps of one internal system, which only tokens of that system read."""

from typing import Annotated, Any

import strawberry

from models.erasure import step_access
from models.erasure.steps import StepState
from models.errors import Forbidden
from resolvers.context import RequestContext
from resolvers.pagination import PaginatedList, page

SystemArgument = Annotated[str, strawberry.argument(description="The internal system, such as `store`.")]
StateArgument = Annotated[StepState | None, strawberry.argument(description="Only steps in this state; null for all.")]


async def read_own_steps(  # noqa: PLR0913, PLR0917 -- the arguments of both queries
    context: RequestContext,
    question: str,
    steps: PaginatedList,
    system: str,
    state: StepState | None,
    first: int | None,
    after: Any,
) -> Any:
    """Return a page of the steps of the system that the caller's token belongs to.

    FORBIDDEN for another system, which is recorded as a refusal of ``question``, the coordinate of the query.
    """
    try:
        name = step_access.own_system(context.actor, system)
    except Forbidden:
        context.access_log.record_refusal([question])
        raise
    return await page(context, steps, (name, state), {"first": first, "after": after})
