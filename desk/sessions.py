"""Sessions: an encrypted cookie with the agent's token, the role, the case, and messages for the next page."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import asdict, dataclass, field, fields
from typing import Final
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

IDLE_SECONDS: Final = 30 * 60
"""Seconds without a request after which an agent has to sign in again."""
LONGEST_SECONDS: Final = 10 * 60 * 60
"""Seconds after a sign-in at which it ends in any case."""
_LONGEST_COOKIE: Final = 3900
"""Characters; browsers drop cookies of more than 4,096."""
_ROOM_FOR_NOTICES: Final = 400
"""Characters of the cookie for the messages of later pages, and for a case."""


@dataclass
class Notice:
    """A message that the next page shows once: the key of a text, its kind and the code of a refusal."""

    text: str
    kind: str = "done"
    code: str = ""


def new_csrf() -> str:
    """Return a CSRF token."""
    return secrets.token_urlsafe(24)


@dataclass
class Session:
    """What the desk knows about a browser. Without a token the agent is not signed in."""

    csrf: str = field(default_factory=new_csrf)
    token: str = ""
    role: str = ""
    case: str = ""
    zone: str = "UTC"
    menu: int = 0
    """The links of the menu that the last page had, one bit each, for pages that cannot ask the API."""
    signed_in_at: float = 0.0
    agent: str = ""
    """A digest of the provider's id of the agent who signed in last, which outlives the sign-in."""
    notices: list[Notice] = field(default_factory=list)

    def sign_in(self, token: str, *, agent: str = "", role: str = "", zone: str = "") -> None:
        """Begin a sign-in. The CSRF token and the case stay, so that a form that waited for it can be sent.

        They do not stay for another agent, who would send the form, or read for the case, of the one before.
        """
        digest = hashlib.sha256(agent.encode()).hexdigest()[:16] if agent else ""
        if self.agent and self.agent != digest:
            self.csrf, self.case, self.notices, role = new_csrf(), "", [], ""
        self.token, self.signed_in_at, self.agent = token, time.time(), digest
        self.act_as(role)
        self.zone = zone or self.zone

    def act_as(self, role: str) -> None:
        """Act in another role, whose menu is not known yet."""
        self.role, self.menu = role, 0

    def sign_out(self) -> None:
        """Forget the token and the case."""
        self.token = self.case = ""
        self.act_as("")
        self.signed_in_at = 0.0
        self.notices = []

    def notify(self, text: str, kind: str = "done", code: str = "") -> None:
        """Show a message on the next page."""
        self.notices = [*self.notices[-3:], Notice(text, kind, code)]

    def take_notices(self) -> list[Notice]:
        """Return the messages, which no later page shows again."""
        notices, self.notices = self.notices, []
        return notices


class SessionCodec:
    """Encrypts sessions (Fernet: AES-128-CBC and HMAC-SHA-256), so that a stolen cookie reveals no token."""

    def __init__(self, secret: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))

    def fits(self, session: Session) -> bool:
        """Return whether browsers keep the cookie of a session, with messages to come."""
        return len(self.encode(session)) <= _LONGEST_COOKIE - _ROOM_FOR_NOTICES

    def encode(self, session: Session) -> str:
        """Return the value of the cookie."""
        return self._fernet.encrypt(json.dumps(asdict(session), separators=(",", ":")).encode()).decode()

    def decode(self, cookie: str | None) -> Session:
        """Return the session of a cookie: a new one for a forged cookie, one without a token after its time.

        Fields that another version of the desk wrote are left out.
        """
        try:
            content = self._fernet.decrypt((cookie or "").encode())
            values = json.loads(content)
            values["notices"] = [Notice(**each) for each in values["notices"]]
            session = Session(**{each.name: values[each.name] for each in fields(Session) if each.name in values})
        except (InvalidToken, ValueError, TypeError, KeyError):
            return Session()
        idle = time.time() - self._fernet.extract_timestamp((cookie or "").encode())
        if idle > IDLE_SECONDS or time.time() - session.signed_in_at > LONGEST_SECONDS:
            session.token = ""
        return session


def session_of(request: Request) -> Session:
    """Return the session of a request."""
    session: Session = request.scope["desk_session"]
    return session


def continue_at(path: str) -> Response:
    """Return a page that leads to a path of the desk, as a request that begins here.

    A path that begins with two slashes would name another host (RFC 3986, 4.2).
    """
    page = '<!DOCTYPE html><html lang="en"><title>Privacy desk</title>'
    return HTMLResponse(page, headers={"refresh": f"0;url=/{quote(path.lstrip('/'), safe='/?=&%+')}"})


def _is_link_from_elsewhere(request: Request) -> bool:
    """Return whether a page of another site led here.

    Browsers then send no strict cookie, and the cookie of a new session would replace the agent's own.
    """
    headers = request.headers
    is_navigation = request.method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    return is_navigation and headers.get("sec-fetch-site") == "cross-site"


def _is_public(headers: MutableHeaders) -> bool:
    """Return whether shared caches may keep an answer, which must then have no cookie of one browser."""
    return headers.get("cache-control", "").startswith("public")


class Sessions:
    """Middleware that reads the session of each request and writes it with each page."""

    def __init__(self, app: ASGIApp, codec: SessionCodec, *, is_secure: bool) -> None:
        self._app = app
        self._codec = codec
        self._name = "__Host-desk" if is_secure else "desk"
        self._attributes = "; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if is_secure else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        cookie = request.cookies.get(self._name)
        if cookie is None and _is_link_from_elsewhere(request):
            query = f"?{request.url.query}" if request.url.query else ""
            await continue_at(request.url.path + query)(scope, receive, send)
            return
        session = self._codec.decode(cookie)
        scope["desk_session"] = session

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not _is_public(MutableHeaders(scope=message)):
                value = self._codec.encode(session)
                if len(value) > _LONGEST_COOKIE:
                    raise ValueError("the token is too long for a cookie")
                MutableHeaders(scope=message).append("set-cookie", f"{self._name}={value}{self._attributes}")
            await send(message)

        await self._app(scope, receive, send_with_cookie)
