"""The worker that sends letters: several loops side by side, each with its own road to the mail server."""

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

log = structlog.get_logger("privacy")

CONCURRENCY: Final = 8
"""How many letters are on their way at once; each takes a writing connection."""
BATCH: Final = 10
"""How many letters a loop claims at once."""
POLL: Final = 5.0
"""Seconds after which a loop looks for letters even when nobody called it."""
MAX_BACKOFF: Final = 60.0
"""Seconds between two tries at most while the mail server, or a database, cannot be reached."""
SHUTDOWN_TIMEOUT: Final = 10.0
"""Seconds that a letter on its way has left when the worker is told to stop."""
CLEANUP_INTERVAL: Final = 600.0


class EmailWorker:
    """Takes letters out of the outbox and sends them, until cancelled."""

    def __init__(
        self, database: Database, keyring: Keyring, sender: Sender, transport: Callable[[], Transport]
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._sender = sender
        self._transport = transport
        self._updates = DeliveryUpdates(database)
        self._wakeups: asyncio.Queue[None] = asyncio.Queue(1)
        self._is_stopping = False

    async def run(self, *, concurrency: int = CONCURRENCY, poll: float = POLL) -> None:
        """Send what is due until cancelled; a letter that is on its way then is seen through."""
        self._is_stopping = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_cancellation())
            group.create_task(self._listen())
            group.create_task(self._clean_up_loop())
            for _ in range(concurrency):
                group.create_task(self._send_loop(poll))

    async def drain(self) -> int:
        """Send what is due now; give how many letters were taken up. Unreachable when the mail server is."""
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
        """Give a road of its own to the mail server."""
        return Delivery(self._database, self._keyring, self._sender, self._updates, self._transport())

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
                except Exception as problem:  # noqa: BLE001 -- the loop outlives whatever happens to one batch
                    pause = min(MAX_BACKOFF, max(1.0, pause * 2))
                    expected = isinstance(problem, (TransportUnavailable, *OUTAGE_ERRORS))
                    # The text of ours names what went wrong at the mail server; others' may quote what they were told.
                    fault = str(problem) if isinstance(problem, TransportUnavailable) else type(problem).__name__
                    log.log(30 if expected else 40, "letters wait", problem=fault, seconds=pause)
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, no secret
        finally:
            self._wake_one()
            await delivery.transport.close()

    def _wake_one(self) -> None:
        """Call one loop that waits, not all of them: one that finds letters, or ends, calls the next."""
        with suppress(asyncio.QueueFull):
            self._wakeups.put_nowait(None)

    async def _wait_for_wake(self, poll: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(poll * random.uniform(0.75, 1.25)):  # noqa: S311
                await self._wakeups.get()

    async def _watch_cancellation(self) -> None:
        """Note that we are told to stop: before Python 3.12 a library's wait_for can swallow what tells the loops."""
        try:
            await asyncio.Event().wait()
        finally:
            self._is_stopping = True
            self._wake_one()

    async def _listen(self) -> None:
        """Wake the loops whenever a deed has posted a letter; without a connection the loops still poll."""
        while True:
            with suppress(Exception):
                async with self._database.writers.acquire() as connection:
                    await self._listen_on(connection)
            await asyncio.sleep(1)

    async def _listen_on(self, connection: Connection) -> None:
        lost = asyncio.Event()

        def lose(*_: object) -> None:
            lost.set()

        def call(*_: object) -> None:
            self._wake_one()

        connection.add_termination_listener(lose)
        await connection.add_listener("letters", call)
        try:
            self._wake_one()
            await lost.wait()
        finally:
            if not connection.is_closed():
                connection.remove_termination_listener(lose)
                await connection.remove_listener("letters", call)

    async def _clean_up_loop(self) -> None:
        while True:
            try:
                await cleanup.clean_up(self._database, self._keyring)
            except Exception as problem:  # noqa: BLE001 -- the next time will do
                log.warning("letters are not tidied", problem=type(problem).__name__)
            await asyncio.sleep(CLEANUP_INTERVAL)


async def _send_batch(delivery: Delivery, batch: list[ClaimedEmail]) -> None:
    """Send a batch; when cancelled, let the letter that is on its way end, and give the rest back."""
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
