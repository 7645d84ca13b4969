"""Tokens of services and people: which work, since when, and who must act. Secrets are on no page."""

from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.formats import parse_time
from desk.pages import desk_of, form_of, go

PATH: Final = "/tokens"


async def list_tokens(request: Request) -> Response:
    """Show the tokens: those that wait for an approval first, then those that work, then those that ended."""
    desk = desk_of(request)
    await desk.role(request)
    tokens = (await desk.ask(request, "tokens"))["tokens"]
    groups: dict[str, list[object]] = {"waiting": [], "working": [], "ended": []}
    for token in tokens:
        expires_at = parse_time(token["expiresAt"])
        ended = token["revokedAt"] is not None or (expires_at is not None and expires_at <= datetime.now(UTC))
        groups["ended" if ended else "working" if token["isApproved"] else "waiting"].append(token)
    return desk.page(request, "tokens.html", section="tokens", groups=groups)


async def approve(request: Request) -> Response:
    """Approve a token with a role of people, which another person issued."""
    await form_of(request)
    refusals = {"FORBIDDEN": "tokens.own"}
    variables = {"id": request.path_params["id"]}
    await desk_of(request).act(request, "approve_token", variables, "tokens.approved", refusals)
    return go(PATH)


async def revoke(request: Request) -> Response:
    """Revoke a token."""
    await form_of(request)
    await desk_of(request).act(request, "revoke_token", {"id": request.path_params["id"]}, "tokens.revoked")
    return go(PATH)


ROUTES: Final = [
    Route(PATH, list_tokens),
    Route(f"{PATH}/{{id}}/approval", approve, methods=["POST"]),
    Route(f"{PATH}/{{id}}/revocation", revoke, methods=["POST"]),
]
