"""Disclosures that law or an emergency forced: the list and one, the record of one, and the end of a delay."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.failures import failure_page
from desk.fields import FieldProblem, moment_of, people_count, people_of, submit
from desk.pages import desk_of, form_of, go
from desk.security import Form
from desk.sessions import session_of


async def list_disclosures(request: Request) -> Response:
    """Show the forced disclosures, the latest first."""
    desk = desk_of(request)
    variables = {"after": request.query_params.get("after")}
    disclosures = (await desk.ask(request, "forced_disclosures", variables))["forcedDisclosures"]
    return desk.page(request, "forced_disclosures.html", section="disclosures", disclosures=disclosures)


async def show_disclosure(request: Request) -> Response:
    """Show one forced disclosure."""
    desk = desk_of(request)
    disclosure = (await desk.ask(request, "forced_disclosure", {"id": request.path_params["id"]}))["node"]
    if not disclosure:
        return failure_page(request, "missing", 404)
    return desk.page(request, "forced_disclosure.html", section="disclosures", disclosure=disclosure)


async def lift_delay(request: Request) -> Response:
    """End the delay of the letters."""
    await form_of(request)
    await desk_of(request).act(request, "lift_notice_delay", {"id": request.path_params["id"]}, "disclosures.lifted")
    return go(f"/disclosures/{request.path_params['id']}")


async def show_form(request: Request) -> Response:
    """Show the form that records a disclosure."""
    viewer = (await desk_of(request).ask(request, "viewer"))["viewer"]
    if "Mutation.recordForcedDisclosure" not in viewer["permissions"]:
        return failure_page(request, "role", 403)
    return _page(request, Form([]))


async def record_disclosure(request: Request) -> Response:
    """Show how many people the letter goes to; record the disclosure once the officer confirms."""
    form = await form_of(request)
    await desk_of(request).ask(request, "viewer")
    if form.text("step") == "edit":
        return _page(request, form)
    values, problem = _input_of(form, session_of(request).zone)
    if problem:
        return _page(request, form, problem)
    if form.text("step") != "confirm":
        return _page(request, form, count=people_count(values["subjects"]))
    submission = await submit(request, "record_forced_disclosure", {"input": values}, "disclosures.recorded")
    if not submission.data:
        return _page(request, form, submission.problem)
    return go(f"/disclosures/{submission.data['recordForcedDisclosure']['id']}")


def _page(request: Request, form: Form, problem: FieldProblem | None = None, count: int | None = None) -> Response:
    template = "forced_disclosure_form.html" if count is None else "forced_disclosure_review.html"
    return desk_of(request).page(
        request,
        template,
        section="disclosures",
        values=form,
        chosen=form.values_of("categories"),
        pairs=form.pairs,
        problem=problem,
        count=count,
    )


def _input_of(form: Form, zone: str) -> tuple[dict[str, Any], FieldProblem | None]:
    """Return the input of the record, or the field that is malformed."""
    values: dict[str, Any] = {name: form.text(name) for name in ("ground", "authority", "reference")}
    values["categories"] = form.values_of("categories")
    if not values["categories"]:
        return {}, FieldProblem("categories", "fields.no_choice")
    values["subjects"] = people_of(form.text("subjects"))
    if values["subjects"] is None:
        return {}, FieldProblem("subjects", "fields.no_people")
    for name in ("disclosedAt", "noticeDelayedUntil"):
        if form.text(name) or name == "disclosedAt":
            values[name] = moment_of(form.text(name), zone)
            if values[name] is None:
                return {}, FieldProblem(name, "fields.no_time")
    if form.text("delayGround"):
        values["delayGround"] = form.text("delayGround")
    return values, None


ROUTES: Final = [
    Route("/disclosures", list_disclosures),
    Route("/disclosures/new", show_form),
    Route("/disclosures/new", record_disclosure, methods=["POST"]),
    Route("/disclosures/{id}", show_disclosure),
    Route("/disclosures/{id}/delay", lift_delay, methods=["POST"]),
]
