"""The unsubscribe page (RFC 8058): GET shows a button and changes nothing, POST opts out, and neither needs a login."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.graphql.errors import refusal_of
from api.http.client_address import client_address
from api.http.token_bucket import TokenBucketLimiter
from api.routes.dependencies import Dependencies
from models.actors import Actor, Role
from models.consent import purposes, unsubscribe_links
from models.consent.unsubscribe_links import LinkToken
from models.errors import SubjectErased, SubjectNotFound
from models.storage.database import Database
from models.unit_of_work import unit_of_work

MAX_BODY_BYTES: Final = 4096
INVALID_TOKEN_COST: Final = 10
"""The number of requests that the rate limit counts for a request with an invalid token."""
ACTOR: Final = Actor("one-click unsubscribe", Role.SERVICE, (Role.SERVICE,))
"""The actor in the consent ledger and the audit log for an opt-out through a link."""
# A field of a form, urlencoded or multipart. Providers send headers of their own, other cases and other line ends.
_ONE_CLICK = re.compile(
    r"\blist-unsubscribe(?:[\"'\s]*[=:][\"'\s]*|\"?[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n\s*)one-click\b", re.IGNORECASE
)
_EVERYTHING = re.compile(r"(?:^|&)\s*everything=|\bname=\"?everything\b")
STYLE: Final = """
body{font:1.125rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:36rem;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.2}
form{margin:1rem 0}
button{font:inherit;padding:.75rem 1rem;width:100%;border:2px solid;border-radius:.5rem;cursor:pointer}
button:focus-visible{outline:3px solid;outline-offset:3px}
.quiet{background:none;color:inherit}
header,footer{font-size:1rem}
"""
POLICY: Final = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
)


class Click(NamedTuple):
    """The buttons that a body names."""

    one_click: bool
    everything: bool


class Unsubscribe:
    """Answers /u/TOKEN: GET shows a button, POST opts out. Invalid tokens are limited by client address.

    The token is the authority. A valid token is never limited, because a mailbox provider sends many from one address.
    """

    def __init__(self, dependencies: Callable[[], Dependencies], *, is_proxied: bool) -> None:
        self._dependencies = dependencies
        self._is_proxied = is_proxied
        self._rate_limiter = TokenBucketLimiter()
        paths = ("/u/{token}", "/u/{token}/")
        self.routes = [Route(path, self._answer, methods=["GET", "HEAD", "POST"]) for path in paths]

    async def _answer(self, request: Request) -> Response:
        try:
            dependencies = self._dependencies()
            dependencies.restore_guard.require_open()
            link = unsubscribe_links.parse_token(dependencies.keyring, request.path_params["token"])
            if link is None:
                return self._refuse(client_address(request.scope, is_proxied=self._is_proxied))
            title = await _purpose_title(dependencies.database, link)
            if title is None:
                return _invalid_link()
            if request.method != "POST":
                return _page(
                    200, "Unsubscribe", f"Press the button to stop this: {title}.", purpose=title, everything=True
                )
            return await self._opt_out(request, dependencies, link, title)
        except Exception as error:  # noqa: BLE001 -- the person gets a page whatever the exception is
            refusal_of(error)
            return _page(
                503,
                "We cannot do this right now",
                "Nothing was changed. Please try again in a few minutes.",
                headers={"retry-after": "60"},
            )

    def _refuse(self, address: str) -> Response:
        """Answer an invalid token: 404, or 429 after too many from one address."""
        wait = self._rate_limiter.wait(address)
        if wait:
            return _page(
                429,
                "Too many requests",
                "Please wait a little and try again.",
                headers={"retry-after": str(wait)},
            )
        self._rate_limiter.charge(address, INVALID_TOKEN_COST)
        return _invalid_link()

    async def _opt_out(self, request: Request, dependencies: Dependencies, link: LinkToken, title: str) -> Response:
        one_click, everything = await _read_click(request)
        if not everything and not one_click:
            return _page(400, "Unsubscribe", "Please press the button to unsubscribe.", purpose=title, everything=True)
        mutation = "optOutOfAll" if everything else "optOut"
        try:
            async with unit_of_work(dependencies.database, dependencies.keyring, ACTOR, mutation) as unit:
                await unsubscribe_links.unsubscribe(unit, link, everything=everything)
        except (SubjectErased, SubjectNotFound):
            pass  # An erased person gets no more mail either. The page must not reveal which of the two it is.
        if everything:
            return _page(200, "You are unsubscribed", "You are opted out of everything that you can opt out of.")
        return _page(200, "You are unsubscribed", f"You will get no more of this: {title}.", everything=True)


async def _purpose_title(database: Database, link: LinkToken) -> str | None:
    """Return the title of the token's purpose; None when the purpose is gone or cannot be refused."""
    async with database.writers.acquire() as connection:
        purpose = (await purposes.find_purposes(connection, [link.purpose])).get(link.purpose)
    return purpose.title if purpose and purpose.legal_basis in purposes.REFUSABLE_BASES else None


async def _read_click(request: Request) -> Click:
    """Return the buttons that a body names; none when it is longer than ``MAX_BODY_BYTES``.

    RFC 8058 permits both form encodings. The media type is not read, because providers send it with other cases,
    with a charset, without a boundary, or not at all.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return Click(one_click=False, everything=False)
    form = unquote_plus(body.decode("utf-8", "replace"))
    return Click(_ONE_CLICK.search(form) is not None, _EVERYTHING.search(form) is not None)


def _invalid_link() -> Response:
    return _page(
        404,
        "This link does not work",
        "It may have been cut short on its way. Please open it from the letter once more.",
    )


def _page(
    status: int,
    title: str,
    *sentences: str,
    purpose: str | None = None,
    everything: bool = False,
    headers: dict[str, str] | None = None,
) -> Response:
    html = _PAGES.get_template("unsubscribe.html").render(
        title=title,
        sentences=sentences,
        purpose=purpose,
        offers_everything=everything,
        style=Markup(STYLE),  # noqa: S704 -- a constant, and named by its hash in POLICY
    )
    return HTMLResponse(html, status, {"content-security-policy": POLICY, **(headers or {})})
