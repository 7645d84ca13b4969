"""The worker that sends the changes of the feed to the systems that subscribe to them, by signed webhooks."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import asyncpg
import orjson
import structlog

from models.actors import Role
from models.feed import deliveries
from models.feed.deliveries import FeedDelivery
from models.storage.database import OUTAGE_ERRORS, Database
from models.storage.ids import Prefix, format_id
from workers import polling
from workers.webhook_client import WebhookClient

log = structlog.get_logger("privacy")

POLL: Final = 0.5
"""Seconds between polls for changes to send."""
MAX_SYSTEMS: Final = 64
"""Systems that one worker sends to at the same time. A system that does not answer takes one of these places."""
LEASE_MARGIN: Final = timedelta(seconds=5)
"""How much longer than an attempt its claim lasts."""
EVENT_TYPE: Final = "consent.changed"
DELAYED: Final = "feed webhooks are delayed"


class FeedWebhookWorker:
    """Sends changes until cancelled. Systems do not wait for each other."""

    def __init__(
        self, database: Database, client: WebhookClient, visible_fields: Mapping[Role, frozenset[str]]
    ) -> None:
        """Prepare the worker. ``visible_fields`` has the fields of a change that each role may see."""
        self._database = database
        self._client = client
        self._visible_fields = visible_fields
        self._roles = [role for role, fields in visible_fields.items() if fields]
        self._lease = timedelta(seconds=client.timeout) + LEASE_MARGIN

    async def run(self, *, poll: float = POLL) -> None:
        """Send changes until cancelled. Retry after every failure."""
        tasks: set[asyncio.Task[int]] = set()

        async def start_due() -> None:
            for delivery in await self._claim(MAX_SYSTEMS - len(tasks)):
                task = asyncio.create_task(self._deliver_all(delivery))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        try:
            await polling.repeat(start_due, DELAYED, poll=poll)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def round(self) -> int:
        """Send all that waits for the systems that are due. Return the number of messages that were acknowledged."""
        return sum(await asyncio.gather(*map(self._deliver_all, await self._claim(MAX_SYSTEMS))))

    async def _claim(self, most: int, name: str | None = None) -> list[FeedDelivery]:
        return await deliveries.claim(self._database, self._roles, self._lease, most, name) if most else []

    async def _deliver_all(self, delivery: FeedDelivery) -> int:
        """Send messages to one system until none waits or one fails. Return how many were acknowledged."""
        count, pending = 0, [delivery]
        try:
            while pending:
                if not await self._deliver(pending[0]):
                    break
                count += 1
                pending = await self._claim(1, delivery.system.name)
        except (*OUTAGE_ERRORS, asyncpg.PostgresError) as problem:
            # The claim ends by itself, and the message is sent again.
            log.warning(DELAYED, problem=type(problem).__name__)
        return count

    async def _deliver(self, delivery: FeedDelivery) -> bool:
        message_id = f"feed_{delivery.feed.hex}_{delivery.start}_{delivery.end}"
        body = orjson.dumps(message(delivery, self._visible_fields[delivery.role]))
        problem = await self._client.send(delivery.system, message_id, body)
        await deliveries.record_result(self._database, delivery, problem)
        return problem is None


def message(delivery: FeedDelivery, visible_fields: frozenset[str]) -> dict[str, Any]:
    """Return the content of a message. Each change has an id, which it has in every repetition."""
    changes = []
    for change in delivery.changes:
        content = {
            "at": change.at,
            "subjectId": format_id(Prefix.SUBJECT, change.subject_id),
            "kind": change.kind,
            "purpose": change.purpose,
            "state": change.state,
        }
        visible = {name: value for name, value in content.items() if name in visible_fields}
        changes.append({"id": f"{delivery.feed.hex}-{change.position}"} | visible)
    content = {"system": delivery.system.name, "startsOver": delivery.starts_over, "changes": changes}
    return {"type": EVENT_TYPE, "timestamp": delivery.changes[-1].noted_at, "data": content}
