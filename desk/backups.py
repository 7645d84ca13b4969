"""Backups of Customer Data: which are kept, until when, and which are overdue. Only their systems record them."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.pages import desk_of


async def list_backups(request: Request) -> Response:
    """Show the backups, the latest first, or those that are overdue."""
    desk = desk_of(request)
    is_overdue = request.query_params.get("overdue") == "true"
    variables = {"overdue": True if is_overdue else None, "after": request.query_params.get("after")}
    backups = (await desk.ask(request, "backups", variables))["backups"]
    return desk.page(request, "backups.html", section="backups", backups=backups, is_overdue=is_overdue)


ROUTES: Final = [Route("/backups", list_backups)]
