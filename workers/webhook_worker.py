"""The worker that notifies internal systems of erasure and export steps, by signed webhooks (Standard Webhooks 1.0)."""

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import structlog
from prometheus_client import Counter

from models.encryption.keyring import Keyring
from models.erasure import systems, webhook_deliveries, webhook_targets
from models.erasure.webhook_deliveries import WebhookDelivery
from models.erasure.webhook_targets import LOOPBACK_NETWORKS, ForbiddenTargetError, Network
from models.errors import SubjectErased
from models.exports import webhook_notifications
from models.storage.database import OUTAGE_ERRORS, Database
from models.storage.ids import Prefix, format_id
from workers.metrics import WORKER_METRICS

log = structlog.get_logger("privacy")

BATCH: Final = 16
TIMEOUT: Final = 15.0
"""Seconds in which a system must answer a webhook."""
POLL: Final = 1.0
EVENT_TYPE: Final = "erasure.requested"

WEBHOOKS: Final = Counter(
    "privacy_webhooks", "Webhooks sent, by outcome.", ["system", "outcome"], registry=WORKER_METRICS
)


class WebhookWorker:
    """Sends due webhooks until cancelled."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        timeout: float = TIMEOUT,
        networks: Sequence[Network] = LOOPBACK_NETWORKS,
        authorities: Path | None = None,
    ) -> None:
        """Prepare the worker. It trusts the certificates of the file ``authorities`` (PEM) beside the public ones."""
        self._database = database
        self._tls = httpx.create_ssl_context(trust_env=False)
        if authorities is not None:
            self._tls.load_verify_locations(authorities)
        self._networks = networks
        self._keyring = keyring
        self._timeout = timeout

    async def run(self, *, poll: float = POLL) -> None:
        """Send due webhooks until cancelled. Retry after every failure."""
        while True:
            try:
                count = await self.round()
            except Exception as problem:  # noqa: BLE001 -- no failure of one round may end the loop
                count = 0
                level = 30 if isinstance(problem, OUTAGE_ERRORS) else 40
                log.log(level, "webhooks are delayed", problem=type(problem).__name__)
            if not count:
                await asyncio.sleep(poll * random.uniform(0.75, 1.25))  # noqa: S311 -- jitter, no secret

    async def round(self) -> int:
        """Send one batch of due webhooks concurrently. Return how many were sent."""
        for step_id in await webhook_deliveries.give_up(self._database):
            log.warning("erasure step failed without an answer", step=format_id(Prefix.ERASURE_STEP, step_id))
        due = [
            *await webhook_deliveries.claim(self._database, self._keyring, BATCH),
            *await webhook_notifications.claim(self._database, self._keyring, BATCH),
        ]
        if due:
            async with httpx.AsyncClient(
                verify=self._tls, timeout=self._timeout, follow_redirects=False, trust_env=False
            ) as client:
                await asyncio.gather(*(self._deliver(client, delivery) for delivery in due))
        return len(due)

    async def _deliver(self, client: httpx.AsyncClient, delivery: WebhookDelivery) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                problem = await self._post(client, delivery)
        except ForbiddenTargetError:
            problem = "not sent: the host has no address, or one outside PRIVACY_WEBHOOK_NETWORKS"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError) as error:
            problem = f"no answer ({type(error).__name__})"
        WEBHOOKS.labels(delivery.system.name, "failed" if problem else "heard").inc()
        try:
            source = webhook_notifications if delivery.export_kind else webhook_deliveries
            await source.record_result(self._database, self._keyring, delivery, problem)
        except SubjectErased:
            # The request was completed before the answer arrived: there is nothing to record.
            return

    async def _post(self, client: httpx.AsyncClient, delivery: WebhookDelivery) -> str | None:
        """Send one webhook. Return the problem with the answer, or None."""
        message_id = format_id(Prefix.EXPORT_STEP if delivery.export_kind else Prefix.ERASURE_STEP, delivery.id)
        timestamp = int(time.time())
        body = _body(delivery, message_id)
        secrets = systems.signing_secrets(self._keyring.master_keys, delivery.system)
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": systems.sign(secrets, message_id, timestamp, body),
        }
        url = httpx.URL(delivery.system.webhook_url or "")
        headers["host"] = url.netloc.decode()
        addresses = await webhook_targets.resolve(str(url), self._networks)
        for is_last, address in ((address == addresses[-1], address) for address in addresses):
            try:
                async with client.stream(
                    "POST",
                    url.copy_with(host=address),
                    content=body,
                    headers=headers,
                    extensions={"sni_hostname": url.raw_host.decode()},
                ) as answer:
                    return None if answer.is_success else f"HTTP {answer.status_code}"
            except httpx.ConnectError:
                if is_last:
                    raise
        raise ForbiddenTargetError


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
