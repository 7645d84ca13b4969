"""A database as after a restore: the ledger contains the erasure of a person whom the database still contains."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from models.erasure import certificates, ledger, ledger_replay
from models.erasure.ledger_replay import ReplayResult
from models.requests.requests import by_ids
from models.storage.clock import now
from models.storage.ids import new_id
from tests.conftest import World


async def erased_elsewhere(world: World, subject_id: UUID) -> UUID:
    """Append the person's erasure to the ledger, as an earlier version did, and destroy the key. Return its request."""
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
        await connection.execute("UPDATE erasures SET erased_at = $1 WHERE subject_id = $2", at, subject_id)
    await world.keyring.destroy([subject_id])
    return request_id


async def roll_back(world: World, *, with_people: bool = True) -> None:
    """Put the privacy database back to before every erasure, as a restore of an old backup does."""
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM erasure_steps")
        await connection.execute("DELETE FROM rights_requests")
        await connection.execute("DELETE FROM ledger_marks")
        await connection.execute("UPDATE subjects SET status = 'ACTIVE', display_name = 'old'")
        if not with_people:
            await connection.execute("DELETE FROM consent_changes")
            await connection.execute("DELETE FROM consent_events")
            await connection.execute("DELETE FROM letters")
            await connection.execute("DELETE FROM subjects")


async def forget_facts(world: World) -> None:
    """Leave the ledger as an earlier version wrote it."""
    async with world.keyring.pool.acquire() as connection:
        await connection.execute(
            "UPDATE erasures SET erased = NULL, systems = NULL, certificate = NULL, certified_at = NULL, replays = NULL"
        )


async def certificates_of(world: World, request_id: UUID) -> tuple[str, list[str]]:
    """Return the certificate of a request, and the statements of its replays."""
    async with world.database.readers.acquire() as connection:
        row = (await by_ids(connection, [request_id]))[request_id]
    assert row
    assert row.certificate
    return row.certificate, list(row.replay_statements or ())


async def published_keys(world: World) -> list[dict[str, Any]]:
    """Return the keys with which certificates are verified."""
    async with world.keyring.pool.acquire() as connection:
        return list((await certificates.published_keys(connection))["keys"])


async def replayed(world: World) -> ReplayResult:
    """Replay the ledger as `privacy restore replay` does."""
    return await ledger_replay.replay_ledger(
        world.database, world.keyring, issuer="https://privacy.example.com", backup_life=timedelta(days=183)
    )
