"""The application: which paths there are, and what lives as long as the process."""

import asyncio
import gc
from collections.abc import AsyncIterator
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
from api.graphql.endpoint import HEADERS, GraphQLOverHTTP, Scope, Send
from api.graphql.errands import Errands
from api.http.asgi import Receive
from api.http.protocol import Exchange
from api.http.request_log import RequestLog
from api.routes.dependencies import Dependencies
from api.routes.health import Health
from api.routes.jwks import jwks
from api.routes.unsubscribe import Unsubscribe
from api.settings import Settings
from models.access import tokens
from models.access.tokens import TokenLifetimes
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import OUTAGE_ERRORS, Database
from resolvers.context import AppState

USES_WRITTEN = 5.0
"""Seconds between two writings of when tokens were used, and of how often services asked what."""
RETRIED = 0.5
"""Seconds between two tries to read the keyring while it cannot be reached at start."""

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
                *Health(self._dependencies).routes,
                jwks(self._dependencies),
                Unsubscribe(self._dependencies, is_proxied=settings.tls_in_front).route,
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
            roles=column_grants.acting(),
        )
        self._keyring = Keyring(self._database.keyring, MasterKeys(settings.master_key.get_secret_value()))
        service = AppState(
            self._database,
            self._keyring,
            grace=settings.erasure_grace,
            public_url=settings.public_url,
            token_life=TokenLifetimes(settings.token_life_people, settings.token_life_services),
        )
        self._restore_guard = RestoreGuard(self._database, self._keyring)
        jwts = None
        if settings.jwks_url and settings.jwt_issuer and settings.jwt_audience:
            jwts = JwtVerifier(settings.jwks_url, settings.jwt_issuer, settings.jwt_audience)
        authenticator = Authenticator(service.internal, jwts)
        journal = RequestLog(lines=settings.log_requests)
        self._graphql = GraphQLOverHTTP(
            service, authenticator, journal, self._restore_guard, is_proxied=settings.tls_in_front
        )
        self._errands = Errands(self._graphql)
        work = [
            asyncio.create_task(self._restore_guard.poll()),
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

    def _dependencies(self) -> Dependencies:
        return Dependencies(self._database, self._keyring, self._restore_guard)

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


def create_app(settings: Settings) -> App:
    """Make the application; everything it connects to is opened when it starts."""
    return App(settings)
