"""The worker that erases, its phases, races, and what it leaves behind."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.actors import Role
from models.audit import sealing, segments
from models.consent.ledger import Channel
from models.erasure import certificates, completion, execution, ledger_lag, requesting, steps, systems
from models.erasure.completion import CleanupResult
from models.errors import StateConflict, SubjectErased
from models.registration import registering
from models.registration.registering import Registration
from models.requests.intake import ErasureOptions
from models.requests.requests import ErasureReason, IdentityProof, RightsRequestRow, by_ids
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from workers.erasure_worker import ErasureWorker

pytestmark = pytest.mark.anyio
NOW = ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED, ErasureReason.REQUESTED, immediately=True)


def worker(world: World) -> ErasureWorker:
    return ErasureWorker(
        world.database, world.keyring, issuer="https://privacy.example.com", backup_life=timedelta(days=183)
    )


async def registered(world: World, email: str, *accounts: tuple[str, str]) -> UUID:
    async with world.unit() as made:
        subject_id = await registering.register_subject(
            made, Registration(email, "Ada Example", "DE", accounts[0] if accounts else None)
        )
    for account in accounts[1:]:
        async with world.unit() as made:
            await registering.register_subject(made, Registration(email, account=account))
    return subject_id


async def asked(world: World, name: SubjectIdentifier, wish: ErasureOptions = NOW) -> UUID:
    async with world.unit(Role.ADMIN) as made:
        return await requesting.request_erasure(made, name, wish)


async def request(world: World, request_id: UUID) -> RightsRequestRow:
    async with world.database.readers.acquire() as connection:
        row = (await by_ids(connection, [request_id]))[request_id]
    assert row
    return row


async def value(world: World, sql: str, *given: Any) -> Any:
    async with world.database.readers.acquire() as connection:
        return await connection.fetchval(sql, *given)


async def ring(world: World, sql: str, *given: Any) -> Any:
    async with world.keyring.pool.acquire() as connection:
        return await connection.fetchval(sql, *given)


async def only_step(world: World, request_id: UUID) -> steps.ErasureStepRow:
    async with world.database.readers.acquire() as connection:
        [step] = (await steps.of_requests(connection, [request_id]))[request_id]
    return step


async def test_a_person_without_systems_is_erased_and_completed_in_one_go(world: World) -> None:
    subject_id = await registered(world, "ada@example.com")
    request_id = await asked(world, SubjectIdentifier.email("ada@example.com"))
    assert await worker(world).drain() == 1
    done = await request(world, request_id)
    assert done.state == "COMPLETED"
    assert done.completed_at
    assert done.backups_clear_at == done.completed_at + timedelta(days=183)
    assert await value(world, "SELECT status FROM subjects") == "ERASED"
    assert await value(world, "SELECT count(*) FROM email_addresses") == 0
    assert await ring(world, "SELECT count(*) FROM subject_keys") == 0
    assert await ring(world, "SELECT subject_id FROM erasures WHERE completed_at IS NOT NULL") == subject_id
    assert await ring(world, "SELECT count(*) FROM erased_names") == 1
    assert await value(world, "SELECT position FROM ledger_marks") == 1


async def test_the_certificate_says_what_was_erased_and_verifies_offline(world: World) -> None:
    await registered(world, "ada@example.com")
    request_id = await asked(world, SubjectIdentifier.email("ada@example.com"))
    # What others write on the same server at this moment holds sealing up.
    segment, signer = None, segments.SegmentSigner(segments.SegmentSigner.generate())
    async with asyncio.timeout(30):
        while segment is None:
            async with world.database.transaction() as connection:
                segment = await sealing.seal_segment(connection, signer)
    await worker(world).drain()
    jws = (await request(world, request_id)).certificate
    assert jws
    async with world.keyring.pool.acquire() as connection:
        keys = (await certificates.published_keys(connection))["keys"]
    said = certificates.verify_certificate(jws, keys)
    assert {"system": "privacy", "what": "mail addresses", "records": 1} in said["erased"]
    assert said["auditHead"] == {"segment": segment.number, "head": segment.head.hex()}
    assert "ada" not in str(said).lower()
    head, body, signature = jws.split(".")
    changed = body[:-4] + ("AAAA" if body[-4:] != "AAAA" else "BBBB")
    for forged, given in ((f"{head}.{changed}.{signature}", keys), (jws, []), ("nonsense", keys)):
        with pytest.raises(certificates.InvalidCertificateError):
            certificates.verify_certificate(forged, given)


async def test_nothing_is_erased_that_is_not_verified_or_not_due(world: World) -> None:
    for number, wish in enumerate(
        (ErasureOptions(Channel.WEBSITE), ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED))
    ):
        await registered(world, f"user{number}@example.com")
        await asked(world, SubjectIdentifier.email(f"user{number}@example.com"), wish)
    assert await worker(world).drain() == 0
    assert await value(world, "SELECT count(*) FROM email_addresses") == 2
    assert await value(world, "SELECT count(*) FROM subjects WHERE status = 'ACTIVE'") == 2


async def test_the_database_refuses_to_begin_without_proof_whoever_asks(world: World) -> None:
    await registered(world, "ada@example.com")
    await asked(world, SubjectIdentifier.email("ada@example.com"), ErasureOptions(Channel.WEBSITE))
    for state in ("SCHEDULED", "IN_PROGRESS", "PARTIALLY_COMPLETED"):
        with pytest.raises(asyncpg.CheckViolationError):
            async with world.database.transaction() as connection:
                await connection.execute("UPDATE rights_requests SET state = $1, execute_at = now()", state)


async def test_systems_are_left_to_answer_and_the_person_stays_erasing_until_they_have(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await asked(world, SubjectIdentifier.account("forum", "ada-1"))
    await worker(world).drain()
    assert (await request(world, request_id)).state == "PARTIALLY_COMPLETED"
    assert await value(world, "SELECT status FROM subjects") == "ERASING"
    step = await only_step(world, request_id)
    async with world.keyring.pool.acquire() as connection:
        key = (await world.keyring.of_subjects(connection, [step.subject_id]))[step.subject_id]
    assert key
    assert step.account_reference
    assert steps.REFERENCE.decrypt(key, step.account_reference) == "ada-1"
    for count in (3, 99):
        async with world.unit(Role.SERVICE) as made:
            await steps.complete_erasure_step(made, step.id, count)
    await worker(world).drain()
    step = await only_step(world, request_id)
    assert (step.state, step.records_erased, step.account_reference) == ("DONE", 3, None)
    assert (await request(world, request_id)).state == "COMPLETED"
    assert await ring(world, "SELECT count(*) FROM subject_keys") == 0


async def test_a_system_that_fails_is_seen_and_may_be_told_again(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await asked(world, SubjectIdentifier.account("forum", "ada-1"))
    await worker(world).drain()
    step = await only_step(world, request_id)
    for _ in range(2):
        async with world.unit(Role.SERVICE) as made:
            await steps.fail_erasure_step(made, step.id, "the archive is read-only")
    assert (await only_step(world, request_id)).state == "FAILED"
    assert await worker(world).drain() == 0
    async with world.unit(Role.PRIVACY) as made:
        await requesting.retry_erasure(made, request_id)
    assert (await only_step(world, request_id)).state == "PENDING"
    async with world.unit(Role.SERVICE) as made:
        await steps.complete_erasure_step(made, step.id, 0)
    with pytest.raises(StateConflict):
        async with world.unit(Role.SERVICE) as made:
            await steps.fail_erasure_step(made, step.id, "too late")
    await worker(world).drain()
    assert (await request(world, request_id)).state == "COMPLETED"
    assert (await only_step(world, request_id)).error is None


async def test_a_system_that_is_always_concerned_is_told_of_everybody_once(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "search-index", None, is_always_concerned=True)
        await systems.register(connection, "forum", None, is_always_concerned=True)
    await registered(world, "ada@example.com", ("forum", "ada-1"), ("forum", "ada-2"))
    await asked(world, SubjectIdentifier.account("forum", "ada-1"))
    await worker(world).drain()
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT system, account_reference IS NULL FROM erasure_steps ORDER BY 1")
    assert [tuple(row) for row in rows] == [("forum", False), ("forum", False), ("search-index", True)]


async def test_the_last_letter_goes_out_under_a_key_of_its_own_when_all_is_done(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await asked(world, SubjectIdentifier.account("forum", "ada-1"))
    await worker(world).drain()
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done'") == 0
    assert await value(world, "SELECT count(*) FROM letters WHERE state = 'QUEUED'") == 0
    async with world.unit(Role.SERVICE) as made:
        await steps.complete_erasure_step(made, (await only_step(world, request_id)).id, 1)
    await worker(world).drain()
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done' AND has_own_key") == 1
    assert await value(world, "SELECT count(farewell_address) FROM rights_requests") == 0


async def test_a_letter_that_cannot_be_posted_holds_nothing_up(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await asked(world, SubjectIdentifier.account("forum", "ada-1"))
    await worker(world).drain()
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE rights_requests SET farewell_address = 'not sealed by us'")
    async with world.unit(Role.SERVICE) as made:
        await steps.complete_erasure_step(made, (await only_step(world, request_id)).id, 1)
    await worker(world).drain()
    assert (await request(world, request_id)).state == "COMPLETED"
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done'") == 0


async def test_a_letter_that_cannot_be_written_or_posted_keeps_no_other_back(world: World) -> None:
    requests = []
    for name in ("ada", "bob", "cleo", "dan"):
        await registered(world, f"{name}@example.com", ("forum", f"{name}-1"))
        requests.append(await asked(world, SubjectIdentifier.email(f"{name}@example.com")))
    await worker(world).drain()
    unreadable, unpostable = requests[:2]
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE rights_requests SET farewell_address = 'not sealed by us' WHERE id = $1", unreadable
        )
        refused = await connection.fetchval("SELECT farewell_to FROM rights_requests WHERE id = $1", unpostable)
        await connection.execute(
            f"ALTER TABLE letters ADD CONSTRAINT refused CHECK (recipient <> '{refused}') NOT VALID"
        )
    try:
        async with world.database.readers.acquire() as connection:
            rows = await connection.fetch("SELECT id FROM erasure_steps")
        for row in rows:
            async with world.unit(Role.SERVICE) as made:
                await steps.complete_erasure_step(made, row[0], 1)
        await worker(world).drain()
    finally:
        async with world.database.transaction() as connection:
            await connection.execute("ALTER TABLE letters DROP CONSTRAINT refused")
    assert await value(world, "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'") == 4
    posted = await value(world, "SELECT array_agg(deed) FROM letters WHERE letter = 'erasure_done'")
    assert sorted(posted) == sorted(f"request:{request_id.hex}" for request_id in requests[2:])


async def test_the_mark_follows_while_there_is_more_to_do(world: World) -> None:
    for number in range(3):
        await registered(world, f"user{number}@example.com")
        await asked(world, SubjectIdentifier.email(f"user{number}@example.com"))
    working = ErasureWorker(
        world.database, world.keyring, issuer="https://x.example.com", backup_life=timedelta(days=1), rate=1.0
    )
    began = asyncio.get_running_loop().time()
    while await value(world, "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'") < 2:
        assert await working.round()
    assert await value(world, "SELECT count(*) FROM rights_requests WHERE state = 'SCHEDULED'") == 1
    assert await value(world, "SELECT max(position) FROM ledger_marks") > 0
    assert asyncio.get_running_loop().time() - began > 1, "one a second, at most"


async def test_what_a_killed_worker_left_is_found_behind_many_that_wait_for_systems(world: World) -> None:
    for number in range(3):
        await registered(world, f"user{number}@example.com", ("forum", f"u{number}"))
        await asked(world, SubjectIdentifier.email(f"user{number}@example.com"))
    await worker(world).drain()
    await registered(world, "last@example.com")
    request_id = await asked(world, SubjectIdentifier.email("last@example.com"))
    await worker(world).drain()
    await world.keyring.create_many([request_id])
    async with world.keyring.pool.acquire() as connection:
        await connection.execute(
            "UPDATE erasures SET erased_at = NULL, completed_at = NULL WHERE request_id = $1", request_id
        )
    seen = CleanupResult(0)
    for _ in range(4):
        seen = await completion.clean_up(world.database, world.keyring, seen, most=1)
        assert await ring(world, "SELECT count(*) FROM erasures WHERE erased_at IS NULL") == 0, "at once"
    assert await ring(world, "SELECT completed_at FROM erasures WHERE request_id = $1", request_id)
    assert await ring(world, "SELECT count(*) FROM subject_keys WHERE subject_id = $1", request_id) == 0
    assert (await completion.clean_up(world.database, world.keyring, seen, most=1)).scanned_to == 1, (
        "from the beginning"
    )


async def test_workers_racing_erase_everybody_once(world: World) -> None:
    for number in range(60):
        await registered(world, f"user{number}@example.com")
        await asked(world, SubjectIdentifier.email(f"user{number}@example.com"))
    counts = await asyncio.gather(*(worker(world).drain() for _ in range(4)))
    assert sum(counts) == 60
    assert await value(world, "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'") == 60
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done'") == 60
    assert await value(world, "SELECT count(*) FROM access_events WHERE fields = '{erase}'") == 60
    assert await ring(world, "SELECT max(position) FROM erasures") == 60
    assert await ring(world, "SELECT count(*) FROM subject_keys") == 0


async def test_a_worker_that_overslept_its_lease_does_nothing_twice(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    await asked(world, SubjectIdentifier.account("forum", "ada-1"))
    [sleeper] = await execution.claim_erasures(world.database, 10, timedelta(0))
    [successor] = await execution.claim_erasures(world.database, 10)
    await execution.execute(world.database, world.keyring, [successor])
    await execution.execute(world.database, world.keyring, [sleeper])
    assert await value(world, "SELECT count(*) FROM erasure_steps") == 1
    assert await value(world, "SELECT count(*) FROM access_events WHERE fields = '{erase}'") == 1
    assert await ring(world, "SELECT count(*) FROM erasures") == 1
    assert await value(world, "SELECT erased ->> 'mail addresses' FROM rights_requests") == "1"


async def test_whoever_was_erased_comes_back_only_by_a_fresh_act(world: World) -> None:
    first = await registered(world, "ada@example.com", ("forum", "ada-1"))
    await asked(world, SubjectIdentifier.email("ada@example.com"))
    await worker(world).drain()
    for role in (Role.SYNC, Role.ADMIN):
        for given in (Registration("ada@example.com"), Registration("bob@example.com", account=("forum", "ada-1"))):
            with pytest.raises(SubjectErased):
                async with world.unit(role) as made:
                    await registering.register_subject(made, given)
    async with world.unit(Role.STORE) as made:
        second = await registering.register_subject(made, Registration("ada@example.com"))
    assert second != first
    async with world.unit(Role.SYNC) as made:
        assert await registering.register_subject(made, Registration("ada@example.com")) == second
    assert await value(world, "SELECT count(*) FROM accounts") == 0
    assert await value(world, "SELECT count(*) FROM consent_events WHERE subject_id = $1", second) == 0


async def test_a_database_in_step_does_not_lag_and_a_half_done_erasure_is_no_lag(world: World) -> None:
    await registered(world, "ada@example.com")
    await asked(world, SubjectIdentifier.email("ada@example.com"))
    assert await ledger_lag.read_lag(world.database, world.keyring) is None
    claimed = await execution.claim_erasures(world.database, 10)
    assert await ledger_lag.read_lag(world.database, world.keyring) is None
    await execution.execute(world.database, world.keyring, claimed)
    assert await ledger_lag.read_lag(world.database, world.keyring) is None
