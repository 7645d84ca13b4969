"""Delivering claimed letters one after another, and writing what became of each before the next one goes.

The order is what makes a kill at any instruction harmless: offer; mark, committed; hold the person's row and ask once
more; hand over; write the result.
"""

import asyncio
import random
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Counter

from mailers.emails import build_email
from mailers.message import Sender
from mailers.transport import DeliveryRejected, DeliveryUnconfirmed, Mail, Transport, TransportUnavailable
from models.delivery import handoff
from models.delivery.claims import ClaimedEmail
from models.delivery.handoff import REPEATABLE_KINDS
from models.delivery.results import DeliveryResult
from models.encryption.keyring import Keyring
from models.outbox.emails import EmailReason, EmailState
from models.storage.clock import now
from models.storage.database import OUTAGE_ERRORS, Database
from workers.delivery_updates import DeliveryUpdates

log = structlog.get_logger("privacy")

MAX_HOLD: Final = 2.0
"""Seconds that an opt-out waits at most for a letter that is just being handed over."""
INITIAL_BACKOFF: Final = timedelta(seconds=30)
MAX_BACKOFF: Final = timedelta(hours=2)
RETRY_PERIOD: Final = timedelta(days=1)
WRITE_RETRY_DELAYS: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between tries to write a result while PostgreSQL is away."""

EMAILS: Final = Counter("privacy_letters", "What became of letters.", ["letter", "state"])


class Delivery:
    """One road to the mail server, and the letters that go along it."""

    def __init__(
        self, database: Database, keyring: Keyring, sender: Sender, marks: DeliveryUpdates, transport: Transport
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._sender = sender
        self._updates = marks
        self.transport = transport
        self.is_stopping = False

    async def send(self, batch: list[ClaimedEmail]) -> None:
        """Send a batch. When the mail server is gone, or we stop, the rest goes back into the queue."""
        for index, letter in enumerate(batch):
            if self.is_stopping:
                await self._release(batch[index:])
                return
            try:
                await self._send_email(letter)
            except TransportUnavailable as problem:
                if problem.counts_attempt:
                    await self._settle(letter, _retry(letter, None))
                await self._release(batch[index + problem.counts_attempt :])
                raise

    async def _release(self, letters: list[ClaimedEmail]) -> None:
        back = DeliveryResult(EmailState.QUEUED, is_attempt=False)
        await asyncio.gather(*(self._settle(letter, back) for letter in letters))

    async def _send_email(self, letter: ClaimedEmail) -> None:
        try:
            mail = build_email(self._sender, self._keyring, letter)
        except Exception as problem:  # noqa: BLE001 -- a letter that cannot be written must not stop the others
            # Its type alone: an error of the templates quotes what they were told.
            log.error("letter cannot be written", letter=str(letter.row.id), fault=type(problem).__name__)  # noqa: TRY400
            await self._settle(letter, DeliveryResult(EmailState.FAILED, EmailReason.LETTER_REFUSED))
            return
        try:
            await self.transport.send_envelope(mail)
        except DeliveryRejected as refused:
            await self._settle(letter, _rejected(letter, refused))
            return
        try:
            is_ours = await self._updates.hand(letter.lease)
        except OUTAGE_ERRORS:
            await self._settle(letter, await self._withdraw(letter))
            return
        if not is_ours:
            await self.transport.reset()
        elif letter.row.purpose is None:
            await self._settle(letter, await self._deliver(mail, letter))
        else:
            await self._settle(letter, await self._deliver_if_permitted(mail, letter))

    async def _withdraw(self, letter: ClaimedEmail) -> DeliveryResult:
        """Take back an offer while PostgreSQL is away: whatever it noted of the letter, it was not handed over."""
        await self.transport.reset()
        return _retry(letter, None)

    async def _deliver_if_permitted(self, mail: Mail, letter: ClaimedEmail) -> DeliveryResult:
        """Deliver a letter that a purpose governs: no opt-out is committed between the last question and the verdict.

        A mail server that takes its time holds an opt-out up for no longer than HELD; it had the whole letter by then.
        """
        delivering: asyncio.Task[DeliveryResult] | None = None
        try:
            async with handoff.block_opt_outs(self._database, letter) as refused:
                if refused:
                    await self.transport.reset()
                    return refused
                delivering = asyncio.create_task(self._deliver(mail, letter))
                await asyncio.wait({delivering}, timeout=MAX_HOLD)
        except OUTAGE_ERRORS:
            if delivering is None:
                return await self._withdraw(letter)
        except asyncio.CancelledError:
            if delivering:
                delivering.cancel()
            raise
        return await delivering

    async def _deliver(self, mail: Mail, letter: ClaimedEmail) -> DeliveryResult:
        try:
            code = await self.transport.send_data(mail)
        except DeliveryRejected as refused:
            return _rejected(letter, refused)
        except DeliveryUnconfirmed:
            if letter.row.letter in REPEATABLE_KINDS and not _is_expired(letter):
                return _retry(letter, None)
            return DeliveryResult(EmailState.UNCERTAIN, EmailReason.NO_ANSWER)
        return DeliveryResult(EmailState.SENT, reply_code=code)

    async def _settle(self, letter: ClaimedEmail, outcome: DeliveryResult) -> None:
        """Write what became of a letter, however long PostgreSQL is away, within the lease."""
        for wait in (*WRITE_RETRY_DELAYS, None):
            try:
                await self._updates.settle((letter.lease, outcome))
            except OUTAGE_ERRORS:
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            else:
                break
        _count(letter, outcome)


def _count(letter: ClaimedEmail, outcome: DeliveryResult) -> None:
    EMAILS.labels(letter.row.letter, outcome.state).inc()


def _rejected(letter: ClaimedEmail, refused: DeliveryRejected) -> DeliveryResult:
    if not refused.is_permanent:
        return _retry(letter, refused.code)
    reason = EmailReason.ADDRESS_REFUSED if refused.is_about_address else EmailReason.LETTER_REFUSED
    return DeliveryResult(EmailState.FAILED, reason, refused.code)


def _retry(letter: ClaimedEmail, code: int | None) -> DeliveryResult:
    """Try again later and later, each time by chance a little sooner or later than others do, for a day."""
    if _is_expired(letter):
        return DeliveryResult(EmailState.FAILED, EmailReason.GAVE_UP, code)
    wait = min(MAX_BACKOFF, INITIAL_BACKOFF * 2 ** min(letter.row.attempts - 1, 10))
    return DeliveryResult(EmailState.QUEUED, None, code, wait * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter, no secret


def _is_expired(letter: ClaimedEmail) -> bool:
    return now() - letter.row.posted_at > RETRY_PERIOD
