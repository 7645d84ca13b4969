"""What anybody may fetch to check what this service signed: its public keys (RFC 7517)."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from models import certificates
from models.database import OUTAGES, Connection
from resolvers.loaders import Reader


async def _published(connection: Connection, _keys: list[None]) -> dict[None, dict[str, Any]]:
    return {None: await certificates.published(connection)}


def jwks(reader: Callable[[], Reader]) -> Route:
    """Give the route of the keys that sign certificates; ``reader`` gives the one of the keyring's database."""

    async def answer(_request: Request) -> Response:
        try:
            found = (await reader().load(_published, [None]))[0]
        except OUTAGES:
            return JSONResponse({"problem": "the keys cannot be read now: try again"}, 503)
        return JSONResponse(found, media_type="application/jwk-set+json")

    return Route("/.well-known/jwks.json", answer)
