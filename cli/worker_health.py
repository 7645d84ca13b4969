"""The HTTP endpoint of `privacy work`: /healthz, /readyz and /metrics on a port of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import asyncpg
import uvicorn
from prometheus_client import REGISTRY, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette

from api.access.restore_guard import RestoreGuard
from api.routes.dependencies import Dependencies
from api.routes.health import Health
from models.encryption.keyring import Keyring
from models.storage.database import OUTAGE_ERRORS, Database
from workers import backlog
from workers.mail_health import MailHealth
from workers.metrics import WORKER_METRICS

REFRESH_INTERVAL = 5.0
"""Seconds between two counts of the backlog in a process of the API."""


class _WorkerMetrics(Collector):
    """The metrics of the workers among those of the API, without those that the API has itself."""

    def __init__(self) -> None:
        self._own = {metric.name for metric in REGISTRY.collect()}

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return (metric for metric in WORKER_METRICS.collect() if metric.name not in self._own)


@asynccontextmanager
async def export_with_api(database: Database) -> AsyncIterator[None]:
    """Export the metrics of the workers with those of the API in this process, until the context ends."""
    metrics = _WorkerMetrics()
    REGISTRY.register(metrics)
    task = asyncio.create_task(_refresh(database))
    try:
        yield
    finally:
        task.cancel()
        REGISTRY.unregister(metrics)


async def _refresh(database: Database) -> None:
    while True:
        # During an outage, or before a migration, the gauges keep their last values.
        with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
            await backlog.refresh(database)
        await asyncio.sleep(REFRESH_INTERVAL)


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
