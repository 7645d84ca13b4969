"""Data that outlives an erasure is deleted at its end."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from models.access.database_roles import INTERNAL, INTERNAL_WRITER, READERS, WORKER, WRITERS
from models.actors import Role
from models.consent import recording
from models.consent.ledger import Channel
from models.erasure import requesting, retention
from models.erasure.retention import CLAIM_YEARS, retained_until
from models.registration import registering
from models.registration.registering import Registration
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import IdentityProof
from models.retention.grounds import RetentionGround
from models.storage.clock import now
from models.storage.database import Database, DatabaseRoles
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import Databases, World
from workers.erasure_worker import ErasureWorker

NOW = ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED, immediately=True)


@pytest.mark.parametrize(("erased_on", "last"), [("2026-01-01", "2029-12-31"), ("2026-12-31", "2029-12-31")])
def test_claims_end_with_the_third_year_after_the_erasure(erased_on: str, last: str) -> None:
    assert retained_until(RetentionGround.LEGAL_CLAIM, date.fromisoformat(erased_on)) == date.fromisoformat(last)


def test_what_a_law_demands_and_what_is_not_done_yet_has_no_day() -> None:
    assert retained_until(RetentionGround.LEGAL_OBLIGATION, date(2026, 1, 1)) is None
    assert retained_until(RetentionGround.LEGAL_CLAIM, None) is None


async def person(world: World, email: str) -> UUID:
    """Register a person with a choice."""
    async with world.unit() as unit:
        subject_id = await registering.register_or_complete(unit, Registration(email))
        await recording.grant_consent(unit, SubjectIdentifier.email(email), "newsletter", Channel.STORE, None)
    return subject_id


async def erased(world: World, *people: tuple[UUID, datetime]) -> None:
    """Erase people, and say that it was done then."""
    for subject_id, _ in people:
        async with world.unit(Role.ADMIN) as unit:
            await requesting.request_erasure(unit, SubjectIdentifier("id", subject_id), NOW)
    await ErasureWorker(world.database, world.keyring, issuer="x", backup_life=timedelta(days=1)).drain()
    for subject_id, at in people:
        async with world.database.transaction() as connection:
            for sql in (
                "UPDATE rights_requests SET received_at = $1, completed_at = $1 WHERE subject_id = $2",
                "UPDATE consent_events SET recorded_at = $1 WHERE subject_id = $2",
            ):
                await connection.execute(sql, at, subject_id)


async def remembered(world: World) -> set[UUID]:
    async with world.database.readers.acquire() as connection:
        return {row[0] for row in await connection.fetch("SELECT subject_id FROM consent_events")}


@pytest.mark.anyio
async def test_a_ledger_goes_when_its_day_is_over_and_no_other_does(world: World, databases: Databases) -> None:
    ended = datetime(now().year - CLAIM_YEARS, 1, 1, tzinfo=UTC)
    over, last_day, alive = [await person(world, f"{name}@example.com") for name in ("over", "last", "alive")]
    await erased(world, (over, ended - timedelta(microseconds=1)), (last_day, ended))
    assert retained_until(RetentionGround.LEGAL_CLAIM, (ended - timedelta(days=1)).date()) < now().date()  # type: ignore[operator]
    assert retained_until(RetentionGround.LEGAL_CLAIM, ended.date()) >= now().date()  # type: ignore[operator]
    assert await remembered(world) == {over, last_day, alive}
    acting = DatabaseRoles(WORKER, WORKER)
    database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=4, timeout=10, roles=acting)
    try:
        worker = ErasureWorker(database, world.keyring, issuer="x", backup_life=timedelta(days=1))
        await worker.drain()
        assert await remembered(world) == {last_day, alive}
        assert await retention.delete_expired(database, 10) == 0
    finally:
        await database.close()
    async with world.database.readers.acquire() as connection:
        noted = await connection.fetchval("SELECT array_agg(subject_id) FROM access_events WHERE fields = '{forget}'")
    assert noted == [over]


@pytest.mark.anyio
async def test_a_forged_old_erasure_deletes_no_recent_ledger_row(world: World) -> None:
    subject_id = await person(world, "ada@example.com")
    await erased(world, (subject_id, now()))
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE rights_requests SET received_at = '2001-01-01T00:00:00Z', completed_at = '2001-01-01T00:00:00Z'"
        )
    assert await retention.delete_expired(world.database, 10) == 0
    assert await remembered(world) == {subject_id}


@pytest.mark.anyio
@pytest.mark.parametrize("role", [*READERS.values(), INTERNAL, INTERNAL_WRITER, *WRITERS])
async def test_nobody_but_a_worker_takes_a_ledger_away(databases: Databases, role: str) -> None:
    connection = await asyncpg.connect(databases.url, server_settings={"role": role})
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(retention.DELETE_EXPIRED.sql, 10)
    finally:
        await connection.close()
