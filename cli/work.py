"""``privacy work``: does what is due, in a program of its own; the demonstration runs it beside the API."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import structlog
import uvloop

from api.settings import Settings, UnsafeSettingError
from cli.audit import signer
from cli.databases import locate
from cli.logging import configure_logging
from mailers.message import Sender
from mailers.transport import Transport
from mailers.transport_factory import create_transport_factory
from models.access.database_roles import WORKER
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import OUTAGE_ERRORS, Database, DatabaseRoles
from workers.audit_sealer import AuditSealer
from workers.email_worker import EmailWorker
from workers.erasure_worker import ErasureWorker
from workers.notice_worker import NoticeWorker
from workers.runner import WRITER_CONNECTIONS, run
from workers.webhook_worker import WebhookWorker

log = structlog.get_logger("privacy")

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
RETRIED = 1.0
"""Seconds between two tries to read the keyring while it cannot be reached at start."""


def mail(settings: Settings) -> tuple[Sender, Callable[[], Transport]]:
    """Give who writes letters and how they leave; UnsafeSettingError when a setting is malformed, or unsafe."""
    url = settings.smtp_url.get_secret_value()
    try:
        sender = Sender.read(settings.mail_from, settings.reply_to, settings.public_url)
        transport = create_transport_factory(url, sender.domain)
    except ValueError as problem:
        raise UnsafeSettingError(str(problem)) from None
    if settings.environment == "production":
        parts = urlsplit(url)
        if parts.scheme == "maildir":
            raise UnsafeSettingError("set PRIVACY_SMTP_URL to your mail server: a Maildir reaches nobody")
        if "starttls=" in parts.query and "starttls=required" not in parts.query and parts.hostname not in LOOPBACK:
            raise UnsafeSettingError("PRIVACY_SMTP_URL must demand TLS (starttls=required) from a server elsewhere")
        if sender.domain == "localhost":
            raise UnsafeSettingError("set PRIVACY_MAIL_FROM to the address that letters are from")
    return sender, transport


def officers(settings: Settings) -> list[str]:
    """Give the addresses of the privacy officers; in production the example among them is nobody."""
    given = [address.strip() for address in settings.officers.split(",") if address.strip()]
    return [each for each in given if settings.environment == "development" or not each.endswith("@localhost")]


def work() -> None:
    """Do what is due until stopped: letters, erasures, systems, seals. Several of these may run side by side."""
    with locate() as settings:
        configure_logging(settings.log_format)
        uvloop.run(_until_stopped(settings))


async def _until_stopped(settings: Settings) -> None:
    task = asyncio.create_task(working(settings))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


async def working(settings: Settings) -> None:
    """Run every loop on connections of its own until cancelled."""
    sender, transport = mail(settings)
    sealing = signer(embedded=settings.environment == "development")
    database = await Database.open(
        settings.database_url.get_secret_value(),
        settings.keyring_url.get_secret_value(),
        readers=2,
        writers=WRITER_CONNECTIONS,
        timeout=settings.statement_timeout,
        roles=DatabaseRoles(WORKER, WORKER),
    )
    try:
        keyring = Keyring(database.keyring, MasterKeys(settings.master_key.get_secret_value()))
        while not keyring.is_loaded:
            try:
                await keyring.load()
            except OUTAGE_ERRORS as problem:
                log.warning("the keyring cannot be reached", problem=type(problem).__name__)
                await asyncio.sleep(RETRIED)
        await run(
            EmailWorker(database, keyring, sender, transport),
            ErasureWorker(
                database,
                keyring,
                issuer=settings.public_url,
                backup_life=settings.backup_life,
                rate=settings.erasures_per_second,
            ),
            WebhookWorker(database, keyring),
            AuditSealer(database, sealing),
            NoticeWorker(database, sender, transport, officers=officers(settings), witness=settings.witness),
        )
    finally:
        await database.close()


@contextmanager
def beside(settings: Settings) -> Iterator[None]:
    """Do what is due in a thread, with a loop of its own, for as long as this is open."""
    mail(settings)
    loop = asyncio.new_event_loop()
    task = loop.create_task(working(settings))

    def live() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=live, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
