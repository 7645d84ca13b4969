"""What anybody may fetch to check what this service signed: its public keys (RFC 7517)."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from models.erasure import certificates
from models.storage.database import OUTAGE_ERRORS, Database


def jwks(database: Callable[[], Database]) -> Route:
    """Give the route of the keys that sign certificates."""

    async def answer(_request: Request) -> Response:
        try:
            async with database().keyring.acquire() as connection:
                found = await certificates.published_keys(connection)
        except OUTAGE_ERRORS:
            return JSONResponse({"problem": "the keys cannot be read now: try again"}, 503)
        return JSONResponse(found, media_type="application/jwk-set+json")

    return Route("/.well-known/jwks.json", answer)
