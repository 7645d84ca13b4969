"""The worker that tells privacy officers what they must hear at once, and a witness outside where the record stands."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from mailers.message import Sender
from mailers.staff_notices import build_notices, template_context
from mailers.transport import DeliveryRejected, DeliveryUnconfirmed, Transport, TransportUnavailable
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind, StaffNoticeRow
from models.storage.database import OUTAGE_ERRORS, Database

log = structlog.get_logger("privacy")

POLL: Final = 1.0
"""Seconds between two looks for notices."""


class NoticeWorker:
    """Sends notices until cancelled; one that cannot be sent is tried again until it can."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        transport: Callable[[], Transport],
        *,
        officers: list[str],
        witness: str | None,
    ) -> None:
        self._database = database
        self._sender = sender
        self._transport = transport
        self._recipients = {
            StaffNoticeKind.ACCESS_GRANT_ASKED: officers,
            StaffNoticeKind.PEOPLE_TOKEN_ISSUED: officers,
            StaffNoticeKind.AUDIT_HEAD: [witness] if witness else [],
        }
        self._wanted = [name for name, recipients in self._recipients.items() if recipients]
        self._day = 0

    async def run(self, *, poll: float = POLL) -> None:
        """Send what is due until cancelled."""
        if not self._recipients[StaffNoticeKind.ACCESS_GRANT_ASKED]:
            log.warning("nobody is told of access grants and tokens", setting="PRIVACY_OFFICERS")
        while True:
            try:
                await self.drain()
            except (*OUTAGE_ERRORS, asyncpg.PostgresError) as problem:
                log.warning("notices are not sent", problem=type(problem).__name__)
            await asyncio.sleep(poll)

    async def drain(self) -> int:
        """Send all that is due now; give how many notices were sent."""
        await self._post_head()
        count = 0
        while (is_sent := await self._send_next()) is not None:
            count += is_sent
        return count

    async def _post_head(self) -> None:
        """Have the head of the record sent once a day, whichever worker comes first."""
        day = datetime.now(UTC).date().toordinal()
        if StaffNoticeKind.AUDIT_HEAD in self._wanted and day != self._day:
            async with self._database.transaction() as connection:
                await staff_notices.enqueue_once(connection, StaffNoticeKind.AUDIT_HEAD, UUID(int=day))
            self._day = day

    async def _send_next(self) -> bool | None:
        async with self._database.writers.acquire() as connection:
            notice = await staff_notices.claim(connection, self._wanted)
            says = await template_context(connection, notice) if notice else None
        if notice is None:
            return None
        is_sent = says is not None and await self._send(notice, says)
        async with self._database.writers.acquire() as connection:
            await staff_notices.settle(connection, notice.id, is_sent=is_sent)
        return is_sent

    async def _send(self, notice: StaffNoticeRow, says: dict[str, str]) -> bool:
        transport = self._transport()
        try:
            for mail in build_notices(self._sender, notice, says, self._recipients[notice.notice]):
                await transport.send_envelope(mail)
                await transport.send_data(mail)
        except (DeliveryRejected, DeliveryUnconfirmed, TransportUnavailable) as problem:
            log.warning("a notice is not sent", notice=notice.notice, problem=type(problem).__name__)
            return False
        finally:
            await transport.close()
        log.info("a notice is sent", notice=notice.notice)
        return True
