"""Backups of Customer Data: which are kept, until when, and which are overdue; administrators record them."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.fields import FieldProblem, moment_of, now_in, submit
from desk.pages import desk_of, form_of, go
from desk.security import Form
from desk.sessions import session_of

PATH: Final = "/backups"
REFUSALS: Final = {"FORBIDDEN": "backups.other_system", "STATE_CONFLICT": "backups.other_time"}


async def list_backups(request: Request) -> Response:
    """Show the backups, the latest first, or those that are overdue."""
    return await _page(request, Form([]))


async def record_backup(request: Request) -> Response:
    """Record that a system has made a backup."""
    form = await form_of(request)
    made_at = moment_of(form.text("madeAt"), session_of(request).zone)
    if made_at is None:
        return await _page(request, form, FieldProblem("madeAt", "fields.no_time"))
    variables = {"system": form.text("system"), "label": form.text("label"), "madeAt": made_at}
    submission = await submit(request, "record_backup", variables, "backups.recorded", REFUSALS)
    return go(PATH) if submission.data else await _page(request, form, submission.problem)


async def record_backup_destroyed(request: Request) -> Response:
    """Record that every copy of a backup is destroyed."""
    await form_of(request)
    variables = {"id": request.path_params["id"]}
    await desk_of(request).act(
        request,
        "record_backup_destroyed",
        variables,
        "backups.destruction_recorded",
        {"FORBIDDEN": REFUSALS["FORBIDDEN"]},
    )
    return go(PATH)


async def _page(request: Request, form: Form, problem: FieldProblem | None = None) -> Response:
    desk = desk_of(request)
    is_overdue = request.query_params.get("overdue") == "true"
    variables = {"overdue": True if is_overdue else None, "after": request.query_params.get("after")}
    backups = (await desk.ask(request, "backups", variables))["backups"]
    return desk.page(
        request,
        "backups.html",
        section="backups",
        backups=backups,
        is_overdue=is_overdue,
        values={"madeAt": now_in(session_of(request).zone)} | form,
        problem=problem,
    )


ROUTES: Final = [
    Route(PATH, list_backups),
    Route(PATH, record_backup, methods=["POST"]),
    Route(f"{PATH}/{{id}}/destruction", record_backup_destroyed, methods=["POST"]),
]
