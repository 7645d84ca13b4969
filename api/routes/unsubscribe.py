"""The page that a link in a letter leads to (RFC 8058): looking changes nothing, one click opts out, no login."""

import base64
import hashlib
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.access.restore_guard import RestoreGuard
from api.graphql.errors import refusal_of
from api.http.client_address import client_address
from api.http.token_bucket import TokenBucketLimiter
from models.actors import Actor, Role
from models.consent import purposes, unsubscribe_links
from models.consent.unsubscribe_links import LinkToken
from models.encryption.keyring import Keyring
from models.errors import SubjectErased, SubjectNotFound
from models.storage.database import Database
from models.unit_of_work import unit_of_work

BODY: Final = 4096
"""Octets of a form at most."""
WRONG: Final = 10
"""How many requests one with a wrong token counts for."""
PERSON: Final = Actor("one-click unsubscribe", Role.SERVICE, (Role.SERVICE,))
"""Whom the ledger names: the person themselves, by a link that only they were sent."""
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


class Parts(NamedTuple):
    """What the page needs of a running process."""

    database: Database
    keyring: Keyring
    gate: RestoreGuard


class Unsubscribe:
    """GET /u/TOKEN shows a button; POST /u/TOKEN opts out."""

    def __init__(self, parts: Callable[[], Parts], *, is_proxied: bool) -> None:
        self._parts = parts
        self._is_proxied = is_proxied
        self._rates = TokenBucketLimiter()
        self.route = Route("/u/{token}", self._answer, methods=["GET", "HEAD", "POST"])

    async def _answer(self, request: Request) -> Response:
        caller = client_address(request.scope, is_proxied=self._is_proxied)
        wait = self._rates.wait(caller)
        if wait:
            return _page(
                429,
                "Too many requests",
                "Please wait a little and try again.",
                headers={"retry-after": str(wait)},
            )
        try:
            parts = self._parts()
            parts.gate.demand()
            named = unsubscribe_links.parse_token(parts.keyring, request.path_params["token"])
            title = await _title(parts.database, named) if named else None
            if named is None or title is None:
                self._rates.charge(caller, WRONG)
                return _page(
                    404,
                    "This link does not work",
                    "It may have been cut short on its way. Please open it from the letter once more.",
                )
            if request.method != "POST":
                return _page(
                    200, "Unsubscribe", f"You will get no more of this: {title}.", purpose=title, everything=True
                )
            return await self._left(request, parts, named, title)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the person gets a page
            refusal_of(error)
            return _page(
                503,
                "We cannot do this right now",
                "Nothing was changed. Please try again in a few minutes.",
                headers={"retry-after": "60"},
            )

    async def _left(self, request: Request, parts: Parts, named: LinkToken, title: str) -> Response:
        form = await _form(request)
        everything = "everything" in form
        if not everything and form.get("List-Unsubscribe") != "One-Click":
            return _page(400, "Unsubscribe", "Please press the button to unsubscribe.", purpose=title, everything=True)
        try:
            async with unit_of_work(
                parts.database, parts.keyring, PERSON, "optOutOfAll" if everything else "optOut"
            ) as made:
                await unsubscribe_links.unsubscribe(made, named, everything=everything)
        except (SubjectErased, SubjectNotFound):
            pass  # Who is erased gets nothing more, either; the page tells nobody which it is.
        if everything:
            return _page(200, "You are unsubscribed", "You are opted out of everything that you can opt out of.")
        return _page(200, "You are unsubscribed", f"You will get no more of this: {title}.", everything=True)


async def _title(database: Database, named: LinkToken) -> str | None:
    """Give the title of the token's purpose; None when there is no such purpose any more, or it cannot be refused."""
    async with database.writers.acquire() as connection:
        found = (await purposes.find_purposes(connection, [named.purpose])).get(named.purpose)
    return found.title if found and found.legal_basis in purposes.REFUSABLE_BASES else None


async def _form(request: Request) -> dict[str, str]:
    """Read a small form, urlencoded or multipart, as RFC 8058 lets senders choose; empty when it is none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY:
            return {}
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        parts = message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
        found = {}
        for part in parts.walk():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(content, bytes):
                found[name] = content.decode("utf-8", "replace").strip()
        return found
    return {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _page(
    status: int,
    title: str,
    *sentences: str,
    purpose: str | None = None,
    everything: bool = False,
    headers: dict[str, str] | None = None,
) -> Response:
    made = _PAGES.get_template("unsubscribe.html").render(
        title=title,
        sentences=sentences,
        purpose=purpose,
        offers_everything=everything,
        style=Markup(STYLE),  # noqa: S704 -- our own, and named by its hash in POLICY
    )
    return HTMLResponse(made, status, {"content-security-policy": POLICY, **(headers or {})})
