"""How long data is kept: the rules with what they would remove, changing one, and holds on one person's data."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.fields import FieldProblem, submit
from desk.pages import desk_of, form_of, go
from desk.search import identifier_of
from desk.security import Form

PATH: Final = "/retention"


async def show_rules(request: Request) -> Response:
    """Show the rules of all categories."""
    return await _page(request, Form([]))


async def set_rule(request: Request) -> Response:
    """Set how long data of a category is kept."""
    form = await form_of(request)
    days = form.text("days")
    if days and not days.isdecimal():
        return await _page(request, form, FieldProblem("days", "retention.no_days"))
    variables: dict[str, Any] = {"category": form.text("category")}
    variables |= {"days": int(days)} if days else {}
    variables |= {"reason": form.text("reason")} if form.text("reason") else {}
    submission = await submit(request, "set_retention_rule", variables, "retention.saved")
    return go(PATH) if submission.data else await _page(request, form, submission.problem)


async def hold(request: Request) -> Response:
    """Hold the data of a person."""
    form = await form_of(request)
    variables = {"ground": form.text("ground"), "reference": form.text("reference")}
    return await _change_hold(request, form, "hold_retention", variables, "retention.held")


async def release(request: Request) -> Response:
    """Release the hold on a person."""
    return await _change_hold(request, await form_of(request), "release_retention", {}, "retention.released")


async def _change_hold(request: Request, form: Form, operation: str, variables: dict[str, Any], done: str) -> Response:
    subject = identifier_of(form.text("subject"))
    if subject is None:
        return await _page(request, form, FieldProblem("subject", "search.malformed"))
    submission = await submit(request, operation, variables | {"subject": subject}, done)
    return go(PATH) if submission.data else await _page(request, form, submission.problem)


async def _page(request: Request, form: Form, problem: FieldProblem | None = None) -> Response:
    rules = (await desk_of(request).ask(request, "retention"))["retentionRules"]
    return desk_of(request).page(
        request, "retention.html", section="retention", rules=rules, values=form, problem=problem, back_path=PATH
    )


ROUTES: Final = [
    Route(PATH, show_rules),
    Route(f"{PATH}/rules", set_rule, methods=["POST"]),
    Route(f"{PATH}/hold", hold, methods=["POST"]),
    Route(f"{PATH}/release", release, methods=["POST"]),
]
