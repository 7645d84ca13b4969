"""A database as after a restore: the ledger contains the erasure of a person whom the database still contains."""

from datetime import timedelta
from uuid import UUID

from models.erasure import ledger
from models.storage.clock import now
from models.storage.ids import new_id
from tests.conftest import World


async def erased_elsewhere(world: World, subject_id: UUID) -> UUID:
    """Append the person's erasure to the ledger, and destroy the key. Return the request's id."""
    request_id, at = new_id(), now()
    entry = {
        "subject_id": subject_id,
        "id": request_id,
        "reason": "REQUESTED",
        "channel": "WEBSITE",
        "regime": "GDPR",
        "identity": "ATTESTED",
        "registered_at": at,
        "received_at": at,
        "verified_at": at,
        "due_at": at + timedelta(days=30),
    }
    async with world.keyring.pool.acquire() as connection:
        await ledger.append(connection, [entry], [])
        await ledger.mark_erased(connection, [subject_id])
    await world.keyring.destroy([subject_id])
    return request_id
