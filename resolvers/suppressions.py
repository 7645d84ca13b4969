"""Suppressed addresses: the mutation that lets services register the address of an erased child again."""

from typing import Annotated

import strawberry

from models.erasure import registration_suppressions
from resolvers.context import Info
from resolvers.field_sources import root_field


@root_field
async def lift_suppression(
    info: Info, email: Annotated[str, strawberry.argument(description="The address.")]
) -> bool | None:
    """Allow services to register an address again that an erasure with the reason UNDERAGE suppressed.

    Return whether it was suppressed.
    """
    return await info.context.run_mutation(registration_suppressions.lift_suppression, email)
