"""The worker that tells internal systems what to erase, by signed webhooks (Standard Webhooks 1.0)."""

import asyncio
import random
import time
from typing import Final

import httpx
import orjson
import structlog
from prometheus_client import Counter

from models.encryption.keyring import Keyring
from models.erasure import systems, webhook_deliveries
from models.erasure.webhook_deliveries import WebhookDelivery
from models.errors import SubjectErased
from models.storage.database import OUTAGE_ERRORS, Database
from models.storage.ids import Prefix, format_id

log = structlog.get_logger("privacy")

BATCH: Final = 16
TIMEOUT: Final = 15.0
"""Seconds after which a system counts as not having heard."""
POLL: Final = 1.0
EVENT_TYPE: Final = "erasure.requested"

WEBHOOKS: Final = Counter("privacy_webhooks", "Webhooks sent, by what came of them.", ["system", "outcome"])


class WebhookWorker:
    """Tells systems of their steps, until cancelled."""

    def __init__(self, database: Database, keyring: Keyring, *, timeout: float = TIMEOUT) -> None:
        self._database = database
        self._keyring = keyring
        self._timeout = timeout

    async def run(self, *, poll: float = POLL) -> None:
        """Tell who is to be told until cancelled; whatever goes wrong, try again."""
        while True:
            try:
                told = await self.round()
            except Exception as problem:  # noqa: BLE001 -- the loop outlives whatever happens in one round
                told = 0
                level = 30 if isinstance(problem, OUTAGE_ERRORS) else 40
                log.log(level, "webhooks wait", problem=type(problem).__name__)
            if not told:
                await asyncio.sleep(poll * random.uniform(0.75, 1.25))  # noqa: S311 -- jitter, no secret

    async def round(self) -> int:
        """Tell one batch of systems, side by side; give how many."""
        for step_id in await webhook_deliveries.give_up(self._database):
            log.warning("a system never answered", step=format_id(Prefix.ERASURE_STEP, step_id))
        due = await webhook_deliveries.claim(self._database, self._keyring, BATCH)
        if due:
            async with httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, trust_env=False) as client:
                await asyncio.gather(*(self._tell(client, telling) for telling in due))
        return len(due)

    async def _tell(self, client: httpx.AsyncClient, telling: WebhookDelivery) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                problem = await self._sent(client, telling)
        except (httpx.HTTPError, TimeoutError) as error:
            problem = f"no answer ({type(error).__name__})"
        WEBHOOKS.labels(telling.system.name, "failed" if problem else "heard").inc()
        try:
            await webhook_deliveries.record_result(self._database, self._keyring, telling, problem)
        except SubjectErased:
            # The request was completed while the system took its time: nothing is left to be written.
            return

    async def _sent(self, client: httpx.AsyncClient, telling: WebhookDelivery) -> str | None:
        """Send one webhook; give what is wrong with the answer, if anything is."""
        message_id = format_id(Prefix.ERASURE_STEP, telling.id)
        timestamp = int(time.time())
        body = orjson.dumps(
            {
                "type": EVENT_TYPE,
                "timestamp": telling.created_at,
                "data": {
                    "stepId": message_id,
                    "requestId": format_id(Prefix.RIGHTS_REQUEST, telling.subject_id),
                    "system": telling.system.name,
                    "accountReference": telling.account_reference,
                },
            }
        )
        secrets = systems.signing_secrets(self._keyring.master_keys, telling.system)
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": systems.sign(secrets, message_id, timestamp, body),
        }
        async with client.stream("POST", telling.system.webhook_url or "", content=body, headers=headers) as answer:
            return None if answer.is_success else f"HTTP {answer.status_code}"
