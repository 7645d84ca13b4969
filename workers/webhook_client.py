"""Sending one signed webhook (Standard Webhooks 1.0) to an internal system."""

import asyncio
import ssl
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import httpx2
from prometheus_client import Counter

from models.encryption.master_keys import MasterKeys
from models.erasure import systems, webhook_targets
from models.erasure.systems import SystemRow
from models.erasure.webhook_targets import LOOPBACK_NETWORKS, ForbiddenTargetError, Network
from workers.metrics import WORKER_METRICS

TIMEOUT: Final = 15.0
"""Seconds in which a system must answer a webhook."""

WEBHOOKS: Final = Counter(
    "privacy_webhooks", "Webhooks sent, by outcome.", ["system", "outcome"], registry=WORKER_METRICS
)


@cache
def _tls_context(authorities: Path | None) -> ssl.SSLContext:
    """Load the certificates of the public authorities, and those of a file, once a process: it takes 40 ms."""
    context = httpx2.create_ssl_context(trust_env=False)
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context


class WebhookClient:
    """Sends webhooks to permitted addresses. Each message has a connection of its own."""

    def __init__(
        self,
        master_keys: MasterKeys,
        *,
        timeout: float = TIMEOUT,
        networks: Sequence[Network] = LOOPBACK_NETWORKS,
        authorities: Path | None = None,
    ) -> None:
        """Prepare the client. It trusts the certificates of the file ``authorities`` (PEM) beside the public ones."""
        self._tls = _tls_context(authorities)
        self._networks = networks
        self._master_keys = master_keys
        self.timeout = timeout

    async def send(self, system: SystemRow, message_id: str, body: bytes) -> str | None:
        """Send a message. Return the problem with the answer, or None for a status of 2xx."""
        try:
            async with asyncio.timeout(self.timeout):
                problem = await self._post(system, message_id, body)
        except ForbiddenTargetError:
            problem = "not sent: the host has no address, or one outside PRIVACY_WEBHOOK_NETWORKS"
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TimeoutError) as error:
            problem = f"no answer ({type(error).__name__})"
        WEBHOOKS.labels(system.name, "failed" if problem else "heard").inc()
        return problem

    async def _post(self, system: SystemRow, message_id: str, body: bytes) -> str | None:
        timestamp = int(time.time())
        secrets = systems.signing_secrets(self._master_keys, system)
        url = httpx2.URL(system.webhook_url or "")
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": systems.sign(secrets, message_id, timestamp, body),
            "host": url.netloc.decode(),
        }
        addresses = await webhook_targets.resolve(str(url), self._networks)
        # A client of its own: a pool would share a connection between hosts of one address.
        async with httpx2.AsyncClient(
            verify=self._tls, timeout=self.timeout, follow_redirects=False, trust_env=False
        ) as client:
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
                except httpx2.ConnectError:
                    if is_last:
                        raise
        raise ForbiddenTargetError
