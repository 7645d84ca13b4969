"""Bounces: the mutation that records them."""

from typing import Annotated

import strawberry

from models.delivery import bounces
from models.delivery.bounces import BounceKind
from resolvers.context import Info
from resolvers.field_sources import root_field


@root_field
async def record_bounce(
    info: Info,
    address: Annotated[str, strawberry.argument(description="The address that the letter was sent to.")],
    kind: Annotated[BounceKind, strawberry.argument(description="The kind of bounce.")],
) -> bool | None:
    """Record a bounce; always return true, so that the answer does not reveal whether the address is registered.

    A hard bounce stops mail to the address until it is corrected. A complaint is an opt-out of all marketing.
    """
    return await info.context.run_mutation(bounces.record_bounce, address, kind)
