"""The unsubscribe page (RFC 8058): GET shows a button and changes nothing, POST opts out, and neither needs a login."""

import contextlib
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from api.graphql.errors import refusal_of
from api.http.client_address import client_address
from api.http.token_bucket import TokenBucketLimiter
from api.routes.company import Company
from api.routes.dependencies import Dependencies
from api.routes.unsubscribe_pages import UnsubscribePages
from models.access.write_groups import CONSENT
from models.actors import Actor, Role
from models.consent import unsubscribe_links
from models.consent.link_states import LinkState, read_link_state
from models.consent.unsubscribe_links import LinkToken
from models.errors import SubjectErased, SubjectNotFound
from models.storage.database import Database
from models.unit_of_work import unit_of_work

MAX_BODY_BYTES: Final = 4096
"""The bytes of a body that are searched for the field of a button."""
MAX_DROPPED_BYTES: Final = 256 * 1024
"""The bytes of a longer body that are read and dropped before the answer."""
INVALID_TOKEN_COST: Final = 10
"""The number of requests that the rate limit counts for a request with an invalid token."""
ACTOR: Final = Actor("one-click unsubscribe", Role.SERVICE, (Role.SERVICE,))
"""The actor in the consent ledger and the audit log for an opt-out through a link."""
_EVERYTHING = re.compile(r"(?:^|&)\s*everything=|\bname=\"?everything\b")


class Unsubscribe:
    """Answers /u/TOKEN: GET shows a button, POST opts out. Invalid tokens are limited by client address.

    The token is the authority: a POST with a valid one opts out, whatever its body and media type are. A valid
    token is never limited, because a mailbox provider sends many from one address.
    """

    def __init__(self, dependencies: Callable[[], Dependencies], company: Company, *, is_proxied: bool) -> None:
        self._dependencies = dependencies
        self._pages = UnsubscribePages(company)
        self._is_proxied = is_proxied
        self._rate_limiter = TokenBucketLimiter()
        paths = ("/u/{token}", "/u/{token}/")
        self.routes = [Route(path, self._answer, methods=["GET", "HEAD", "POST"]) for path in paths]

    async def _answer(self, request: Request) -> Response:
        try:
            dependencies = self._dependencies()
            dependencies.restore_guard.require_open()
            link = unsubscribe_links.verify_token(dependencies.keyring, request.path_params["token"])
            if link is None:
                return self._refuse(client_address(request.scope, is_proxied=self._is_proxied))
            state = await _read_state(dependencies.database, link)
            if state is None:
                return self._pages.invalid_link()
            if request.method != "POST":
                return self._pages.question(state)
            return await self._opt_out(request, dependencies, link, state)
        except Exception as error:  # noqa: BLE001 -- the person gets a page whatever the exception is
            refusal_of(error)
            return self._pages.unavailable()

    def _refuse(self, address: str) -> Response:
        """Answer an invalid token: 404, or 429 after too many from one address."""
        wait = self._rate_limiter.wait(address)
        if wait:
            return self._pages.too_many_requests(wait)
        self._rate_limiter.charge(address, INVALID_TOKEN_COST)
        return self._pages.invalid_link()

    async def _opt_out(
        self, request: Request, dependencies: Dependencies, link: LinkToken, state: LinkState
    ) -> Response:
        everything = await _names_everything(request)
        mutation = "optOutOfAll" if everything else "optOut"
        try:
            async with unit_of_work(
                dependencies.database, dependencies.keyring, ACTOR, mutation, writer=CONSENT.role
            ) as unit:
                await unsubscribe_links.unsubscribe(unit, link, everything=everything)
        except (SubjectErased, SubjectNotFound):
            return self._pages.gone()
        return self._pages.done_with_everything(state) if everything else self._pages.done(state)


async def _read_state(database: Database, link: LinkToken) -> LinkState | None:
    """Return the state of a link. The service itself reads it, because a page has no role of its own."""
    async with database.writers.acquire() as connection:
        return await read_link_state(connection, link)


async def _names_everything(request: Request) -> bool:
    """Return whether a body names the button for everything. Every other body means the purpose of the link.

    RFC 8058 permits both form encodings, and providers send empty, compressed and unfinished bodies, too. Neither
    the media type nor the encoding is read, and a body that ends early is read as far as it came.
    """
    body, length = b"", 0
    with contextlib.suppress(ClientDisconnect):
        async for chunk in request.stream():
            length += len(chunk)
            body = (body + chunk)[:MAX_BODY_BYTES]
            if length > MAX_DROPPED_BYTES:
                break
    return _EVERYTHING.search(unquote_plus(body.decode("utf-8", "replace"))) is not None
