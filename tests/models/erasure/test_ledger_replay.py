"""Replay repeats the ledger's erasures in a restored database, and leaves its queued emails to an operator."""

import pytest

from models.erasure import ledger_lag, ledger_replay
from models.erasure.ledger_replay import ReplayResult
from tests.conftest import World
from tests.models.erasure.erased_people import complete_step, registered, request, requested, steps_of, value, worker
from tests.models.erasure.restored import erased_elsewhere, replayed
from tests.workers.outbox_workers import enqueue

pytestmark = pytest.mark.anyio


async def test_a_restored_person_is_erased_again_once(world: World) -> None:
    erased = await registered(world, "ada@example.com", ("forum", "ada-1"), ("forum", "ada-2"))
    await registered(world, "bob@example.com")
    request_id = await erased_elsewhere(world, erased)
    assert await replayed(world) == ReplayResult(1, 1, 0)
    assert await replayed(world) == ReplayResult(1, 0, 0)
    assert await ledger_lag.read_lag(world.database, world.keyring) is None
    assert await value(world, "SELECT count(*) FROM email_addresses") == 1
    assert await value(world, "SELECT count(*) FROM accounts") == 0
    assert await value(world, "SELECT status FROM subjects WHERE id = $1", erased) == "ERASING"
    assert (await request(world, request_id)).state == "PARTIALLY_COMPLETED"
    [step] = await steps_of(world, request_id)
    assert (step.system, step.state, step.account_reference) == ("forum", "PENDING", None)
    await complete_step(world, step.id)
    await worker(world).drain()
    assert (await request(world, request_id)).state == "COMPLETED"


async def test_an_open_request_of_a_restored_person_is_cancelled(world: World) -> None:
    erased = await registered(world, "ada@example.com")
    open_request = await requested(world, "ada@example.com")
    await erased_elsewhere(world, erased)
    await replayed(world)
    assert (await request(world, open_request)).state == "CANCELLED"


async def test_queued_emails_of_a_restored_database_become_uncertain(world: World) -> None:
    await enqueue(world, await registered(world, "ada@example.com"))
    assert await ledger_replay.hold_emails(world.database) == 1
    assert await ledger_replay.hold_emails(world.database) == 0
    assert await value(world, "SELECT state FROM letters") == "UNCERTAIN"
