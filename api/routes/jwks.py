"""The route that publishes the public keys for checking erasure certificates, as a JSON Web Key Set (RFC 7517)."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.routes.dependencies import Dependencies
from models.erasure import certificates
from models.storage.database import OUTAGE_ERRORS


def jwks(dependencies: Callable[[], Dependencies]) -> Route:
    """Return the route. It answers 503 while the keyring's database is out of reach."""

    async def answer(_request: Request) -> Response:
        try:
            async with dependencies().database.keyring.acquire() as connection:
                key_set = await certificates.published_keys(connection)
        except OUTAGE_ERRORS:
            return JSONResponse({"problem": "the keys cannot be read now: try again"}, 503)
        return JSONResponse(key_set, media_type="application/jwk-set+json")

    return Route("/.well-known/jwks.json", answer)
