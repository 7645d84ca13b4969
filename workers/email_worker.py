"""The worker that sends emails: several concurrent loops, each with its own connection to the mail server."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from mailers.message import Sender
from mailers.transport import Transport, TransportUnavailable
from models.delivery import claims, cleanup
from models.delivery.claims import ClaimedEmail
from models.encryption.keyring import Keyring
from models.storage.database import OUTAGE_ERRORS, Database
from models.storage.statement import Connection
from workers.delivery_updates import DeliveryUpdates
from workers.email_delivery import Delivery
from workers.mail_health import MailHealth

log = structlog.get_logger("privacy")

CONCURRENCY: Final = 8
"""How many emails are sent concurrently; each uses a writing connection."""
BATCH: Final = 10
"""How many emails a loop claims at once."""
POLL: Final = 5.0
"""Seconds after which an idle loop polls the outbox, even without a notification."""
MAX_BACKOFF: Final = 60.0
"""Longest delay in seconds between attempts while the mail server or a database is unavailable."""
SHUTDOWN_TIMEOUT: Final = 10.0
"""Seconds in which an email in progress may finish after the worker is cancelled."""
CLEANUP_INTERVAL: Final = 600.0


class EmailWorker:
    """Claims emails from the outbox and sends them, until cancelled."""

    def __init__(
        self, database: Database, keyring: Keyring, sender: Sender, transport: Callable[[], Transport]
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._sender = sender
        self._transport = transport
        self._updates = DeliveryUpdates(database)
        self.health = MailHealth()
        self._wakeups: asyncio.Queue[None] = asyncio.Queue(1)
        self._is_stopping = False

    async def run(self, *, concurrency: int = CONCURRENCY, poll: float = POLL) -> None:
        """Send due emails until cancelled. An email in progress is finished first."""
        self._is_stopping = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_cancellation())
            group.create_task(self._listen())
            group.create_task(self._clean_up_loop())
            for _ in range(concurrency):
                group.create_task(self._send_loop(poll))

    async def drain(self) -> int:
        """Send the emails that are due now. Return how many were claimed. Raise TransportUnavailable."""
        delivery = self.delivery()
        count = 0
        try:
            while batch := await self._claim():
                count += len(batch)
                await delivery.send(batch)
        finally:
            await delivery.transport.close()
        return count

    def delivery(self) -> Delivery:
        """Return a delivery with its own connection to the mail server."""
        return Delivery(self._database, self._keyring, self._sender, self._updates, self._transport(), self.health)

    async def _claim(self) -> list[ClaimedEmail]:
        return await claims.claim(self._database, self._keyring, self._sender.domain, BATCH)

    async def _send_loop(self, poll: float) -> None:
        delivery = self.delivery()
        pause = 0.0
        try:
            while not self._is_stopping:
                try:
                    if batch := await self._claim():
                        self._wake_one()
                        await _send_batch(delivery, batch)
                    else:
                        await delivery.transport.close()
                        await self._wait_for_wake(poll)
                    pause = 0.0
                except Exception as problem:  # noqa: BLE001 -- no failure of one batch may end the loop
                    pause = min(MAX_BACKOFF, max(1.0, pause * 2))
                    expected = isinstance(problem, (TransportUnavailable, *OUTAGE_ERRORS))
                    # The text of TransportUnavailable is safe; the texts of other errors may quote personal data.
                    fault = str(problem) if isinstance(problem, TransportUnavailable) else type(problem).__name__
                    if isinstance(problem, TransportUnavailable):
                        self.health.record_unavailable(fault)
                    log.log(30 if expected else 40, "emails are delayed", problem=fault, seconds=pause)
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, no secret
        finally:
            self._wake_one()
            await delivery.transport.close()

    def _wake_one(self) -> None:
        """Wake one idle loop. A loop that finds emails, or ends, wakes the next one."""
        with suppress(asyncio.QueueFull):
            self._wakeups.put_nowait(None)

    async def _wait_for_wake(self, poll: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(poll * random.uniform(0.75, 1.25)):  # noqa: S311
                await self._wakeups.get()

    async def _watch_cancellation(self) -> None:
        """Set the stop flag on cancellation, because wait_for in a library can swallow it before Python 3.12."""
        try:
            await asyncio.Event().wait()
        finally:
            self._is_stopping = True
            self._wake_one()

    async def _listen(self) -> None:
        """Wake a loop at each notification of a new email. Without a connection the loops still poll."""
        while True:
            with suppress(Exception):
                async with self._database.writers.acquire() as connection:
                    await self._listen_on(connection)
            await asyncio.sleep(1)

    async def _listen_on(self, connection: Connection) -> None:
        lost = asyncio.Event()

        def mark_lost(*_: object) -> None:
            lost.set()

        def wake(*_: object) -> None:
            self._wake_one()

        connection.add_termination_listener(mark_lost)
        await connection.add_listener("letters", wake)
        try:
            self._wake_one()
            await lost.wait()
        finally:
            if not connection.is_closed():
                connection.remove_termination_listener(mark_lost)
                await connection.remove_listener("letters", wake)

    async def _clean_up_loop(self) -> None:
        while True:
            try:
                await cleanup.clean_up(self._database, self._keyring)
            except Exception as problem:  # noqa: BLE001 -- the next round retries
                log.warning("outbox clean-up failed", problem=type(problem).__name__)
            await asyncio.sleep(CLEANUP_INTERVAL)


async def _send_batch(delivery: Delivery, batch: list[ClaimedEmail]) -> None:
    """Send a batch. When cancelled, finish the email in progress and return the rest to the queue."""
    delivery.is_stopping = False
    sending = asyncio.create_task(delivery.send(batch))
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:
        delivery.is_stopping = True
        with suppress(Exception):
            async with asyncio.timeout(SHUTDOWN_TIMEOUT):
                await sending
        raise
