"""Tests of legal holds: an erasure that is due waits for the release, and processing is restricted meanwhile."""

from datetime import timedelta

import pytest

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import plan, requesting
from models.erasure.retention import EVERYTHING_HELD
from models.registration import registering
from models.registration.registering import Registration
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import IdentityProof
from models.retention import holds
from models.retention.grounds import RetentionGround
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from workers.erasure_worker import ErasureWorker

ADA = SubjectIdentifier.email("ada@example.com")
STATUS = "SELECT status FROM subjects"


@pytest.mark.anyio
async def test_an_erasure_waits_for_the_release_of_a_hold(world: World) -> None:
    worker = ErasureWorker(
        world.database, world.keyring, issuer="https://privacy.example.com", backup_life=timedelta(days=183)
    )
    async with world.unit() as unit:
        subject_id = await registering.register_or_complete(unit, Registration(ADA.normalized))
    async with world.unit(Role.PRIVACY) as unit:
        await holds.hold_retention(unit, ADA, RetentionGround.LEGAL_OBLIGATION, "tax audit 7")
        planned = (await plan.of_subjects(unit.connection, [subject_id]))[subject_id]
        options = ErasureOptions(Channel.EMAIL, IdentityProof.ATTESTED, immediately=True)
        await requesting.request_erasure(unit, ADA, options)
    assert planned
    assert (planned.retained[0].ground, planned.retained[0].what) == ("LEGAL_OBLIGATION", EVERYTHING_HELD)
    assert await worker.drain() == 0
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval(STATUS) == "RESTRICTED"
        assert await connection.fetchval("SELECT count(*) FROM email_addresses") == 1
    async with world.unit(Role.PRIVACY) as unit:
        await holds.release_retention(unit, ADA)
    assert await worker.drain() == 1
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval(STATUS) == "ERASED"
