"""The worker that notifies privacy officers, and sends the head of the audit log to an external witness once a day."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Gauge

from mailers.message import Sender
from mailers.staff_notices import build_notices, template_context
from mailers.transport import DeliveryRejected, DeliveryUnconfirmed, Transport, TransportUnavailable
from models.audit import case_counts
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind, StaffNoticeRow
from models.requests import due_notices
from models.storage.clock import now
from models.storage.database import Database
from workers import polling
from workers.metrics import WORKER_METRICS

log = structlog.get_logger("privacy")

POLL: Final = 1.0
"""Seconds between polls for notices."""
DUE_INTERVAL: Final = 60.0
"""Seconds between two searches for requests that are due."""


CASES_INTERVAL: Final = 300.0
"""Seconds between two counts of the people under each case."""
MAX_PEOPLE_PER_CASE: Final = 20
"""The number of people under one case in a day beyond which officers are warned, unless a setting says otherwise."""
CASES: Final = Gauge(
    "privacy_cases_with_many_people", "Cases with unusually many people today.", registry=WORKER_METRICS
)


class NoticeWorker:
    """Sends notices until cancelled. A notice that cannot be sent is retried."""

    def __init__(  # noqa: PLR0913 -- the settings of a worker
        self,
        database: Database,
        sender: Sender,
        transport: Callable[[], Transport],
        *,
        officers: list[str],
        witness: str | None,
        people_per_case: int = MAX_PEOPLE_PER_CASE,
    ) -> None:
        self._database = database
        self._sender = sender
        self._transport = transport
        self._recipients = {
            StaffNoticeKind.ACCESS_GRANT_ASKED: officers,
            StaffNoticeKind.PEOPLE_TOKEN_ISSUED: officers,
            StaffNoticeKind.CHILD_REPORTED: officers,
            StaffNoticeKind.RECIPIENTS_TO_NOTIFY: officers,
            StaffNoticeKind.AUDIT_HEAD: [witness] if witness else [],
            StaffNoticeKind.CASE_WITH_MANY_PEOPLE: officers if people_per_case else [],
            **dict.fromkeys(due_notices.KINDS, officers),
            StaffNoticeKind.BACKUP_OVERDUE: officers,
            StaffNoticeKind.INCIDENT_DUE_IN_A_DAY: officers,
            StaffNoticeKind.INCIDENT_DUE_IN_HOURS: officers,
        }
        self._kinds = [name for name, recipients in self._recipients.items() if recipients]
        self._day = 0
        self._checks_due_at = 0.0
        self._people_per_case = people_per_case
        self._cases_due_at = 0.0

    async def run(self, *, poll: float = POLL) -> None:
        """Send due notices until cancelled."""
        if not self._recipients[StaffNoticeKind.ACCESS_GRANT_ASKED]:
            log.warning("no privacy officer is notified of access grants and tokens", setting="PRIVACY_OFFICERS")
        await polling.repeat(self.drain, "notices are delayed", poll=poll)

    async def drain(self) -> int:
        """Send all notices that are due now. Return how many were sent."""
        await self._enqueue_head()
        await self._enqueue_due()
        await self._enqueue_cases()
        count = 0
        while (is_sent := await self._send_next()) is not None:
            count += is_sent
        return count

    async def _enqueue_head(self) -> None:
        """Enqueue the head of the audit log once a day, by whichever worker is first."""
        day = datetime.now(UTC).date().toordinal()
        if StaffNoticeKind.AUDIT_HEAD in self._kinds and day != self._day:
            async with self._database.transaction() as connection:
                await staff_notices.enqueue_once(connection, StaffNoticeKind.AUDIT_HEAD, UUID(int=day))
            self._day = day

    async def _enqueue_due(self) -> None:
        """Enqueue the notices about requests that are due, once a minute."""
        if self._recipients[StaffNoticeKind.REQUEST_DUE] and time.monotonic() >= self._checks_due_at:
            await due_notices.enqueue_due(self._database)
            self._checks_due_at = time.monotonic() + DUE_INTERVAL

    async def _enqueue_cases(self) -> None:
        """Enqueue the notices about cases with unusually many people today, every five minutes."""
        if not self._recipients[StaffNoticeKind.CASE_WITH_MANY_PEOPLE] or time.monotonic() < self._cases_due_at:
            return
        self._cases_due_at = time.monotonic() + CASES_INTERVAL
        async with self._database.transaction() as connection:
            counts = await case_counts.cases_beyond(connection, now(), self._people_per_case)
            for count in counts:
                await staff_notices.enqueue_once(connection, StaffNoticeKind.CASE_WITH_MANY_PEOPLE, count.notice_id)
        CASES.set(len(counts))

    async def _send_next(self) -> bool | None:
        async with self._database.writers.acquire() as connection:
            notice = await staff_notices.claim(connection, self._kinds)
            context = await template_context(connection, notice) if notice else None
        if notice is None:
            return None
        is_sent = context is not None and await self._send(notice, context)
        async with self._database.writers.acquire() as connection:
            await staff_notices.record_attempt(connection, notice.id, is_sent=is_sent)
        return is_sent

    async def _send(self, notice: StaffNoticeRow, context: dict[str, str]) -> bool:
        transport = self._transport()
        try:
            for mail in build_notices(self._sender, notice, context, self._recipients[notice.notice]):
                await transport.send_envelope(mail)
                await transport.send_data(mail)
        except (DeliveryRejected, DeliveryUnconfirmed, TransportUnavailable) as problem:
            log.warning("notice is delayed", notice=notice.notice, problem=type(problem).__name__)
            return False
        finally:
            await transport.close()
        log.info("notice sent", notice=notice.notice)
        return True
