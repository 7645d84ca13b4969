"""A replay brings the certificate back as it was signed, and adds a statement of its own."""

from datetime import datetime
from uuid import UUID

import pytest

from models.erasure import certificates, replay_statements
from tests.conftest import World
from tests.models.erasure.erased_people import (
    complete_step,
    keyring_value,
    registered,
    request,
    requested,
    steps_of,
    value,
    worker,
)
from tests.models.erasure.restored import certificates_of, forget_facts, published_keys, replayed, roll_back

pytestmark = pytest.mark.anyio


async def completed(world: World) -> UUID:
    """Erase a person whom the forum knows, complete the erasure everywhere, and return its request."""
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    [step] = await steps_of(world, request_id)
    await complete_step(world, step.id, 7)
    await worker(world).drain()
    return request_id


@pytest.mark.parametrize("with_people", [True, False])
async def test_a_replay_leaves_the_certificate_as_it_was_signed(world: World, *, with_people: bool) -> None:
    request_id = await completed(world)
    before = await request(world, request_id)
    certificate, replays = await certificates_of(world, request_id)
    assert replays == []
    for count in (1, 2):
        await roll_back(world, with_people=with_people)
        await replayed(world)
        await worker(world).drain()
        same, replays = await certificates_of(world, request_id)
        assert same == certificate
        assert len(replays) == count, "each replay adds its own statement"
    after = await request(world, request_id)
    assert after._replace(replay_statements=None, channel="", case_reference=None, execute_at=None) == before._replace(
        replay_statements=None, channel="", case_reference=None, execute_at=None
    )
    [step] = await steps_of(world, request_id)
    assert (step.system, step.state, step.records_erased) == ("forum", "DONE", 7)
    assert await value(world, "SELECT status FROM subjects") == "ERASED"
    keys = await published_keys(world)
    claims = certificates.verify_certificate(certificate, keys)
    assert step.completed_at == datetime.fromisoformat(claims["systems"][0]["completedAt"])
    for statement in replays:
        statement_claims = replay_statements.verify_replay(statement, certificate, keys)
        assert statement_claims["certificateSha256"] == replay_statements.digest(certificate)
        assert statement_claims["keyDestroyedAt"] == claims["keyDestroyedAt"]
        assert statement_claims["replayedAt"] > claims["completedAt"]
    first = replay_statements.verify_replay(replays[0], certificate, keys)
    assert bool(first["erasedAgain"]) == with_people
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done'") == with_people


async def test_an_erasure_that_waits_for_a_system_keeps_its_first_facts(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    erased_at = await value(world, "SELECT erased_at FROM rights_requests")
    erased = await value(world, "SELECT erased FROM rights_requests")
    await roll_back(world)
    await replayed(world)
    assert await value(world, "SELECT erased_at FROM rights_requests") == erased_at
    assert await value(world, "SELECT erased FROM rights_requests") == erased
    [step] = await steps_of(world, request_id)
    assert (step.system, step.state) == ("forum", "PENDING"), "the ledger knows it, the restored accounts are gone"
    await complete_step(world, step.id, 3)
    await worker(world).drain()
    certificate, [replay] = await certificates_of(world, request_id)
    keys = await published_keys(world)
    claims = certificates.verify_certificate(certificate, keys)
    assert {"system": "privacy", "what": "mail addresses", "records": 1} in claims["erased"]
    assert claims["replays"] == [replay_statements.digest(replay)]
    assert replay_statements.verify_replay(replay, certificate, keys)["certificateSha256"] is None


async def test_an_entry_of_an_earlier_version_gets_a_certificate_that_invents_nothing(world: World) -> None:
    request_id = await completed(world)
    before = await request(world, request_id)
    await forget_facts(world)
    await roll_back(world)
    await replayed(world)
    await worker(world).drain()
    after = await request(world, request_id)
    assert after.state == "COMPLETED"
    assert after.completed_at == before.completed_at
    certificate, [replay] = await certificates_of(world, request_id)
    claims = certificates.verify_certificate(certificate, await published_keys(world))
    assert not claims.keys() & {"erased", "systems", "retained"}
    assert claims["source"] == "erasure ledger"
    replay_statements.verify_replay(replay, certificate, await published_keys(world))
    assert await keyring_value(world, "SELECT certificate FROM erasures") == certificate


async def test_a_waiting_entry_of_an_earlier_version_completes_without_invented_counts(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    await forget_facts(world)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE rights_requests SET state = 'SCHEDULED', erased_at = NULL, erased = NULL")
    await replayed(world)
    [step] = await steps_of(world, request_id)
    await complete_step(world, step.id)
    await worker(world).drain()
    certificate, _ = await certificates_of(world, request_id)
    claims = certificates.verify_certificate(certificate, await published_keys(world))
    assert "erased" not in claims
    assert claims["systems"][0]["system"] == "forum"
