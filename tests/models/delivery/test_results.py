"""Results are written each to its own email, by the worker that holds its lease."""

from datetime import timedelta
from uuid import UUID

import pytest

from models.delivery import results
from models.delivery.results import DeliveryLease, DeliveryResult
from models.outbox.emails import EmailReason, EmailState
from models.storage.clock import now
from tests.conftest import World
from tests.models.outbox.enqueued import SENT, claimed, code, registered

pytestmark = pytest.mark.anyio


async def test_results_of_many_letters_are_written_each_to_its_own(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        for number in range(4):
            await code(unit, subject_id, f"request:{number:x}")
    emails = await claimed(world)
    ends = [
        SENT,
        DeliveryResult(EmailState.QUEUED, reply_code=451, wait=timedelta(minutes=5)),
        DeliveryResult(EmailState.UNCERTAIN, EmailReason.NO_ANSWER),
        DeliveryResult(EmailState.QUEUED, is_attempt=False),
    ]
    lost = DeliveryLease(subject_id, emails[0].row.id, emails[0].row.recipient, UUID(int=1))
    async with world.database.transaction() as connection:
        settled = [(letter.lease, end) for letter, end in zip(emails, ends, strict=True)]
        ours = await results.record_results(connection, [*settled, (lost, ends[2])])
        assert ours == {letter.row.id for letter in emails}
        for letter, end in zip(emails, ends, strict=True):
            row = await connection.fetchrow("SELECT * FROM letters WHERE id = $1", letter.row.id)
            assert row
            assert (row["state"], row["reason"], row["reply_code"]) == (end.state, end.reason, end.reply_code)
            assert (row["attempts"], row["address"] is None) == (int(end.is_attempt), end is SENT)
            assert (row["due_at"] - now() > timedelta(minutes=4)) == bool(end.wait)
