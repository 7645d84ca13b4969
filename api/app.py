"""The application: its paths, and the objects that live as long as the process."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.access import column_grants
from api.access.authentication import Authenticator
from api.access.jwt_verifier import JwtVerifier
from api.access.restore_guard import RestoreGuard
from api.graphql.endpoint import GraphQLEndpoint
from api.graphql.long_lived import exempt_long_lived
from api.graphql.routed_execution import RoutedExecution, TracedRoutedExecution
from api.graphql.schema import core
from api.graphql.traced_execution import TracedExecution
from api.http.allocator import return_freed_memory
from api.http.asgi import AsgiAdapter, Scope, Send
from api.http.connection_limits import ConnectionLimits, warn_of_file_limit
from api.http.draining import Drain
from api.http.exchange import Exchange
from api.http.headers import SECURITY_HEADERS
from api.http.request import Receive
from api.http.request_log import RequestLog
from api.routes.company import company_of
from api.routes.dependencies import Dependencies
from api.routes.explorer import Explorer
from api.routes.export_page import ExportPage
from api.routes.exports import Exports
from api.routes.health import Health
from api.routes.jwks import jwks
from api.routes.unsubscribe import Unsubscribe
from api.settings import Settings
from models.access import people_limits, tokens
from models.access.cost_limits import parse_cost_limits
from models.access.people_limits import DEFAULT_TOKEN_RATES
from models.access.tokens import TokenLifetimes
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.receipts.receipts import Controller
from models.storage import tracing
from models.storage.connection_capacity import log_capacity
from models.storage.database import CLOSE_TIMEOUT, OUTAGE_ERRORS, Database
from resolvers.app_state import AppState

WRITE_INTERVAL = 5.0
"""Seconds between two writes of when tokens were used, and of the decision counts."""
RETRY_INTERVAL = 0.5
"""Seconds between two attempts to load the keyring at start, while it is unreachable."""

_WELCOME = """Privacy API

POST /graphql   the API (GraphQL over HTTP; ask with a bearer token)
GET  /healthz   whether this process lives
GET  /readyz    whether it can answer: database, keyring, migrations
GET  /metrics   counts for Prometheus
GET  /u/TOKEN   where people leave what they no longer want, from a link in a letter
GET  /e/TOKEN   where people fetch the data that they asked for, from a link in a letter
POST /exports/STEP      where internal systems hand in their part of an export
GET  /exports/REQUEST   where a privacy officer fetches an export
GET  /.well-known/jwks.json   the keys that erasure certificates are checked with
"""


class App:
    """One process of the service. The endpoint handles /graphql, Starlette all other paths."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._write_lock = asyncio.Lock()
        self._explorer = Explorer(settings.explorer_tokens) if settings.has_explorer else None
        self.drain = Drain(settings.drain_seconds)
        self._starlette = Starlette(
            routes=[
                Route("/", self._answer_root),
                *(self._explorer.routes if self._explorer else ()),
                *Health(self._dependencies, is_stopping=lambda: self.drain.is_active).routes,
                jwks(self._dependencies),
                *Unsubscribe(self._dependencies, company_of(settings), is_proxied=settings.tls_in_front).routes,
                *ExportPage(self._dependencies, company_of(settings), is_proxied=settings.tls_in_front).routes,
                *Exports(self._dependencies, lambda: self._graphql.authenticator).routes,
            ],
            lifespan=self._lifespan,
        )
        self._starlette.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql":
            await self._adapter(scope, receive, send)
        else:
            await self._starlette(scope, receive, _with_headers(send) if scope["type"] == "http" else send)

    @property
    def connection_limits(self) -> ConnectionLimits:
        """The limits of client connections, which our own protocol keeps."""
        settings = self._settings
        return ConnectionLimits(
            settings.head_seconds,
            settings.body_seconds,
            settings.reader_seconds,
            settings.max_connections,
            settings.reserved_connections,
        )

    @property
    def is_proxied(self) -> bool:
        """Whether the address of a client is named by a proxy."""
        return self._settings.tls_in_front

    @property
    def handle(self) -> Callable[[Exchange], None]:
        """The function that handles a request of our own protocol."""
        return self._graphql.handle

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        settings = self._settings
        warn_of_file_limit(self.connection_limits)
        self.drain.install()
        self._database = await Database.open(
            settings.database_url.get_secret_value(),
            settings.keyring_url.get_secret_value(),
            readers=settings.read_connections,
            writers=settings.write_connections,
            timeout=settings.statement_timeout,
            roles=column_grants.database_roles(core),
            replicas=settings.replicas,
        )
        self._keyring = Keyring(self._database.keyring, MasterKeys(settings.master_key.get_secret_value()))
        token_life = TokenLifetimes(settings.token_life_people, settings.token_life_services)
        service = AppState(
            self._database,
            self._keyring,
            grace=settings.erasure_grace,
            public_url=settings.public_url,
            token_life=token_life,
            token_rates=people_limits.parse_rates(settings.token_rates, DEFAULT_TOKEN_RATES),
            role_rates=people_limits.parse_rates(settings.role_rates),
            incident_people=settings.incident_people,
            controller=Controller(*company_of(settings), settings.public_url),
            decides_on_replicas=settings.replica_decisions,
        )
        self._restore_guard = RestoreGuard(self._database, self._keyring)
        jwts = None
        if settings.jwks_url and settings.jwt_issuer and settings.jwt_audience:
            jwts = JwtVerifier(settings.jwks_url, settings.jwt_issuer, settings.jwt_audience, token_life)
        authenticator = Authenticator(service.internal, jwts)
        request_log = RequestLog(lines=settings.log_requests)
        max_costs = parse_cost_limits(settings.max_costs)
        self._graphql = GraphQLEndpoint(service, authenticator, request_log, self._restore_guard, max_costs)
        if service.router.servers:
            service.router.servers.on_promotion(self._restore_guard.close)
            self._graphql.execution_class = TracedRoutedExecution if tracing.installed() else RoutedExecution
        elif tracing.installed():
            self._graphql.execution_class = TracedExecution
        self._adapter = AsgiAdapter(self._graphql.handle, is_proxied=self.is_proxied)
        tasks = [
            asyncio.create_task(self._restore_guard.poll()),
            asyncio.create_task(self._load_keyring()),
            asyncio.create_task(self._write_regularly()),
            asyncio.create_task(log_capacity(self._database)),
        ]
        # The threshold bounds the pause of one collection: 50,000 young objects took over 15 ms, these take 3 ms.
        exempt_long_lived()
        return_freed_memory()
        gc.set_threshold(10_000, 50, 50)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.write_counts(is_final=True)
            request_log.flush()
            await self._database.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(tracing.close), CLOSE_TIMEOUT)

    async def _answer_root(self, request: Request) -> Response:
        """Answer the explorer to browsers where it exists, otherwise the list of paths."""
        if self._explorer and "text/html" in request.headers.get("accept", ""):
            return self._explorer.page()
        return PlainTextResponse(_WELCOME)

    def _dependencies(self) -> Dependencies:
        return Dependencies(self._database, self._keyring, self._restore_guard)

    async def _load_keyring(self) -> None:
        while True:
            with suppress(*OUTAGE_ERRORS, Exception):
                await self._keyring.load()
                return
            await asyncio.sleep(RETRY_INTERVAL)

    async def _write_regularly(self) -> None:
        while True:
            await asyncio.sleep(WRITE_INTERVAL)
            await self.write_counts()

    async def write_counts(self, *, is_final: bool = False) -> None:
        """Write what is counted in memory. ``is_final`` writes the refusals of the last minute, too."""
        await self._write_uses()
        await self._graphql.service.recent_refusals.write(self._database, is_final=is_final)

    async def _write_uses(self) -> None:
        """Write which tokens were used, and the decision counts; what cannot be written now is kept."""
        authenticator, questions = self._graphql.authenticator, self._graphql.service.questions
        async with self._write_lock:
            used, authenticator.used = authenticator.used, set()
            if not used:
                return
            try:
                async with self._database.writers.acquire() as connection:
                    # A caller with a JWT has no token row, but its decisions are counted, too.
                    await tokens.USED.run(connection, ids=list(used - {None}))
                    used = {None}
                    await questions.write(connection)
            except BaseException as error:
                authenticator.used |= used
                if not isinstance(error, (*OUTAGE_ERRORS, asyncpg.PostgresError)):
                    raise


def _with_headers(send: Send) -> Send:
    async def sending(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            headers: list[tuple[bytes, bytes]] = message["headers"]  # type: ignore[assignment]
            named = {name for name, _ in headers}
            message["headers"] = [*headers, *(header for header in SECURITY_HEADERS if header[0] not in named)]
        await send(message)

    return sending  # type: ignore[return-value]


def create_app(settings: Settings) -> App:
    """Return the application; it opens its connections when it starts."""
    return App(settings)
