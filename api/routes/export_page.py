"""The page on which a person fetches an export: a button mails a code, and the code starts the download."""

import base64
import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.graphql.errors import refusal_of
from api.http.client_address import client_address
from api.http.token_bucket import TokenBucketLimiter
from api.routes.company import Company
from api.routes.dependencies import Dependencies
from api.routes.exports import archive_response
from api.routes.unsubscribe_pages import STYLE as BASE_STYLE
from models.access.write_groups import REQUESTS
from models.errors import SubjectErased, TooManyAttempts
from models.exports import downloads, links
from models.exports.downloads import LINK_ACTOR, LinkCode
from models.requests.export_tables import MAX_LINK_CODES
from models.unit_of_work import UnitOfWork, unit_of_work

MAX_BODY_BYTES: Final = 4096
MAX_FIELDS: Final = 10
REFUSAL_COST: Final = 10
"""The number of requests that the rate limit counts for an invalid link or a wrong code."""
STYLE: Final = (
    BASE_STYLE
    + "input{font:inherit;padding:.75rem;width:100%;box-sizing:border-box;border:2px solid;border-radius:.5rem}\n"
    + "input:focus-visible{outline:3px solid;outline-offset:3px}\n"
)
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


_SENTENCES: Final = {
    LinkCode.SENT: "We have mailed you a code of eight characters. It is good for 15 minutes, and for one download.",
    LinkCode.STILL_VALID: "The last code that we mailed you is still good. We mail another one when its time is over.",
}


class ExportPage:
    """Answers /e/TOKEN. Invalid links and wrong codes are limited by client address, and codes by the database, too."""

    def __init__(self, dependencies: Callable[[], Dependencies], company: Company, *, is_proxied: bool) -> None:
        self._dependencies = dependencies
        self._company = company
        self._is_proxied = is_proxied
        self._rate_limiter = TokenBucketLimiter()
        self.routes = [
            Route(path, self._answer, methods=["GET", "HEAD", "POST"]) for path in ("/e/{token}", "/e/{token}/")
        ]

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._handle(request)
        except Exception as error:  # noqa: BLE001 -- the person gets a page whatever the exception is
            refusal_of(error)
            return self._page(
                503,
                "We cannot do this right now",
                "Please try again in a few minutes.",
                headers={"retry-after": "60"},
            )

    async def _handle(self, request: Request) -> Response:
        dependencies = self._dependencies()
        dependencies.restore_guard.require_open()
        address = client_address(request.scope, is_proxied=self._is_proxied)
        wait = self._rate_limiter.wait(address)
        if wait:
            return self._page(
                429, "Too many requests", "Please wait a little and try again.", headers={"retry-after": str(wait)}
            )
        # An invalid token becomes the id of no request, and takes the same way.
        request_id = links.verify_token(dependencies.keyring, request.path_params["token"])
        async with dependencies.database.writers.acquire() as connection:
            export = await downloads.find_ready(connection, request_id)
        if export is None or not export.is_fetchable_by_link:
            return self._refuse(address)
        if request.method != "POST":
            return self._page(
                200,
                "Fetch your data",
                "Press the button, and we mail you a code. It starts the download.",
                offers_code=True,
            )
        form = await _read_form(request)
        if form is None:
            return self._page(413, "That is too long", "Please type the code only.", asks_code=True, offers_code=True)
        if "code" in form:
            return await self._redeem(dependencies, request_id, form["code"][0], address)
        return await self._send_code(dependencies, request_id, address)

    def _refuse(self, address: str) -> Response:
        """Answer an invalid, expired or used link: one page for all of them."""
        self._rate_limiter.charge(address, REFUSAL_COST)
        return self._page(
            404,
            "This link does not work",
            "It may have been cut short on its way, or its time is over.",
            "Please open it from the letter once more. If that does not help, write to us.",
        )

    async def _send_code(self, dependencies: Dependencies, request_id: UUID, address: str) -> Response:
        try:
            async with _unit(dependencies, "sendLinkCode") as unit:
                result = await downloads.send_link_code(unit, request_id)
        except SubjectErased:
            result = LinkCode.NO_EXPORT
        if result is LinkCode.NO_EXPORT:
            return self._refuse(address)
        if result is LinkCode.USED_UP:
            return self._page(
                403,
                "No code is left",
                f"We have mailed {MAX_LINK_CODES} codes for this link, and we mail no more of them.",
                "Please write to us, and we will find another way.",
            )
        return self._page(200, "Look into your mail", _SENTENCES[result], asks_code=True, offers_code=True)

    async def _redeem(self, dependencies: Dependencies, request_id: UUID, code: str, address: str) -> Response:
        async with _unit(dependencies, "redeemLinkCode") as unit:
            result = await downloads.redeem_link_code(unit, request_id, code)
        if result.export is None:
            self._rate_limiter.charge(address, REFUSAL_COST)
            is_used_up = isinstance(result.refusal, TooManyAttempts)
            if is_used_up:
                sentence = "This code does not work any more. Please ask for another one."
            else:
                sentence = "The code is not right, or its time is over. Please try again, or ask for another one."
            return self._page(403, "That did not work", sentence, asks_code=not is_used_up, offers_code=True)
        content = await downloads.open_archive(dependencies.database, dependencies.keyring, result.export)
        return archive_response(result.export, content)

    def _page(
        self,
        status: int,
        title: str,
        *sentences: str,
        asks_code: bool = False,
        offers_code: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Response:
        html = _PAGES.get_template("export.html").render(
            company=self._company,
            title=title,
            sentences=sentences,
            asks_code=asks_code,
            offers_code=offers_code,
            style=Markup(STYLE),  # noqa: S704 -- a constant, and named by its hash in POLICY
        )
        return HTMLResponse(html, status, {"content-security-policy": POLICY, **(headers or {})})


def _unit(dependencies: Dependencies, mutation: str) -> AbstractAsyncContextManager[UnitOfWork]:
    """Return a unit of work of the person who has the link."""
    return unit_of_work(dependencies.database, dependencies.keyring, LINK_ACTOR, mutation, writer=REQUESTS.role)


async def _read_form(request: Request) -> dict[str, list[str]] | None:
    """Return the fields of a form; None when it is longer than ``MAX_BODY_BYTES`` or has too many fields."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return None
