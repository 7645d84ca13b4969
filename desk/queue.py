"""The queue of requests: open, overdue, unverified and done ones, by kind and due date, as a page and as CSV."""

import csv
import heapq
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.formats import csv_cell
from desk.pages import Desk, desk_of

MOST_ROWS: Final = 2000
"""Rows of a CSV file, at most."""
COLUMNS: Final = ("id", "kind", "state", "channel", "receivedAt", "dueAt", "extendedUntil", "isOverdue", "completedAt")
"""Columns of the CSV file: ids of requests, dates and enum values, and nothing about a person."""
SEPARATOR: Final = "."
"""Between the cursors of several lists, in which it does not occur."""
DAYS: Final = {"week": 7, "fortnight": 14, "month": 31}


class View(NamedTuple):
    """One list of the queue: what the API is asked for, and in which order."""

    filters: Mapping[str, Any]
    order: str


VIEWS: Final[Mapping[str, View]] = {
    "open": View({}, "DUE_FIRST"),
    "overdue": View({"overdue": True}, "DUE_FIRST"),
    "unverified": View({"state": "AWAITING_VERIFICATION"}, "DUE_FIRST"),
    "done": View({"state": "COMPLETED"}, "NEWEST_FIRST"),
    "denied": View({"state": "DENIED"}, "NEWEST_FIRST"),
    "cancelled": View({"state": "CANCELLED"}, "NEWEST_FIRST"),
    "all": View({}, "NEWEST_FIRST"),
}
"""The lists by name. Unverified requests are out of the way of the open ones."""


class Rows(NamedTuple):
    """One page of requests."""

    requests: list[dict[str, Any]]
    has_more: bool
    cursor: str


OPEN_LISTS: Final = ("scheduled", "inProgress", "waiting")
"""The lists that are merged into the open requests, one for each state."""
PAGE: Final = 50


def merge_open(data: Mapping[str, Any], cursors: Mapping[str, str]) -> Rows:
    """Return the next page of the lists of open requests, which are merged by due date.

    Its cursor has the place in each list up to which rows are shown, so that no row is left out or shown twice.
    """
    places = dict(cursors)
    edges = ([(_due(edge), name, edge) for edge in data[name]["edges"]] for name in OPEN_LISTS)
    merged = list(heapq.merge(*edges, key=itemgetter(0)))
    for _, name, edge in merged[:PAGE]:
        places[name] = edge["cursor"]
    has_more = len(merged) > PAGE or any(data[name]["pageInfo"]["hasNextPage"] for name in OPEN_LISTS)
    cursor = SEPARATOR.join(places.get(name, "") for name in OPEN_LISTS)
    return Rows([edge["node"] for _, _, edge in merged[:PAGE]], has_more, cursor if has_more else "")


def _due(edge: Mapping[str, Any]) -> tuple[str, str]:
    row = edge["node"]
    return row["extendedUntil"] or row["dueAt"], row["id"]


async def find_rows(desk: Desk, request: Request, view: str, filters: dict[str, Any], after: str | None) -> Rows:
    """Return requests of a view. Open ones are in three states, whose lists are merged."""
    if view == "open":
        parts = (after or "").split(SEPARATOR)
        cursors = {name: part for name, part in zip(OPEN_LISTS, parts, strict=False) if part}
        places = {f"{name}After": cursor for name, cursor in cursors.items()}
        return merge_open(await desk.ask(request, "requests_open", filters | places), cursors)
    variables = {**filters, **VIEWS[view].filters, "order": VIEWS[view].order, "after": after}
    page = (await desk.ask(request, "requests", variables))["rightsRequests"]
    rows = [edge["node"] for edge in page["edges"]]
    return Rows(rows, page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"] or "")


def _selection(desk: Desk, request: Request) -> tuple[str, str, str, dict[str, Any]]:
    """Return the view, the kind, the due date and the filters of a request's query; unknown ones are left out."""
    query = request.query_params
    view = query.get("view", "open") if query.get("view") in VIEWS else "open"
    kind = query.get("kind", "") if query.get("kind") in desk.texts.words("RequestKind") else ""
    due = query.get("due", "") if query.get("due") in DAYS else ""
    filters: dict[str, Any] = {"kind": kind} if kind else {}
    if due:
        filters["dueBefore"] = (datetime.now(UTC) + timedelta(days=DAYS[due])).isoformat()
    return view, kind, due, filters


async def show_queue(request: Request) -> Response:
    """Show one list of the queue."""
    desk = desk_of(request)
    await desk.role(request)
    view, kind, due, filters = _selection(desk, request)
    rows = await find_rows(desk, request, view, filters, request.query_params.get("after") or None)
    return desk.page(
        request,
        "queue.html",
        section="requests",
        views=list(VIEWS),
        view=view,
        kind=kind,
        due=due,
        days=DAYS,
        rows=rows,
    )


async def download_queue(request: Request) -> Response:
    """Return one list as CSV, from its first row on."""
    desk = desk_of(request)
    await desk.role(request)
    view, _, _, filters = _selection(desk, request)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count, after, has_more = 0, None, True
    while has_more and count < MOST_ROWS:
        rows = await find_rows(desk, request, view, filters, after)
        writer.writerows([csv_cell(row.get(column)) for column in COLUMNS] for row in rows.requests)
        count, after, has_more = count + len(rows.requests), rows.cursor, rows.has_more and bool(rows.cursor)
    headers = {"content-disposition": f'attachment; filename="requests-{view}.csv"'}
    return Response(file.getvalue(), 200, headers, "text/csv; charset=utf-8")


ROUTES: Final = [Route("/requests", show_queue), Route("/requests.csv", download_queue)]
