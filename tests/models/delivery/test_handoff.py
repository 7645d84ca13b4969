"""The handover extends a short lease, and no opt-out overtakes it."""

import asyncio
from datetime import timedelta

import pytest

from models.consent import opt_outs
from models.consent.ledger import Channel
from models.delivery import handoff
from models.delivery.results import DeliveryResult
from models.outbox.emails import EmailReason, EmailState
from tests.conftest import World
from tests.models.outbox.enqueued import PERSON, claimed, code, granted, handed, only, registered

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("left", "is_renewed"), [(1, True), (4, False)])
async def test_a_lease_is_renewed_when_it_is_short_for_what_a_mail_server_may_take(
    world: World, left: int, *, is_renewed: bool
) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id)
    [letter] = await claimed(world)
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE letters SET due_at = clock_timestamp() + $1::interval", timedelta(minutes=left)
        )
    assert await handed(world, letter)
    row = await only(world)
    assert (row["due_at"] - row["handed_at"] > timedelta(minutes=4.5)) == is_renewed


async def test_an_opt_out_between_claim_and_sending_is_seen(world: World) -> None:
    await registered(world)
    await granted(world)
    [letter] = await claimed(world)
    async with world.unit() as unit:
        await opt_outs.opt_out(unit, PERSON, ["newsletter"], Channel.WEBSITE, sends_confirmation=False)
    async with handoff.lock_for_delivery(world.database, letter) as refused:
        assert refused == DeliveryResult(EmailState.DROPPED, EmailReason.OPTED_OUT)


async def test_an_opt_out_waits_while_a_letter_is_handed_over(world: World) -> None:
    await registered(world)
    await granted(world)
    [letter] = await claimed(world)

    async def leave() -> None:
        async with world.unit() as unit:
            await opt_outs.opt_out(unit, PERSON, ["newsletter"], Channel.WEBSITE)

    async with handoff.lock_for_delivery(world.database, letter) as refused:
        assert refused is None
        leaving = asyncio.create_task(leave())
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await world.database.readers.fetchval(waiting):
            assert not leaving.done()
            await asyncio.sleep(0.01)
    await leaving
