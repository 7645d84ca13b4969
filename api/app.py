"""The application: which paths there are, and what lives as long as the process."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from api.access import column_grants
from api.access.authentication import Authenticator
from api.access.jwt_verifier import JwtVerifier
from api.access.restore_guard import RestoreGuard
from api.graphql.endpoint import HEADERS, GraphQLOverHTTP, Scope, Send
from api.graphql.errands import Errands
from api.http.asgi import Receive
from api.http.protocol import Exchange
from api.http.request_log import RequestLog
from api.routes.jwks import jwks
from api.routes.unsubscribe import Parts, Unsubscribe
from api.settings import Settings
from migrations import head
from models.access import tokens
from models.access.tokens import TokenLife
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.erasure import backups
from models.storage.database import OUTAGE_ERRORS, Database
from models.storage.statement import Statement
from resolvers.context import AppState

USES_WRITTEN = 5.0
"""Seconds between two writings of when tokens were used, and of how often services asked what."""
RETRIED = 0.5
"""Seconds between two tries to read the keyring while it cannot be reached at start."""

EXPIRED_BACKUPS = Gauge("privacy_backups_expired", "1 while a backup is kept longer than it may be.")
EXPIRING_TOKENS = Gauge("privacy_tokens_expiring", "Tokens that are worth nothing in 14 days.")

REVISION = Statement("""
SELECT version_num
FROM alembic_version
""")

_WELCOME = """Privacy API

POST /graphql   the API (GraphQL over HTTP; ask with a bearer token)
GET  /healthz   whether this process lives
GET  /readyz    whether it can answer: database, keyring, migrations
GET  /metrics   counts for Prometheus
GET  /u/TOKEN   where people leave what they no longer want, from a link in a letter
GET  /.well-known/jwks.json   the keys that erasure certificates are checked with
"""


class App:
    """One process of the service. POST /graphql goes straight to its endpoint, everything else through Starlette."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._writing = asyncio.Lock()
        self._starlette = Starlette(
            routes=[
                Route("/", _root),
                Route("/healthz", _healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
                jwks(lambda: self._database),
                Unsubscribe(self._parts, is_proxied=settings.tls_in_front).route,
            ],
            lifespan=self._lifespan,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self._graphql(scope, receive, send)
        else:
            await self._starlette(scope, receive, _with_headers(send) if scope["type"] == "http" else send)

    def begin(self, exchange: Exchange) -> bool:
        """Begin to answer a POST of ``/graphql`` on the short road; False where it has to take the long one."""
        return self._errands.begin(exchange)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        settings = self._settings
        self._database = await Database.open(
            settings.database_url.get_secret_value(),
            settings.keyring_url.get_secret_value(),
            readers=settings.read_connections,
            writers=settings.write_connections,
            timeout=settings.statement_timeout,
            acting=column_grants.acting(),
        )
        self._keyring = Keyring(self._database.keyring, MasterKeys(settings.master_key.get_secret_value()))
        service = AppState(
            self._database,
            self._keyring,
            grace=settings.erasure_grace,
            public_url=settings.public_url,
            token_life=TokenLife(settings.token_life_people, settings.token_life_services),
        )
        self._gate = RestoreGuard(self._database, self._keyring)
        jwts = None
        if settings.jwks_url and settings.jwt_issuer and settings.jwt_audience:
            jwts = JwtVerifier(settings.jwks_url, settings.jwt_issuer, settings.jwt_audience)
        authenticator = Authenticator(service.internal, jwts)
        journal = RequestLog(lines=settings.log_requests)
        self._graphql = GraphQLOverHTTP(service, authenticator, journal, self._gate, is_proxied=settings.tls_in_front)
        self._errands = Errands(self._graphql)
        work = [
            asyncio.create_task(self._gate.watch()),
            asyncio.create_task(self._load_keyring()),
            asyncio.create_task(self._write_uses()),
        ]
        # What lives until the end is not looked at by the collector again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 50)
        try:
            yield
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await self._write_used()
            journal.flush()
            await self._database.close()

    def _parts(self) -> Parts:
        return Parts(self._database, self._keyring, self._gate)

    async def _load_keyring(self) -> None:
        while True:
            with suppress(*OUTAGE_ERRORS, Exception):
                await self._keyring.load()
                return
            await asyncio.sleep(RETRIED)

    async def _write_uses(self) -> None:
        while True:
            await asyncio.sleep(USES_WRITTEN)
            await self._write_used()

    async def _write_used(self) -> None:
        """Write down which tokens were used, and how often services asked what; what cannot be written now waits."""
        authenticator, questions = self._graphql.authenticator, self._graphql.service.questions
        async with self._writing:
            used, authenticator.used = authenticator.used, set()
            if not used:
                return
            try:
                async with self._database.writers.acquire() as connection:
                    # A caller with a JWT has no token of ours, and asks questions, too.
                    await tokens.USED.run(connection, ids=list(used - {None}))
                    used = {None}
                    await questions.write(connection)
            except BaseException as error:
                authenticator.used |= used
                if not isinstance(error, (*OUTAGE_ERRORS, asyncpg.PostgresError)):
                    raise

    async def _readyz(self, _request: Request) -> Response:
        """Answer 200 when this process can answer, 503 with what is missing when it cannot."""
        parts = {
            "database": await _state(self._check_database),
            "keyring": await _state(self._check_keyring),
            "ledger": await _state(self._check_ledger),
            "backups": await _state(self._check_backups),
        }
        EXPIRED_BACKUPS.set(0 if parts["backups"] == "ok" else 1)
        # A backup that is kept too long must go, but keeps nobody from being answered.
        ready = all(state == "ok" for part, state in parts.items() if part != "backups")
        return JSONResponse({"ready": ready, **parts}, 200 if ready else 503)

    async def _metrics(self, _request: Request) -> Response:
        with suppress(*OUTAGE_ERRORS, asyncpg.PostgresError):
            async with self._database.readers.acquire() as connection:
                EXPIRING_TOKENS.set(await tokens.expiring(connection))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def _check_database(self) -> None:
        async with self._database.readers.acquire() as connection:
            if await REVISION.value(connection) != head("privacy"):
                raise LookupError("migrations are missing: run `privacy migrate`")

    async def _check_keyring(self) -> None:
        async with self._database.keyring.acquire() as connection:
            if await REVISION.value(connection) != head("keyring"):
                raise LookupError("migrations are missing: run `privacy migrate`")
        if not self._keyring.is_loaded:
            raise LookupError("its look-up keys are not read yet: is PRIVACY_MASTER_KEY the one that wrapped them?")

    async def _check_ledger(self) -> None:
        if lag := await self._gate.look():
            raise LookupError(lag)

    async def _check_backups(self) -> None:
        async with self._database.keyring.acquire() as connection:
            expired = await backups.expired_backups(connection)
        if expired:
            raise LookupError(f"kept too long, remove: {', '.join(backups.name_of(one) for one in expired)}")


async def _state(check: Callable[[], Awaitable[None]]) -> str:
    try:
        await asyncio.wait_for(check(), 5)
    except LookupError as missing:
        return str(missing.args[0])
    except Exception:  # noqa: BLE001 -- whatever it is, it cannot be reached
        return "cannot be reached"
    return "ok"


def _with_headers(send: Send) -> Send:
    async def sending(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            given: list[tuple[bytes, bytes]] = message["headers"]  # type: ignore[assignment]
            named = {name for name, _ in given}
            message["headers"] = [*given, *(header for header in HEADERS if header[0] not in named)]
        await send(message)

    return sending  # type: ignore[return-value]


async def _root(_request: Request) -> Response:
    return PlainTextResponse(_WELCOME)


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"alive": True})


def create_app(settings: Settings) -> App:
    """Make the application; everything it connects to is opened when it starts."""
    return App(settings)
