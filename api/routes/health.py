"""The routes for operators: /healthz (liveness), /readyz (readiness) and /metrics (Prometheus)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.routes.component_checks import CHECK_TIMEOUT_SECONDS, OK, Check, ComponentChecks
from api.routes.dependencies import Dependencies
from migrations import is_ready
from models.access import tokens
from models.erasure import backups, system_backups
from models.requests import searching
from models.storage import session_checks, write_probe
from models.storage.database import OUTAGE_ERRORS
from models.storage.statement import Connection, Statement

EXPIRED_BACKUPS: Final = Gauge("privacy_backups_expired", "1 while a backup is kept longer than PRIVACY_BACKUP_LIFE.")
EXPIRING_TOKENS: Final = Gauge("privacy_tokens_expiring", "Tokens that expire within 14 days.")

OVERDUE_REQUESTS: Final = Gauge("privacy_requests_overdue", "Open requests after their deadline, by kind.", ["kind"])

REVISION: Final = Statement("""
SELECT version_num
FROM alembic_version
""")


class Health:
    """Answers /healthz, /readyz and /metrics for one process."""

    def __init__(
        self,
        dependencies: Callable[[], Dependencies],
        *,
        checks: Mapping[str, Check] = {},
        registry: CollectorRegistry = REGISTRY,
        refresh: Callable[[], Awaitable[None]] | None = None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Set the objects to check, further checks, the metrics, and what refreshes them before they are exported.

        A process that ``is_stopping`` is not ready, whatever its components say.
        """
        self._dependencies = dependencies
        self._registry = registry
        self._is_stopping = is_stopping
        self._refresh = refresh or self._count_expiring
        self._count_task: asyncio.Task[None] | None = None
        self._checks = ComponentChecks(
            {
                component: partial(_run_check, check, dependencies)
                for component, check in (
                    ("database", _check_database),
                    ("keyring", _check_keyring),
                    ("ledger", _check_ledger),
                    ("backups", _check_backups),
                )
            }
            | dict(checks)
        )
        self.routes = [
            Route("/healthz", _healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]

    async def _readyz(self, _request: Request) -> Response:
        """Return 200 when this process can answer callers, otherwise 503 with the state of each component."""
        if self._is_stopping():
            return JSONResponse({"ready": False, "process": "is stopping"}, 503)
        components = await self._checks.states()
        EXPIRED_BACKUPS.set(0 if components["backups"] == OK else 1)
        # An expired backup must be removed, but it does not stop this process from answering.
        is_ready = all(state == OK for component, state in components.items() if component != "backups")
        if servers := self._dependencies().database.servers:
            # Without replicas the primary answers.
            components["replicas"] = f"{len(servers.in_use)} of {len(servers.servers) - 1} in use"
        return JSONResponse({"ready": is_ready, **components}, 200 if is_ready else 503)

    async def _metrics(self, _request: Request) -> Response:
        """Return the metrics. During an outage counts of rows keep their last values."""
        if self._count_task is None or self._count_task.done():
            self._count_task = asyncio.create_task(self._refresh_metrics())
        await asyncio.wait({self._count_task}, timeout=CHECK_TIMEOUT_SECONDS)
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _refresh_metrics(self) -> None:
        with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
            await self._refresh()

    async def _count_expiring(self) -> None:
        async with self._dependencies().database.readers.acquire() as connection:
            EXPIRING_TOKENS.set(await tokens.count_expiring(connection))
            overdue = await searching.count_overdue(connection)
        for kind, count in overdue.items():
            OVERDUE_REQUESTS.labels(kind).set(count)


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"alive": True})


async def _run_check(
    check: Callable[[Dependencies], Awaitable[None]], dependencies: Callable[[], Dependencies]
) -> None:
    await check(dependencies())


async def _check_database(dependencies: Dependencies) -> None:
    async with dependencies.database.readers.acquire() as connection:
        await _check_revision(connection, "privacy")
        if not await session_checks.has_roles(connection, [*dependencies.database.role_readers]):
            raise LookupError("roles of callers are missing: run `privacy migrate`")
    await write_probe.require_writable(dependencies.database.writers)


async def _check_revision(connection: Connection, history: str) -> None:
    """Raise LookupError unless the database has the revision of this version, or that of a newer version."""
    revision = await REVISION.value(connection)
    if not is_ready(history, revision or ""):
        raise LookupError("migrations are missing: run `privacy migrate`")


async def _check_keyring(dependencies: Dependencies) -> None:
    async with dependencies.database.keyring.acquire() as connection:
        await _check_revision(connection, "keyring")
    await write_probe.require_writable(dependencies.database.keyring)
    if not dependencies.keyring.is_loaded:
        raise LookupError("its look-up keys are not read yet: is PRIVACY_MASTER_KEY the one that wrapped them?")


async def _check_ledger(dependencies: Dependencies) -> None:
    if lag := await dependencies.restore_guard.refresh():
        raise LookupError(lag)


async def _check_backups(dependencies: Dependencies) -> None:
    async with dependencies.database.keyring.acquire() as connection:
        expired = await backups.expired_backups(connection)
    if expired:
        raise LookupError(f"kept too long, remove: {', '.join(backups.file_name(backup) for backup in expired)}")
    async with dependencies.database.writers.acquire() as connection:
        overdue = Counter(backup.system for backup in await system_backups.overdue_backups(connection))
    if overdue:
        systems = ", ".join(f"{count} of {system}" for system, count in sorted(overdue.items()))
        raise LookupError(f"backups of Customer Data are kept too long: {systems}")
