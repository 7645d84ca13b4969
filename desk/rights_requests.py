"""The page of one request: its timeline, its systems, and the actions that its state permits."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.formats import parse_time
from desk.pages import Desk, desk_of, form_of, go
from desk.security import Form

ENDED: Final = {"COMPLETED", "DENIED", "CANCELLED"}
BY_THE_SERVICE: Final = {"ERASURE", "ACCESS", "PORTABILITY"}
"""The kinds that the service completes by itself."""


WRONG_CODE: Final = dict.fromkeys(("BAD_INPUT", "IDENTITY_UNVERIFIED"), "request.wrong_code")


class Action(NamedTuple):
    """An action on a request: its mutation, the operation file, when it is offered, and what it takes from the form."""

    mutation: str
    operation: str
    is_offered: Callable[[Mapping[str, Any]], bool]
    fields: tuple[str, ...] = ()


def _is_before_execution(rights: Mapping[str, Any]) -> bool:
    return rights["state"] in {"AWAITING_VERIFICATION", "SCHEDULED"} or (
        rights["kind"] != "ERASURE" and rights["state"] not in ENDED
    )


ACTIONS: Final[Mapping[str, Action]] = {
    "code": Action(
        "Mutation.confirmIdentity",
        "confirm_identity",
        lambda rights: rights["state"] == "AWAITING_VERIFICATION",
        ("code",),
    ),
    "complete": Action(
        "Mutation.completeRequest",
        "complete_request",
        lambda rights: rights["state"] == "IN_PROGRESS" and rights["kind"] not in BY_THE_SERVICE,
    ),
    "extend": Action(
        "Mutation.extendRequest",
        "extend_request",
        lambda rights: rights["state"] not in ENDED and not rights["extendedUntil"] and not rights["isOverdue"],
        ("reason",),
    ),
    "retry": Action(
        "Mutation.retryErasure",
        "retry_erasure",
        lambda rights: rights["kind"] == "ERASURE" and rights["state"] in {"IN_PROGRESS", "PARTIALLY_COMPLETED"},
    ),
    "cancel": Action("Mutation.cancelRequest", "cancel_request", _is_before_execution),
    "deny": Action("Mutation.denyRequest", "deny_request", _is_before_execution, ("reason",)),
}
"""The actions in the order of the page."""


async def load(desk: Desk, request: Request) -> dict[str, Any]:
    """Return a request; raise 404 when there is none."""
    operation = "request_administrator" if await desk.role(request) == "ADMIN" else "request"
    data = await desk.ask(request, operation, {"id": f"req_{request.path_params['id']}"})
    if not data["rightsRequest"]:
        raise HTTPException(404)
    rights: dict[str, Any] = data["rightsRequest"]
    return rights


def timeline(rights: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what happened and what will happen, in the order of time."""
    export = rights["export"] or {}
    moments = [
        ("received", rights["receivedAt"], None),
        ("begins" if rights["state"] in {"SCHEDULED", "AWAITING_VERIFICATION"} else "began", rights["executeAt"], None),
        *(("system_done", step["completedAt"], step["system"]) for step in rights["steps"]),
        *(("part_done", step["completedAt"], step["system"]) for step in rights["exportSteps"]),
        ("ready", export.get("readyAt"), None),
        ("downloaded", export.get("downloadedAt"), None),
        ("link_ends", export.get("expiresAt"), None),
        (
            "completed" if rights["state"] == "COMPLETED" else "ended",
            rights["completedAt"],
            None,
        ),
        ("due", None if rights["state"] in ENDED else rights["extendedUntil"] or rights["dueAt"], None),
        ("backups_clear", rights["backupsClearAt"], None),
    ]
    now = datetime.now(UTC)
    rows = [
        {"what": what, "at": at, "system": system, "is_coming": moment > now, "moment": moment}
        for what, at, system in moments
        if (moment := parse_time(at))
        and not (rights["state"] in {"DENIED", "CANCELLED"} and what in {"began", "begins"})
    ]
    rows.sort(key=lambda row: row["moment"])
    return rows


async def show_request(request: Request) -> Response:
    """Show a request."""
    desk = desk_of(request)
    rights = await load(desk, request)
    permissions = request.scope["desk_viewer"]["permissions"]
    offered = [name for name, each in ACTIONS.items() if each.mutation in permissions and each.is_offered(rights)]
    return desk.page(
        request,
        "request.html",
        section="requests",
        rights=rights,
        timeline=timeline(rights),
        offered=offered,
        is_over=rights["state"] in ENDED,
    )


def _code(form: Form) -> str:
    """Return the code that was typed, without the spaces and dashes that people read out."""
    return "".join(each for each in form.text("code").upper() if each.isalnum())


async def act(request: Request) -> Response:
    """Carry out an action; the page then shows how the request stands."""
    desk, form = desk_of(request), await form_of(request)
    name, request_id = request.path_params["action"], f"req_{request.path_params['id']}"
    action = ACTIONS.get(name)
    if action is None:
        raise HTTPException(404)
    values = {"code": _code(form), "reason": form.text("reason")}
    variables = {"id": request_id} | {field: values[field] for field in action.fields}
    await desk.act(request, action.operation, variables, f"request.{name}_done", WRONG_CODE if name == "code" else {})
    return go(f"/requests/{request_id}")


ROUTES: Final = [
    Route("/requests/req_{id}", show_request),
    Route("/requests/req_{id}/{action}", act, methods=["POST"]),
]
