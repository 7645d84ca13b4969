"""The record: who looked at, changed, or was refused which data of whom, for which case."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.fields import FieldProblem, moment_of
from desk.pages import desk_of, form_of
from desk.security import Form
from desk.sessions import session_of

_ID: Final = re.compile(r"sub_[0-9a-f]{32}")


async def show_record(request: Request) -> Response:
    """Show the newest entries, of one person when the address names an id."""
    subject = request.query_params.get("subject", "")
    return await _show(request, Form([("subject", subject)] if _ID.fullmatch(subject) else []))


async def search_record(request: Request) -> Response:
    """Show the entries by actor, person and time. What was typed is in no address."""
    return await _show(request, await form_of(request))


async def _show(request: Request, form: Form) -> Response:
    desk = desk_of(request)
    problem = None
    variables: dict[str, Any] = {name: form.text(name) for name in ("actor", "after") if form.text(name)}
    if subject := form.text("subject"):
        if _ID.fullmatch(subject):
            variables["subject"] = subject
        else:
            problem = FieldProblem("subject", "record.no_id")
    if since := form.text("since"):
        variables["since"] = moment_of(since, session_of(request).zone)
        if variables["since"] is None:
            problem = FieldProblem("since", "fields.no_time")
    if problem:
        await desk.ask(request, "viewer")
        return desk.page(request, "record.html", section="record", values=form, problem=problem, events=None)
    events = (await desk.ask(request, "record", variables))["accessEvents"]
    return desk.page(request, "record.html", section="record", values=form, problem=None, events=events)


ROUTES: Final = [Route("/record", show_record), Route("/record", search_record, methods=["POST"])]
