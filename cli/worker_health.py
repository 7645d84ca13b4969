"""The HTTP endpoint of `privacy work`: /healthz, /readyz and /metrics on a port of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from api.access.restore_guard import RestoreGuard
from api.routes.dependencies import Dependencies
from api.routes.health import Health
from models.encryption.keyring import Keyring
from models.storage.database import Database
from workers import backlog
from workers.mail_health import MailHealth
from workers.metrics import WORKER_METRICS


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to the worker."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def health_endpoint(
    database: Database, keyring: Keyring, mail: MailHealth, *, host: str, port: int | None
) -> AsyncIterator[None]:
    """Serve the endpoint until the context ends; without a port do nothing."""
    if port is None:
        yield
        return
    dependencies = Dependencies(database, keyring, RestoreGuard(database, keyring))
    health = Health(
        lambda: dependencies,
        checks={"mail": mail.require_delivery},
        registry=WORKER_METRICS,
        refresh=lambda: backlog.refresh(database),
    )
    config = uvicorn.Config(
        Starlette(routes=health.routes), host=host, port=port, lifespan="off", log_config=None, access_log=False
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait({task}, timeout=2)
