"""Handing in the part of a system: a stream of JSON is screened and stored, and replaces an earlier part at its end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, NamedTuple
from uuid import UUID

from models.access.write_groups import REQUESTS
from models.actors import Actor
from models.encryption import export_keys
from models.encryption.keyring import Keyring
from models.errors import QueryTooLarge, StateConflict
from models.exports import chunks, steps
from models.exports.chunks import ChunkWriter
from models.exports.json_screening import JsonScreen
from models.exports.steps import LockedStep
from models.storage.database import Database
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork, unit_of_work

MAX_PART_BYTES: Final = 100 * 1024 * 1024
SLICE_BYTES: Final = 16 * 1024
"""Octets that are screened in one turn of the event loop."""

# The lock keeps a worker from claiming the export before the part is committed.
IS_BEING_BUILT = Statement("""
SELECT claimed_until > clock_timestamp()
FROM exports
WHERE subject_id = :subject_id
AND request_id = :request_id
FOR SHARE
""")

MARK_DONE = Statement("""
UPDATE export_steps
SET state = 'DONE', completed_at = :at, completed_by = :actor, part_id = :part_id, size_bytes = :size,
    replaced_values = :replaced, error = NULL, next_attempt_at = NULL
WHERE subject_id = :subject_id
AND id = :id
""")


class HandedInPart(NamedTuple):
    """The size of a stored part, and the values in it that looked like card numbers and were replaced."""

    size_bytes: int
    replaced_values: int


async def hand_in_part(
    database: Database, keyring: Keyring, actor: Actor, step_id: UUID, content: AsyncIterator[bytes]
) -> HandedInPart:
    """Store the part of a step. Repeating it replaces the part.

    Raise NOT_FOUND, FORBIDDEN for a step of another system, and STATE_CONFLICT when the request has ended or its export
    is being built. Raise BAD_INPUT for what is no JSON, and QUERY_TOO_LARGE for more than 100 MiB. A part that is
    refused is not kept.
    """
    async with database.transaction(REQUESTS.role) as connection:
        request = (await _lock(UnitOfWork(connection, keyring, actor), step_id)).request
    key = await export_keys.find(keyring, request.id)
    if key is None:
        raise StateConflict(argument="id")
    part_id = new_id()
    writer = ChunkWriter(database, key, request.subject_id, part_id, REQUESTS.role)
    try:
        replaced = await _store(writer, content)
        async with unit_of_work(database, keyring, actor, "handInExportPart", writer=REQUESTS.role) as unit:
            step = await _lock(unit, step_id)
            await MARK_DONE.run(
                unit.connection,
                subject_id=request.subject_id,
                id=step_id,
                at=unit.at,
                actor=actor.name,
                part_id=part_id,
                size=writer.size,
                replaced=replaced,
            )
            if step.part_id:
                await chunks.DELETE.run(unit.connection, subject_id=request.subject_id, part_id=step.part_id)
    except BaseException:
        await writer.delete()
        raise
    return HandedInPart(writer.size, replaced)


async def _lock(unit: UnitOfWork, step_id: UUID) -> LockedStep:
    """Lock a step. Raise STATE_CONFLICT while the export is being built, which has read the parts already."""
    step = await steps.lock_open(unit, step_id)
    request = step.request
    if await IS_BEING_BUILT.value(unit.connection, subject_id=request.subject_id, request_id=request.id):
        raise StateConflict(argument="id")
    return step


async def _store(writer: ChunkWriter, content: AsyncIterator[bytes]) -> int:
    """Screen and store a stream. Return how many values were replaced."""
    screen = JsonScreen()
    received = 0
    async for piece in content:
        received += len(piece)
        if received > MAX_PART_BYTES:
            raise QueryTooLarge(argument="body", most=MAX_PART_BYTES)
        for start in range(0, len(piece), SLICE_BYTES):
            await writer.write(screen.feed(piece[start : start + SLICE_BYTES]))
            await asyncio.sleep(0)
    await writer.write(screen.close())
    await writer.close()
    return screen.replaced
