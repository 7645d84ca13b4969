"""The routes for operators: /healthz (liveness), /readyz (readiness) and /metrics (Prometheus)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.routes.dependencies import Dependencies
from migrations import head
from models.access import tokens
from models.erasure import backups
from models.storage.database import OUTAGE_ERRORS
from models.storage.statement import Statement

CHECK_TIMEOUT_SECONDS: Final = 5

EXPIRED_BACKUPS: Final = Gauge("privacy_backups_expired", "1 while a backup is kept longer than PRIVACY_BACKUP_LIFE.")
EXPIRING_TOKENS: Final = Gauge("privacy_tokens_expiring", "Tokens that expire within 14 days.")

REVISION: Final = Statement("""
SELECT version_num
FROM alembic_version
""")


class Health:
    """Answers /healthz, /readyz and /metrics for one process."""

    def __init__(self, dependencies: Callable[[], Dependencies]) -> None:
        self._dependencies = dependencies
        self.routes = [
            Route("/healthz", _healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]

    async def _readyz(self, _request: Request) -> Response:
        """Return 200 when this process can answer callers, otherwise 503 with the state of each component."""
        dependencies = self._dependencies()
        components = {
            "database": await _state(_check_database, dependencies),
            "keyring": await _state(_check_keyring, dependencies),
            "ledger": await _state(_check_ledger, dependencies),
            "backups": await _state(_check_backups, dependencies),
        }
        EXPIRED_BACKUPS.set(0 if components["backups"] == "ok" else 1)
        # An expired backup must be removed, but it does not stop this process from answering.
        is_ready = all(state == "ok" for component, state in components.items() if component != "backups")
        return JSONResponse({"ready": is_ready, **components}, 200 if is_ready else 503)

    async def _metrics(self, _request: Request) -> Response:
        """Return the metrics. During an outage the token count keeps its last value."""
        with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
            async with self._dependencies().database.readers.acquire() as connection:
                EXPIRING_TOKENS.set(await tokens.count_expiring(connection))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"alive": True})


async def _state(check: Callable[[Dependencies], Awaitable[None]], dependencies: Dependencies) -> str:
    """Run one check; return ``ok`` or the sentence that says what is wrong."""
    try:
        await asyncio.wait_for(check(dependencies), CHECK_TIMEOUT_SECONDS)
    except LookupError as problem:
        return str(problem.args[0])
    except Exception:  # noqa: BLE001 -- any other exception means that the component is out of reach
        return "cannot be reached"
    return "ok"


async def _check_database(dependencies: Dependencies) -> None:
    async with dependencies.database.readers.acquire() as connection:
        if await REVISION.value(connection) != head("privacy"):
            raise LookupError("migrations are missing: run `privacy migrate`")


async def _check_keyring(dependencies: Dependencies) -> None:
    async with dependencies.database.keyring.acquire() as connection:
        if await REVISION.value(connection) != head("keyring"):
            raise LookupError("migrations are missing: run `privacy migrate`")
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
