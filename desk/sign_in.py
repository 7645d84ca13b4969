"""Signing in: with the company's OpenID Connect provider, or with a role of the demonstration."""

import json
import re
from dataclasses import replace
from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.api_client import ApiOutage, ApiRefusal, SignedOut
from desk.oidc import STATE_SECONDS, CompletedSignIn, SignInFailed
from desk.pages import CASE, ROLES, desk_of, form_of, go, local_path
from desk.sessions import session_of
from desk.settings import DeskSettings

_ZONE: Final = re.compile(r"[A-Za-z0-9_+/-]{1,64}")
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
    session.sign_in(token, role=form.text("role"), zone=_zone(form.text("zone")))
    return go(local_path(form.text("back")))


async def begin_oidc(request: Request) -> Response:
    """Send the browser to the provider. Each attempt has a cookie of its own, so that two tabs may sign in at once."""
    desk, session = desk_of(request), session_of(request)
    if desk.provider is None:
        return go("/sign-in")
    session.zone = _zone(request.query_params.get("zone", "")) or "UTC"
    back = local_path(request.query_params.get("back", "/"))
    if len(back) > _LONGEST_PATH:
        back = back.partition("?")[0][:_LONGEST_PATH]
    try:
        address, state, cookie = await desk.provider.begin(back=back)
    except SignInFailed as failure:
        session.notify(failure.text, "refused")
        return go("/sign-in")
    response = go(address)
    response.set_cookie(
        _state_cookie(request, state),
        cookie,
        max_age=STATE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=desk.settings.is_secure,
    )
    return response


async def end_oidc(request: Request) -> Response:
    """Take the tokens from the provider."""
    desk, session = desk_of(request), session_of(request)
    name = _state_cookie(request, request.query_params.get("state", ""))
    if desk.provider is None or (session.token and name not in request.cookies):
        return go("/")  # the way back in the history of a browser that is signed in
    try:
        signed_in = await desk.provider.end(str(request.url), request.cookies.get(name, ""))
        await _accept(request, signed_in)
    except SignInFailed as failure:
        session.notify(failure.text, "refused")
        response = go("/" if session.token else "/sign-in")
    else:
        response = go(local_path(signed_in.back))
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=desk.settings.is_secure)
    return response


def _zone(name: str) -> str:
    """Return the name of a time zone; the empty string for a text that is none, for which the cookie has no room."""
    return name if _ZONE.fullmatch(name) else ""


def _state_cookie(request: Request, state: str) -> str:
    """Return the name of the cookie of an attempt."""
    return desk_of(request).cookie(f"desk-state-{sha256(state.encode()).hexdigest()[:12]}")


async def _accept(request: Request, signed_in: CompletedSignIn) -> None:
    """Sign in with a token that the API accepts; raise SIGN_IN_FAILED for another one, and keep the session as it was.

    The acting role stays if the token still has it: a form that waits is sent in the same role.
    """
    desk, session = desk_of(request), session_of(request)
    later = replace(session)
    later.sign_in(signed_in.token, agent=signed_in.agent, role=session.role)
    if not desk.codec.fits(later):
        raise SignInFailed("the token is too long for a cookie", "sign_in.too_long")
    try:
        await desk.api.run(later, "viewer")
    except SignedOut:
        raise SignInFailed("the API does not accept the token", "sign_in.unknown") from None
    except ApiRefusal:
        later.role = ""
    except ApiOutage:
        pass  # the next page says so
    session.sign_in(signed_in.token, agent=signed_in.agent, role=later.role)


async def leave(request: Request) -> Response:
    """Send the browser to the provider, to sign out there, too."""
    desk, session = desk_of(request), session_of(request)
    if desk.provider is None:
        return go("/sign-in")
    try:
        return go(await desk.provider.leave())
    except SignInFailed:
        session.notify("sign_in.cannot_leave", "refused")
        return go("/sign-in")


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
    session.act_as(form.text("role")[:20])
    return go("/")


ROUTES: Final = [
    Route("/sign-in", show_sign_in),
    Route("/sign-in", sign_in_as_role, methods=["POST"]),
    Route("/sign-in/start", begin_oidc),
    Route("/sign-in/callback", end_oidc),
    Route("/sign-in/leave", leave),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/case", set_case, methods=["POST"]),
    Route("/role", set_role, methods=["POST"]),
]
