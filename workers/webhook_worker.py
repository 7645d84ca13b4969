"""The worker that notifies internal systems of erasure and export steps, by signed webhooks (Standard Webhooks 1.0)."""

import asyncio
from typing import Any, Final

import orjson
import structlog

from models.encryption.keyring import Keyring
from models.erasure import webhook_deliveries
from models.erasure.webhook_deliveries import WebhookDelivery
from models.errors import SubjectErased
from models.exports import webhook_notifications
from models.storage.database import Database
from models.storage.ids import Prefix, format_id
from workers import polling
from workers.webhook_client import WebhookClient

log = structlog.get_logger("privacy")

BATCH: Final = 16
POLL: Final = 1.0
EVENT_TYPE: Final = "erasure.requested"


class WebhookWorker:
    """Sends due webhooks until cancelled."""

    def __init__(self, database: Database, keyring: Keyring, client: WebhookClient) -> None:
        self._database = database
        self._keyring = keyring
        self._client = client

    async def run(self, *, poll: float = POLL) -> None:
        """Send due webhooks until cancelled. Retry after every failure."""
        await polling.repeat(self.round, "webhooks are delayed", poll=poll)

    async def round(self) -> int:
        """Send one batch of due webhooks concurrently. Return how many were sent."""
        for step_id in await webhook_deliveries.give_up(self._database):
            log.warning("erasure step failed without an answer", step=format_id(Prefix.ERASURE_STEP, step_id))
        due = [
            *await webhook_deliveries.claim(self._database, self._keyring, BATCH),
            *await webhook_notifications.claim(self._database, self._keyring, BATCH),
        ]
        await asyncio.gather(*map(self._deliver, due))
        return len(due)

    async def _deliver(self, delivery: WebhookDelivery) -> None:
        message_id = format_id(Prefix.EXPORT_STEP if delivery.export_kind else Prefix.ERASURE_STEP, delivery.id)
        problem = await self._client.send(delivery.system, message_id, _body(delivery, message_id))
        try:
            source = webhook_notifications if delivery.export_kind else webhook_deliveries
            await source.record_result(self._database, self._keyring, delivery, problem)
        except SubjectErased:
            # The request was completed before the answer arrived: there is nothing to record.
            return


def _body(delivery: WebhookDelivery, step_id: str) -> bytes:
    """Return the body of a webhook, which states the step, the person and what the system calls them."""
    content: dict[str, Any] = {
        "stepId": step_id,
        "requestId": format_id(Prefix.RIGHTS_REQUEST, delivery.request_id),
        "subjectId": format_id(Prefix.SUBJECT, delivery.subject_id),
        "system": delivery.system.name,
        "references": delivery.references,
    }
    if delivery.export_kind:
        event_type = webhook_notifications.EVENT_TYPE
        content |= {"kind": delivery.export_kind, "dueAt": delivery.due_at, "path": f"/exports/{step_id}"}
    else:
        event_type = EVENT_TYPE
        content["accountReference"] = next(iter(delivery.references), None)
    return orjson.dumps({"type": event_type, "timestamp": delivery.created_at, "data": content})
