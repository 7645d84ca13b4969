"""The search for a person by an address, an id, or an account; it leads to the person's page and keeps nothing."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.pages import NAVIGATION, desk_of, form_of, go
from desk.sessions import session_of

_ID: Final = re.compile(r"sub_[0-9a-f]{32}")
_ACCOUNT: Final = re.compile(r"([a-z][a-z0-9-]*):(\S.*)", re.DOTALL)


def identifier_of(text: str) -> dict[str, Any] | None:
    """Return the ``SubjectBy`` of what was typed, None when it is no identifier."""
    if _ID.fullmatch(text):
        return {"id": text}
    if match := _ACCOUNT.fullmatch(text):
        return {"account": {"system": match[1], "reference": match[2]}}
    return {"email": text} if "@" in text else None


async def show_search(request: Request) -> Response:
    """Show the search. Roles without it are led to their first page."""
    desk = desk_of(request)
    await desk.role(request)
    permissions = (await desk.ask(request, "viewer"))["viewer"]["permissions"]
    first = next((path for path, _, field in NAVIGATION if field in permissions), "/")
    return desk.page(request, "search.html", section="search", query="") if first == "/" else go(first)


async def search(request: Request) -> Response:
    """Find a person, and lead to the page; what was typed is shown again when there is none."""
    desk, form = desk_of(request), await form_of(request)
    query = form.text("query")
    by = identifier_of(query)
    if session_of(request).case and by:
        subject = (await desk.ask(request, "search", {"by": by}))["subject"]
        if subject:
            return go(f"/people/{subject['id']}")
        session_of(request).notify("search.nobody", "refused")
    elif by is None:
        session_of(request).notify("search.malformed", "refused")
    await desk.ask(request, "viewer")
    return desk.page(request, "search.html", section="search", query=query)


ROUTES: Final = [Route("/", show_search), Route("/search", search, methods=["POST"])]
