"""The record: who looked at, changed, or was refused which data of whom, for which case."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.fields import FieldProblem, moment_of
from desk.formats import parse_time
from desk.pages import desk_of, form_of
from desk.security import Form
from desk.sessions import session_of

_ID: Final = re.compile(r"sub_[0-9a-f]{32}")
ENTRIES: Final = 50
"""How many entries a page shows at least, where there are as many."""
MOST_PAGES: Final = 20
"""How many pages of 50 entries are read for one page, where the end of the time or refusals alone are asked for."""


async def show_record(request: Request) -> Response:
    """Show the newest entries, of one person when the address names an id."""
    subject = request.query_params.get("subject", "")
    return await _show(request, Form([("subject", subject)] if _ID.fullmatch(subject) else []))


async def search_record(request: Request) -> Response:
    """Show the entries by actor, person and time, or refusals alone. What was typed is in no address."""
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
    times = {name: moment_of(form.text(name), session_of(request).zone) for name in ("since", "until")}
    for name, moment in times.items():
        if form.text(name) and moment is None:
            problem = FieldProblem(name, "fields.no_time")
    if times["since"] and times["until"] and times["since"] > times["until"]:
        problem = FieldProblem("until", "record.wrong_order")
    if problem:
        await desk.ask(request, "viewer")
        return desk.page(request, "record.html", section="record", values=form, problem=problem, events=None)
    if times["since"]:
        variables["since"] = times["since"]
    events = await _read(request, variables, times["until"], is_refused=bool(form.text("refused")))
    return desk.page(request, "record.html", section="record", values=form, problem=None, events=events)


async def _read(request: Request, variables: dict[str, Any], until: str | None, *, is_refused: bool) -> dict[str, Any]:
    """Return entries, and where to go on from. The API names no end of a time: later entries are passed over here."""
    last = parse_time(until)
    edges: list[Any] = []
    for _ in range(MOST_PAGES):
        events: dict[str, Any] = (await desk_of(request).ask(request, "record", variables))["accessEvents"]
        edges += [
            edge
            for edge in events["edges"]
            if (edge["node"]["action"] == "REFUSED" or not is_refused)
            and (last is None or (parse_time(edge["node"]["at"]) or last) <= last)
        ]
        if len(edges) >= ENTRIES or not events["pageInfo"]["hasNextPage"]:
            break
        variables["after"] = events["pageInfo"]["endCursor"]
    return {"edges": edges, "pageInfo": events["pageInfo"]}


ROUTES: Final = [Route("/record", show_record), Route("/record", search_record, methods=["POST"])]
