"""Incidents: the list and one, the notice to the authority, the letters to the people affected, and the end."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.failures import failure_page
from desk.fields import FieldProblem, moment_of, now_in, submit
from desk.pages import desk_of, form_of, go
from desk.security import Form
from desk.sessions import session_of

STATES: Final = ("OPEN", "CLOSED")
OPERATIONS: Final = {"PRIVACY": "incident_privacy", "AUDITOR": "incident_auditor"}
"""The operation of one incident by role; only officers see whom it affects."""


async def list_incidents(request: Request) -> Response:
    """Show the incidents, the latest first."""
    desk = desk_of(request)
    state = request.query_params.get("state", "")
    variables = {"state": state if state in STATES else None, "after": request.query_params.get("after")}
    incidents = (await desk.ask(request, "incidents", variables))["incidents"]
    return desk.page(request, "incidents.html", section="incidents", incidents=incidents, state=variables["state"])


async def show_incident(request: Request) -> Response:
    """Show one incident with what can be done about it."""
    return await _page(request, Form([]))


async def _page(
    request: Request, form: Form, problem: FieldProblem | None = None, *, is_review: bool = False
) -> Response:
    desk = desk_of(request)
    operation = OPERATIONS.get(await desk.role(request), "incident_auditor")
    incident = (await desk.ask(request, operation, {"id": request.path_params["id"]}))["node"]
    if not incident:
        return failure_page(request, "missing", 404)
    zone = session_of(request).zone
    template = "incident_letters.html" if is_review else "incident.html"
    return desk.page(
        request,
        template,
        section="incidents",
        incident=incident,
        values={"at": now_in(zone)} | form,
        pairs=form.pairs,
        problem=problem,
        back_path=_path(request),
    )


def _path(request: Request) -> str:
    return f"/incidents/{request.path_params['id']}"


async def record_authority_notice(request: Request) -> Response:
    """Record when the supervisory authority was notified."""
    form = await form_of(request)
    at = moment_of(form.text("at"), session_of(request).zone)
    if at is None:
        return await _page(request, form, FieldProblem("at", "fields.no_time"))
    variables = {"id": request.path_params["id"], "authority": form.text("authority"), "at": at}
    submission = await submit(request, "record_authority_notice", variables, "incidents.authority_recorded")
    return go(_path(request)) if submission.data else await _page(request, form, submission.problem)


async def notify_affected(request: Request) -> Response:
    """Show how many people the letter goes to, and send it once the officer confirms."""
    form = await form_of(request)
    if form.text("step") == "edit":
        return await _page(request, form)
    if form.text("step") != "confirm":
        return await _page(request, form, is_review=True)
    # The letter has each text as one paragraph; the API refuses line breaks.
    variables: dict[str, Any] = {name: " ".join(form.text(name).split()) for name in ("consequences", "measures")}
    variables["id"] = request.path_params["id"]
    submission = await submit(request, "notify_affected", variables, "incidents.notified")
    return go(_path(request)) if submission.data else await _page(request, form, submission.problem)


async def close_incident(request: Request) -> Response:
    """Close an incident."""
    await form_of(request)
    await desk_of(request).act(request, "close_incident", {"id": request.path_params["id"]}, "incidents.closed")
    return go(_path(request))


ROUTES: Final = [
    Route("/incidents", list_incidents),
    Route("/incidents/{id}", show_incident),
    Route("/incidents/{id}/authority", record_authority_notice, methods=["POST"]),
    Route("/incidents/{id}/letters", notify_affected, methods=["POST"]),
    Route("/incidents/{id}/close", close_incident, methods=["POST"]),
]
