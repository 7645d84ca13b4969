"""Handing in parts of exports without HTTP, for tests."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from models.actors import Actor, Role
from models.exports import handing_in
from models.exports.handing_in import HandedInPart
from tests.conftest import World


async def stream(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def step_id(world: World, system: str) -> UUID:
    async with world.database.readers.acquire() as connection:
        result: UUID = await connection.fetchval("SELECT id FROM export_steps WHERE system = $1", system)
    return result


async def hand_in(world: World, system: str, *pieces: bytes) -> HandedInPart:
    """Hand in the part of a system, in these pieces."""
    actor = Actor("a system", Role.SERVICE, (Role.SERVICE,), system=system)
    return await handing_in.hand_in_part(
        world.database, world.keyring, actor, await step_id(world, system), stream(pieces)
    )
