"""Claims are leases: never two workers at a letter, and none goes that a person has refused meanwhile."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest

from models.consent import opt_outs
from models.consent.ledger import Channel
from models.delivery.claims import CLAIM, LEASE_DURATION
from tests.conftest import World
from tests.models.outbox.enqueued import (
    DOMAIN,
    PERSON,
    SENT,
    claimed,
    code,
    granted,
    handed,
    made_due,
    registered,
    settled,
    stands,
)

pytestmark = pytest.mark.anyio


async def test_several_workers_share_the_queue_and_never_a_letter(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        for number in range(30):
            await code(unit, subject_id, f"request:{number:x}")
    batches = await asyncio.gather(*(claimed(world, 10) for _ in range(6)))
    ids = [letter.row.id for batch in batches for letter in batch]
    assert (len(ids), len(set(ids))) == (30, 30)


WAITING = """
INSERT INTO letters (subject_id, id, deed, letter, recipient, address, context, has_own_key, posted_at, due_at)
SELECT subject_id, gen_random_uuid(), 'request:' || to_hex(n), letter, recipient, address, context, false,
    posted_at, due_at + interval '1 hour'
FROM letters, generate_series(1, 20000) AS n
"""


async def test_a_claim_looks_at_no_letter_that_waits_for_later(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id, "letter:1")
    async with world.database.transaction() as connection:
        await connection.execute(WAITING)
        await connection.execute("ANALYZE letters")  # as autovacuum does, which here may have last seen it empty
        [(explained,)] = await connection.fetch(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {CLAIM.sql}", 20, UUID(int=1), LEASE_DURATION, DOMAIN
        )
    steps = [*steps_of(orjson.loads(explained)[0]["Plan"])]
    looked = [step for step in steps if step.get("Relation Name") == "letters" and "Scan" in step["Node Type"]]
    assert looked
    for step in looked:
        assert step["Actual Rows"] + step.get("Rows Removed by Filter", 0) <= 1, step["Node Type"]


def steps_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every node of a plan."""
    yield plan
    for step in plan.get("Plans", []):
        yield from steps_of(step)


async def test_a_lease_that_ran_out_is_taken_over_and_the_first_worker_can_do_nothing_more(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id)
    [first] = await claimed(world)
    assert await claimed(world) == []
    await made_due(world)
    [second] = await claimed(world)
    assert not await handed(world, first)
    assert await handed(world, second)
    assert not await settled(world, first, SENT)
    assert await settled(world, second, SENT)
    assert second.row.message_id == first.row.message_id


async def test_a_letter_that_may_have_been_accepted_is_not_sent_again_to_whom_it_would_annoy(world: World) -> None:
    await registered(world)
    async with world.unit() as unit:
        await opt_outs.opt_out(unit, PERSON, ["newsletter"], Channel.WEBSITE)
    [letter] = await claimed(world)
    assert await handed(world, letter)
    await made_due(world)
    assert await claimed(world) == []
    assert await stands(world) == [("UNCERTAIN", "NO_ANSWER")]


async def test_a_letter_is_dropped_when_its_purpose_is_refused_before_it_goes(world: World) -> None:
    await registered(world)
    await granted(world)
    async with world.unit() as unit:
        await opt_outs.opt_out(unit, PERSON, ["newsletter"], Channel.WEBSITE, sends_confirmation=False)
    assert await claimed(world) == []
    assert await stands(world) == [("DROPPED", "OPTED_OUT")]


@pytest.mark.parametrize(
    ("status", "reason"), [("RESTRICTED", "RESTRICTED"), ("ERASING", "ERASED"), ("ERASED", "ERASED")]
)
async def test_an_email_for_a_purpose_is_dropped_by_the_status_of_the_person(
    world: World, status: str, reason: str
) -> None:
    await registered(world)
    await granted(world)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE subjects SET status = $1", status)
    assert await claimed(world) == []
    assert await stands(world) == [("DROPPED", reason)]


async def test_a_restricted_person_still_gets_what_is_owed(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE subjects SET status = 'RESTRICTED'")
    assert len(await claimed(world)) == 1
