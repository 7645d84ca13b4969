"""Headers of every page, and the checks of host, origin and CSRF token that each form passes."""

import hmac
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.sessions import session_of
from desk.settings import DeskSettings

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
MAX_BODY_BYTES: Final = 128 * 1024
MAX_FIELDS: Final = 300


class ForgedForm(Exception):  # noqa: N818 -- a refusal, not a failure
    """The form does not come from a page of this desk and this browser."""


class FormTooLarge(Exception):  # noqa: N818 -- a refusal, not a failure
    """The form has more than `MAX_BODY_BYTES` bytes or `MAX_FIELDS` fields."""


class Form(dict[str, str]):
    """The fields of a form, without surrounding space; the last one of a name counts."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__((name, value.strip()) for name, value in pairs)
        self.pairs = pairs

    def text(self, name: str) -> str:
        """Return a field, the empty string when it is missing."""
        return self.get(name, "")

    def values_of(self, name: str) -> list[str]:
        """Return all values of a name, such as those of checkboxes."""
        return [value for key, value in self.pairs if key == name and value]


class SecureHeaders:
    """Middleware that refuses unknown hosts, adds the headers, and forbids to store any page."""

    def __init__(self, app: ASGIApp, settings: DeskSettings) -> None:
        self._app = app
        self._hosts = settings.hosts
        self._headers = HEADERS | (
            {"strict-transport-security": "max-age=31536000; includeSubDomains"} if settings.is_secure else {}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        if Request(scope).headers.get("host", "") not in self._hosts:
            await PlainTextResponse("This is not the address of the desk.", 421)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)


async def read_form(request: Request) -> Form:
    """Return the fields of a form of this desk.

    Raises FORGED_FORM unless origin and token are those of the desk and the session.
    """
    origin = urlsplit(request.headers.get("origin", ""))
    if origin.netloc != request.headers.get("host") or origin.scheme not in {"http", "https"}:
        raise ForgedForm
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise FormTooLarge
    try:
        pairs = parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise FormTooLarge from None
    form = Form([(name, value) for name, value in pairs if name != "csrf"])
    token = next((value for name, value in pairs if name == "csrf"), "")
    if not hmac.compare_digest(token.encode(), session_of(request).csrf.encode()):
        raise ForgedForm
    return form
