"""Signing in: with the company's OpenID Connect provider, or with a role of the demonstration."""

import json
import re
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from desk.oidc import STATE_SECONDS, SignInFailed
from desk.pages import ROLES, desk_of, form_of, go, local_path
from desk.sessions import session_of
from desk.settings import DeskSettings

CASE: Final = re.compile(r"[A-Za-z0-9#:_/-]{3,64}")
_LONGEST_ZONE: Final = 64
_LONGEST_PATH: Final = 200


def demo_tokens(settings: DeskSettings) -> dict[str, str]:
    """Return the demonstration tokens by role; none when the file is missing."""
    if settings.demo_tokens is None:
        return {}
    try:
        tokens = json.loads(settings.demo_tokens.read_text())
    except (OSError, ValueError):
        return {}
    return {role: tokens[role] for role in ROLES if role in tokens}


async def show_sign_in(request: Request) -> Response:
    """Show how to sign in."""
    desk = desk_of(request)
    roles = list(demo_tokens(desk.settings))
    is_demo = desk.settings.demo_tokens is not None
    back = local_path(request.query_params.get("back", "/"))
    return desk.page(request, "sign_in.html", roles=roles, is_demo=is_demo, back=back)


async def sign_in_as_role(request: Request) -> Response:
    """Sign in with a demonstration token."""
    desk, session, form = desk_of(request), session_of(request), await form_of(request)
    token = demo_tokens(desk.settings).get(form.text("role"))
    if token is None:
        return go("/sign-in")
    session.sign_in(token, role=form.text("role"), zone=form.text("zone")[:_LONGEST_ZONE])
    return go(local_path(form.text("back")))


async def begin_oidc(request: Request) -> Response:
    """Send the browser to the provider."""
    desk, session = desk_of(request), session_of(request)
    if desk.provider is None:
        return go("/sign-in")
    try:
        address, state = await desk.provider.begin(
            zone=request.query_params.get("zone", "UTC")[:_LONGEST_ZONE],
            back=local_path(request.query_params.get("back", "/"))[:_LONGEST_PATH],
            csrf=session.csrf,
        )
    except (SignInFailed, KeyError):
        session.notify("sign_in.failed", "refused")
        return go("/sign-in")
    response = go(address)
    response.set_cookie(
        desk.cookie("desk-state"),
        state,
        max_age=STATE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=desk.settings.is_secure,
    )
    return response


async def end_oidc(request: Request) -> Response:
    """Take the tokens from the provider.

    The browser sends no strict cookie after a redirect from another site. So the state's cookie brings what the
    session had, and a page leads on.
    """
    desk, session = desk_of(request), session_of(request)
    if desk.provider is None:
        return go("/sign-in")
    name = desk.cookie("desk-state")
    try:
        token, attempt = await desk.provider.end(str(request.url), request.cookies.get(name, ""))
    except SignInFailed:
        session.notify("sign_in.failed", "refused")
        response = continue_at("/sign-in")
    else:
        session.csrf = attempt.csrf
        session.sign_in(token, zone=attempt.zone)
        response = continue_at(local_path(attempt.back))
    response.delete_cookie(name, httponly=True, samesite="lax", secure=desk.settings.is_secure)
    return response


def continue_at(path: str) -> Response:
    """Return a page that leads to a path of the desk, as a request that begins here."""
    page = '<!DOCTYPE html><html lang="en"><title>Privacy desk</title>'
    return HTMLResponse(page, headers={"refresh": f"0;url={quote(path, safe='/?=&%')}"})


async def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    await form_of(request)
    session_of(request).sign_out()
    session_of(request).notify("sign_in.signed_out")
    return go("/sign-in")


async def set_case(request: Request) -> Response:
    """Set the case that all that follows is done for."""
    form, session = await form_of(request), session_of(request)
    if CASE.fullmatch(form.text("case")):
        session.case = form.text("case")
    else:
        session.notify("case.malformed", "refused")
    return go(local_path(form.text("back")))


async def set_role(request: Request) -> Response:
    """Act in another role of the token."""
    form, session = await form_of(request), session_of(request)
    session.role = form.text("role")[:20]
    return go("/")


ROUTES: Final = [
    Route("/sign-in", show_sign_in),
    Route("/sign-in", sign_in_as_role, methods=["POST"]),
    Route("/sign-in/start", begin_oidc),
    Route("/sign-in/callback", end_oidc),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/case", set_case, methods=["POST"]),
    Route("/role", set_role, methods=["POST"]),
]
