"""The application of the desk: its pages behind the checks of host, session and form."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from desk import (
    access_grants,
    backups,
    details,
    documents,
    forced_disclosures,
    incident_report,
    incidents,
    opening,
    person,
    policy,
    queue,
    recipients,
    record,
    retention,
    rights_requests,
    search,
    sign_in,
    static_files,
    statistics,
    tokens,
)
from desk.api_client import ApiClient
from desk.failures import HANDLERS, InternalFailures
from desk.oidc import Provider
from desk.pages import Desk
from desk.security import SecureHeaders
from desk.sessions import SessionCodec, Sessions
from desk.settings import DeskSettings


async def health(_: Request) -> PlainTextResponse:
    """Answer that the process runs."""
    return PlainTextResponse("ok")


def create_app(settings: DeskSettings, transport: httpx2.AsyncBaseTransport | None = None) -> Starlette:
    """Return the application; ``transport`` stands for the network between it and the API."""
    secret = settings.secret.get_secret_value() if settings.secret else secrets.token_urlsafe(32)
    api, codec = ApiClient(settings.api_url, transport), SessionCodec(secret)
    provider = None if settings.demo_tokens else Provider(settings, secret)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await api.close()
        if provider:
            await provider.close()

    app = Starlette(
        routes=[
            static_files.ROUTE,
            Route("/healthz", health),
            *sign_in.ROUTES,
            *search.ROUTES,
            *person.ROUTES,
            *details.ROUTES,
            *opening.ROUTES,
            *queue.ROUTES,
            *documents.ROUTES,
            *rights_requests.ROUTES,
            *access_grants.ROUTES,
            *record.ROUTES,
            *incident_report.ROUTES,
            *incidents.ROUTES,
            *forced_disclosures.ROUTES,
            *recipients.ROUTES,
            *retention.ROUTES,
            *backups.ROUTES,
            *policy.ROUTES,
            *statistics.ROUTES,
            *tokens.ROUTES,
        ],
        middleware=[
            Middleware(SecureHeaders, settings),
            Middleware(Sessions, codec, is_secure=settings.is_secure),
            Middleware(InternalFailures),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.desk = Desk(settings, api, codec, provider)
    return app
