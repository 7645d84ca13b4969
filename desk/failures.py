"""What a page says when something fails; a form that could not be sent is kept, to be sent again."""

import logging
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.api_client import ApiOutage, ApiRefusal, SignedOut
from desk.pages import address_of, desk_of, go, is_about_the_session
from desk.security import ForgedForm, Form, FormTooLarge
from desk.sessions import session_of

_LOGGER: Final = logging.getLogger("desk")
Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def failure_page(request: Request, key: str, status: int, **values: Any) -> Response:
    """Return the page of a failure. It repeats a form that came from this desk, so that nothing is lost."""
    form: Form | None = request.scope.get("desk_form")
    return desk_of(request).page(
        request,
        "failure.html",
        status=status,
        key=key,
        pairs=form.pairs if form is not None else [],
        is_form=form is not None,
        back_path=address_of(request) if request.method == "GET" else "/",
        **values,
    )


async def _load_viewer(request: Request) -> None:
    """Ask who the agent is, for the menu of the page. Without an answer the page has the menu of the last one.

    An agent whose acting role was withdrawn goes on in the first role that is left.
    """
    session = session_of(request)
    if not session.token or "desk_viewer" in request.scope:
        return
    with suppress(ApiOutage, ApiRefusal, SignedOut):
        try:
            await desk_of(request).ask(request, "viewer")
        except ApiRefusal:
            session.act_as("")
            await desk_of(request).role(request)


async def on_outage(request: Request, _: ApiOutage) -> Response:
    """Return the page that says that the API does not answer. The form can be sent again: mutations are idempotent."""
    response = failure_page(request, "outage", 503)
    response.headers["retry-after"] = "5"
    return response


async def on_signed_out(request: Request, _: SignedOut) -> Response:
    """Lead to the sign-in, and back."""
    session = session_of(request)
    is_expired = bool(session.signed_in_at)
    session.token = ""
    if request.method == "GET" and not is_expired:
        return go(f"/sign-in?back={quote(address_of(request))}")
    return failure_page(request, "expired" if is_expired else "signed_out", 401)


async def on_refusal(request: Request, refusal: ApiRefusal) -> Response:
    """Return the page that says why the API refused the operation of a page."""
    await _load_viewer(request)
    if refusal.code == "CASE_REQUIRED":
        return failure_page(request, "case", 400)
    if is_about_the_session(refusal):
        return failure_page(request, "role", 403)
    text = desk_of(request).refusal_text(refusal)
    return failure_page(request, "refused", 400, reason=text, code=refusal.code)


async def on_forged_form(request: Request, _: ForgedForm) -> Response:
    """Return the page that says that a form came from somewhere else."""
    await _load_viewer(request)
    return failure_page(request, "forged", 403)


async def on_large_form(request: Request, _: FormTooLarge) -> Response:
    """Return the page that says that a form is too large."""
    await _load_viewer(request)
    return failure_page(request, "large", 413)


async def on_http_error(request: Request, error: HTTPException) -> Response:
    """Return the page that says that there is no such page."""
    await _load_viewer(request)
    return failure_page(request, "missing", error.status_code)


HANDLERS: Final[dict[Any, Handler]] = {
    ApiOutage: on_outage,
    SignedOut: on_signed_out,
    ApiRefusal: on_refusal,
    ForgedForm: on_forged_form,
    FormTooLarge: on_large_form,
    HTTPException: on_http_error,
}


class InternalFailures:
    """Middleware that answers an unforeseen exception with a page. The log gets its class and place, never a value."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(frame.filename).name}:{frame.lineno}"
            _LOGGER.error("a page failed: %s at %s", type(error).__name__, place)  # noqa: TRY400 -- no traceback
            if is_started or scope["type"] != "http":
                raise
            await failure_page(Request(scope), "internal", 500)(scope, receive, send)
