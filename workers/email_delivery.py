"""Delivery of claimed emails one after another; the result of each is committed before the next one is sent.

A worker may be killed at any point without loss or repetition, because of this order: send the envelope; commit the
hand-over; lock the person's row and check the opt-outs again; send the data; commit the result.
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
from models.storage import tracing
from models.storage.clock import now
from models.storage.database import OUTAGE_ERRORS, Database
from workers.delivery_updates import DeliveryUpdates
from workers.mail_health import MailHealth
from workers.metrics import WORKER_METRICS

log = structlog.get_logger("privacy")

MAX_HOLD: Final = 2.0
"""Seconds for which an email that is being transmitted delays an opt-out at most."""
INITIAL_BACKOFF: Final = timedelta(seconds=30)
"""Delay before the second attempt; it doubles with each attempt, up to MAX_BACKOFF."""
MAX_BACKOFF: Final = timedelta(hours=2)
RETRY_PERIOD: Final = timedelta(days=1)
"""How long after its enqueuing an email is retried."""
WRITE_RETRY_DELAYS: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts to record a result while PostgreSQL is unavailable."""

EMAILS: Final = Counter("privacy_letters", "Email delivery results.", ["letter", "state"], registry=WORKER_METRICS)


class Delivery:
    """Sends emails over one transport, and records their results."""

    def __init__(  # noqa: PLR0913, PLR0917 -- the parts of a delivery
        self,
        database: Database,
        keyring: Keyring,
        sender: Sender,
        marks: DeliveryUpdates,
        transport: Transport,
        health: MailHealth,
    ) -> None:
        self._health = health
        self._database = database
        self._keyring = keyring
        self._sender = sender
        self._updates = marks
        self.transport = transport
        self.is_stopping = False

    async def send(self, batch: list[ClaimedEmail]) -> None:
        """Send a batch. Return the rest to the queue when the server is unavailable or the worker is stopping."""
        for index, email in enumerate(batch):
            if self.is_stopping:
                await self._release(batch[index:])
                return
            try:
                with tracing.span("email", letter=email.row.letter):
                    await self._send_email(email)
            except TransportUnavailable as problem:
                if problem.counts_attempt:
                    await self._record_result(email, _retry(email, None))
                await self._release(batch[index + problem.counts_attempt :])
                raise

    async def _release(self, emails: list[ClaimedEmail]) -> None:
        back = DeliveryResult(EmailState.QUEUED, is_attempt=False)
        await asyncio.gather(*(self._record_result(email, back) for email in emails))

    async def _send_email(self, email: ClaimedEmail) -> None:
        try:
            mail = build_email(self._sender, self._keyring, email)
        except Exception as problem:  # noqa: BLE001 -- an email that cannot be rendered must not block the others
            # Only its type is logged, because a template error may quote personal data.
            log.error("email cannot be rendered", email=str(email.row.id), fault=type(problem).__name__)  # noqa: TRY400
            await self._record_result(email, DeliveryResult(EmailState.FAILED, EmailReason.LETTER_REFUSED))
            return
        try:
            await self.transport.send_envelope(mail)
        except DeliveryRejected as refused:
            self._health.record_rejected(refused.code)
            await self._record_result(email, _result_of_rejection(email, refused))
            return
        try:
            is_ours = await self._updates.mark_handed_over(email.lease)
        except OUTAGE_ERRORS:
            await self._record_result(email, await self._abort_transmission(email))
            return
        if not is_ours:
            await self.transport.reset()
        elif email.row.purpose is None:
            await self._record_result(email, await self._deliver(mail, email))
        else:
            await self._record_result(email, await self._deliver_if_permitted(mail, email))

    async def _abort_transmission(self, email: ClaimedEmail) -> DeliveryResult:
        """Abort the SMTP transaction while PostgreSQL is unavailable. The email was not handed over."""
        await self.transport.reset()
        return _retry(email, None)

    async def _deliver_if_permitted(self, mail: Mail, email: ClaimedEmail) -> DeliveryResult:
        """Deliver an email that a purpose governs, while a lock keeps opt-outs from being committed.

        The lock ends with the server's reply, or after MAX_HOLD seconds. By then the server has the whole email.
        """
        delivering: asyncio.Task[DeliveryResult] | None = None
        try:
            async with handoff.lock_for_delivery(self._database, email) as refused:
                if refused:
                    await self.transport.reset()
                    return refused
                delivering = asyncio.create_task(self._deliver(mail, email))
                await asyncio.wait({delivering}, timeout=MAX_HOLD)
        except OUTAGE_ERRORS:
            if delivering is None:
                return await self._abort_transmission(email)
        except asyncio.CancelledError:
            if delivering:
                delivering.cancel()
            raise
        return await delivering

    async def _deliver(self, mail: Mail, email: ClaimedEmail) -> DeliveryResult:
        try:
            code = await self.transport.send_data(mail)
        except DeliveryRejected as refused:
            self._health.record_rejected(refused.code)
            return _result_of_rejection(email, refused)
        except DeliveryUnconfirmed:
            if email.row.letter in REPEATABLE_KINDS and not _is_expired(email):
                return _retry(email, None)
            return DeliveryResult(EmailState.UNCERTAIN, EmailReason.NO_ANSWER)
        self._health.record_accepted()
        return DeliveryResult(EmailState.SENT, reply_code=code)

    async def _record_result(self, email: ClaimedEmail, outcome: DeliveryResult) -> None:
        """Record the result of an email. Retry while PostgreSQL is unavailable, within the lease."""
        for wait in (*WRITE_RETRY_DELAYS, None):
            try:
                await self._updates.record_result((email.lease, outcome))
            except OUTAGE_ERRORS:
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            else:
                break
        _count_result(email, outcome)


def _count_result(email: ClaimedEmail, outcome: DeliveryResult) -> None:
    EMAILS.labels(email.row.letter, outcome.state).inc()


def _result_of_rejection(email: ClaimedEmail, refused: DeliveryRejected) -> DeliveryResult:
    if not refused.is_permanent:
        return _retry(email, refused.code)
    reason = EmailReason.ADDRESS_REFUSED if refused.is_about_address else EmailReason.LETTER_REFUSED
    return DeliveryResult(EmailState.FAILED, reason, refused.code)


def _retry(email: ClaimedEmail, code: int | None) -> DeliveryResult:
    """Return the email to the queue with exponential backoff and jitter, or fail it after RETRY_PERIOD."""
    if _is_expired(email):
        return DeliveryResult(EmailState.FAILED, EmailReason.GAVE_UP, code)
    wait = min(MAX_BACKOFF, INITIAL_BACKOFF * 2 ** min(email.row.attempts - 1, 10))
    return DeliveryResult(EmailState.QUEUED, None, code, wait * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter, no secret


def _is_expired(email: ClaimedEmail) -> bool:
    return now() - email.row.posted_at > RETRY_PERIOD
