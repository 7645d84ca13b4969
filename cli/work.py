"""``privacy work``: run the background workers in their own process; the demonstration runs them in a thread."""

import asyncio
import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Annotated
from urllib.parse import urlsplit

import asyncpg
import typer
import uvloop

from api.settings import Settings, UnsafeSettingError
from cli.audit import segment_signer
from cli.databases import database_settings
from cli.logging import configure_logging
from cli.ports import require_free_port
from cli.systems import visible_change_fields
from cli.tracing import start_tracing
from cli.worker_health import export_with_api, health_endpoint
from mailers.message import Sender
from mailers.transport import Transport
from mailers.transport_factory import create_transport_factory
from models.access.database_roles import WORKER
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage import tracing
from models.storage.connection_capacity import log_capacity
from models.storage.database import OUTAGE_ERRORS, Database, DatabaseRoles
from models.storage.outages import outages
from workers.audit_sealer import AuditSealer
from workers.change_sequencer import ChangeSequencer
from workers.email_worker import EmailWorker
from workers.erasure_worker import ErasureWorker
from workers.export_worker import ExportWorker
from workers.feed_webhook_worker import FeedWebhookWorker
from workers.notice_worker import NoticeWorker
from workers.policy_worker import PolicyWorker
from workers.runner import WRITER_CONNECTIONS, run
from workers.webhook_client import WebhookClient
from workers.webhook_worker import WebhookWorker

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
KEYRING_RETRY_INTERVAL = 1.0
"""Seconds between two attempts to load the keyring while its database is unavailable."""
STOP_TIMEOUT = 20.0
"""Seconds that the worker thread may take to stop."""
GC_THRESHOLDS = 50_000, 20, 20
"""Workers read thousands of rows at a time: at Python's thresholds, collections took a seventh of the statistics."""


def mail_settings(settings: Settings) -> tuple[Sender, Callable[[], Transport]]:
    """Return the sender and the transport of emails; raise UnsafeSettingError for a malformed or unsafe setting."""
    url = settings.smtp_url.get_secret_value()
    try:
        sender = Sender.read(
            settings.mail_from,
            settings.reply_to,
            settings.public_url,
            settings.company_name,
            settings.company_contact,
            settings.company_address,
        )
        transport = create_transport_factory(url, sender.domain)
    except ValueError as problem:
        raise UnsafeSettingError(str(problem)) from None
    if settings.environment == "production":
        parts = urlsplit(url)
        if parts.scheme == "maildir":
            raise UnsafeSettingError("set PRIVACY_SMTP_URL to your mail server: a Maildir delivers no letters")
        if "starttls=" in parts.query and "starttls=required" not in parts.query and parts.hostname not in LOOPBACK:
            raise UnsafeSettingError(
                "PRIVACY_SMTP_URL must require TLS for a server on another host: add starttls=required"
            )
        if sender.domain == "localhost":
            raise UnsafeSettingError("set PRIVACY_MAIL_FROM to the sender address of letters")
    return sender, transport


def officer_addresses(settings: Settings) -> list[str]:
    """Return the addresses of the privacy officers; in production without those at localhost."""
    addresses = [address.strip() for address in settings.officers.split(",") if address.strip()]
    return [each for each in addresses if settings.environment == "development" or not each.endswith("@localhost")]


def work(
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The port of /healthz, /readyz and /metrics; by default none.")
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="The address that this port listens on.")] = "127.0.0.1",
) -> None:
    """Run the background workers until stopped: letters, erasures, webhooks, audit segments and notices.

    Several of these processes may run at the same time. The metrics port takes no token: permit access from your own
    network only.
    """
    with database_settings() as settings:
        if metrics_port is not None:
            require_free_port(metrics_host, metrics_port, "set another one with --metrics-port")
        configure_logging(settings.log_format)
        start_tracing(settings, "privacy-worker")
        gc.set_threshold(*GC_THRESHOLDS)
        try:
            uvloop.run(_run_until_signal(settings, metrics_host, metrics_port))
        finally:
            tracing.close()


async def _run_until_signal(settings: Settings, host: str, port: int | None) -> None:
    task = asyncio.create_task(run_workers(settings, metrics_host=host, metrics_port=port))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


async def run_workers(
    settings: Settings, *, metrics_host: str = "127.0.0.1", metrics_port: int | None = None, is_in_api: bool = False
) -> None:
    """Run all workers on their own database connections until cancelled; with a port, serve their health, too.

    In a process of the API, the API exports the metrics.
    """
    sender, transport = mail_settings(settings)
    signer = segment_signer(is_embedded=settings.environment == "development")
    database = await Database.open(
        settings.database_url.get_secret_value(),
        settings.keyring_url.get_secret_value(),
        readers=2,
        writers=WRITER_CONNECTIONS,
        timeout=settings.statement_timeout,
        roles=DatabaseRoles(WORKER, WORKER),
        replicas=settings.replicas,
    )
    try:
        keyring = Keyring(database.keyring, MasterKeys(settings.master_key.get_secret_value()))
        emails = EmailWorker(database, keyring, sender, transport)
        async with (
            health_endpoint(database, keyring, emails.health, host=metrics_host, port=metrics_port),
            export_with_api(database) if is_in_api else nullcontext(),
        ):
            while not keyring.is_loaded:
                try:
                    await keyring.load()
                except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
                    # Besides an outage, a role or a table may be missing until `privacy migrate` has run.
                    outages.fail_with("keyring", error)
                    await asyncio.sleep(KEYRING_RETRY_INTERVAL)
            outages.recover("keyring")
            if not is_in_api:
                await log_capacity(database)
            webhooks = WebhookClient(
                keyring.master_keys,
                networks=settings.permitted_webhook_networks,
                authorities=settings.webhook_authorities,
            )
            await run(
                emails,
                ErasureWorker(
                    database,
                    keyring,
                    issuer=settings.public_url,
                    backup_life=settings.backup_life,
                    rate=settings.erasures_per_second,
                ),
                PolicyWorker(database, keyring, rate=settings.policy_notices_per_second),
                WebhookWorker(database, keyring, webhooks),
                FeedWebhookWorker(database, webhooks, visible_change_fields()),
                ExportWorker(
                    database,
                    keyring,
                    issuer=settings.public_url,
                    controller={"name": sender.company_name, "contact": sender.contact},
                ),
                AuditSealer(database, signer),
                ChangeSequencer(database),
                NoticeWorker(
                    database,
                    sender,
                    transport,
                    officers=officer_addresses(settings),
                    witness=settings.witness,
                    people_per_case=settings.people_per_case,
                ),
            )
    finally:
        await database.close()


@contextmanager
def workers_in_thread(settings: Settings) -> Iterator[None]:
    """Run all workers in a thread with its own event loop until the context ends."""
    mail_settings(settings)
    loop = asyncio.new_event_loop()
    task = loop.create_task(run_workers(settings, is_in_api=True))

    def run_loop() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run_loop, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(STOP_TIMEOUT)
