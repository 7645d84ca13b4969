"""Workers that send to a mail server of ours, and what they left in the outbox, for tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from mailers.message import Sender
from mailers.transport_factory import create_transport_factory
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.registration import registering
from models.registration.registering import Registration
from tests.conftest import World
from tests.mailers.fake_smtp import FakeSmtpServer, serve
from workers.email_worker import EmailWorker

SENDER = Sender.read("Privacy <privacy@example.org>", None, "https://privacy.example.org")


@contextlib.asynccontextmanager
async def email_worker(world: World, server: FakeSmtpServer, *, smtp_timeout: float = 5) -> AsyncIterator[EmailWorker]:
    async with serve(server) as port:
        url = f"smtp://127.0.0.1:{port}?starttls=never"
        yield EmailWorker(
            world.database,
            world.keyring,
            SENDER,
            create_transport_factory(url, "example.org", reply_timeout=smtp_timeout, data_timeout=smtp_timeout),
        )


async def register(world: World, address: str = "user@example.com") -> UUID:
    async with world.unit() as unit:
        return await registering.register_or_complete(unit, Registration(address))


async def enqueue(world: World, subject_id: UUID, name: EmailKind = EmailKind.ERASURE_DENIED, about: str = "1") -> None:
    """Enqueue an email; the default kind is one that must not be repeated."""
    content: dict[str, Any] = {
        EmailKind.ERASURE_DENIED: {"reason": "OTHER", "erasure_reason": "REQUESTED"},
        EmailKind.ERASURE_SCHEDULED: {"reason": "REQUESTED", "execute_at": "2027-01-31T12:00:00+00:00"},
    }[name]
    async with world.unit() as unit:
        await emails.enqueue(unit, name, subject_id, f"request:{about}", **content)


async def email_rows(world: World, *columns: str) -> list[tuple[Any, ...]]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(f"SELECT {', '.join(columns)} FROM letters ORDER BY posted_at, id")
    return [tuple(row) for row in rows]


async def make_due(world: World) -> None:
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE letters SET due_at = clock_timestamp() - interval '1 second'")


async def wait_until(is_so: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Poll until a condition holds that no event signals."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 -- tables and mail servers set no event
            await asyncio.sleep(0.02)


async def wait_until_sent(world: World, count: int = 1) -> None:
    async def is_so() -> bool:
        return [row[0] for row in await email_rows(world, "state")].count("SENT") >= count

    await wait_until(is_so)


@contextlib.asynccontextmanager
async def running(letters: EmailWorker, **options: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(letters.run(**options))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
