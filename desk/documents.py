"""The documents of a request: the erasure certificate with its verification, and the export for the officer."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final

import jwt
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from desk.api_client import ApiOutage
from desk.formats import path_part
from desk.pages import desk_of
from desk.rights_requests import load
from desk.sessions import session_of

CERTIFICATE_TYPE: Final = "erasure-certificate+jws"
_DOWNLOADED: Final = ("content-length", "content-disposition")


def verified_claims(jws: str, keys: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the claims of a certificate that a published key has signed, None for any other."""
    try:
        header = jwt.get_unverified_header(jws)
        key = next((each for each in keys if each.get("kid") == header.get("kid")), None)
        if key is None or header.get("typ") != CERTIFICATE_TYPE:
            return None
        options: Any = {"verify_aud": False, "verify_iat": False}
        claims: dict[str, Any] = jwt.decode(jws, jwt.PyJWK(key), algorithms=["EdDSA"], options=options)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return claims


async def download_certificate(request: Request) -> Response:
    """Return the certificate as a file, as `privacy erasure verify` reads it."""
    rights = await load(desk_of(request), request)
    if not rights["certificate"]:
        raise HTTPException(404)
    name = f"certificate-{path_part(request.path_params['id'])[:12]}.jws"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(str(rights["certificate"]["jws"]), 200, headers, "application/jose")


async def verify_certificate(request: Request) -> Response:
    """Verify the signature with the published keys, and show what the certificate states."""
    desk = desk_of(request)
    rights = await load(desk, request)
    if not rights["certificate"]:
        raise HTTPException(404)
    claims = verified_claims(str(rights["certificate"]["jws"]), await desk.api.public_keys())
    belongs = claims is not None and claims.get("jti") == rights["id"] and claims.get("sub") == rights["subjectId"]
    return desk.page(request, "certificate.html", section="requests", rights=rights, claims=claims if belongs else None)


async def download_export(request: Request) -> Response:
    """Stream an export from the API to the officer; the API records it."""
    desk = desk_of(request)
    await desk.role(request)
    stack = AsyncExitStack()
    answer = await stack.enter_async_context(
        desk.api.download(session_of(request), f"/exports/req_{request.path_params['id']}")
    )
    if not answer.is_success or answer.headers.get("content-type") != "application/zip":
        await stack.aclose()
        if answer.is_server_error or answer.is_success:
            raise ApiOutage
        raise HTTPException(answer.status_code)

    async def content() -> AsyncIterator[bytes]:
        async with stack:
            async for chunk in answer.aiter_raw():
                yield chunk

    headers = {name: answer.headers[name] for name in _DOWNLOADED if name in answer.headers}
    return StreamingResponse(content(), 200, headers, "application/zip")


ROUTES: Final = [
    Route("/requests/req_{id}/certificate", download_certificate),
    Route("/requests/req_{id}/verification", verify_certificate),
    Route("/requests/req_{id}/export", download_export),
]
