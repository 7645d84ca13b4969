"""Updates of emails tell whether the worker still holds the lease."""

import pytest

from models.delivery import claims
from models.delivery.results import DeliveryResult
from models.outbox.emails import EmailState
from models.storage.ids import new_id
from tests.conftest import World
from tests.workers.outbox_workers import email_rows, enqueue, register
from workers.delivery_updates import DeliveryUpdates

pytestmark = pytest.mark.anyio


async def test_an_update_succeeds_only_with_the_lease(world: World) -> None:
    await enqueue(world, await register(world))
    [claimed] = await claims.claim(world.database, world.keyring, "example.org", 1)
    updates = DeliveryUpdates(world.database)
    lost = claimed.lease._replace(token=new_id())
    sent = DeliveryResult(EmailState.SENT, reply_code=250)
    assert not await updates.mark_handed_over(lost)
    assert not await updates.record_result((lost, sent))
    assert await email_rows(world, "state", "handed_at") == [("QUEUED", None)]
    assert await updates.mark_handed_over(claimed.lease)
    assert await updates.record_result((claimed.lease, sent))
    assert await email_rows(world, "state", "reply_code") == [("SENT", 250)]
