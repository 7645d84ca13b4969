"""The report of an incident: a form, a preview of whom it affects, and the report."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.failures import failure_page
from desk.fields import FieldProblem, moment_of, now_in, people_count, people_of, submit
from desk.formats import parse_time
from desk.pages import desk_of, form_of, go
from desk.security import Form
from desk.sessions import session_of

PATH: Final = "/incidents/report"


class Preview(NamedTuple):
    """Whom a report would affect: people in the record, people who are named, and whether the record has more entries.

    ``recorded`` is None for roles that may not read the record.
    """

    recorded: int | None
    named: int
    is_partial: bool = False

    @property
    def most(self) -> int:
        return (self.recorded or 0) + self.named

    @property
    def least(self) -> int:
        return max(self.recorded or 0, self.named)


async def show_form(request: Request) -> Response:
    """Show the form of a report."""
    tokens = await _tokens(request)
    if "Mutation.reportIncident" not in request.scope["desk_viewer"]["permissions"]:
        return failure_page(request, "role", 403)
    return await _page(request, Form([("awareAt", now_in(session_of(request).zone))]), tokens)


async def report(request: Request) -> Response:
    """Show whom the incident affects; report it once the agent confirms."""
    form = await form_of(request)
    values, problem = _input_of(form, session_of(request).zone)
    if not problem and form.text("step") not in {"edit", "confirm"}:
        return await _preview(request, form, values)
    tokens = await _tokens(request)
    if problem or form.text("step") == "edit":
        return await _page(request, form, tokens, None if form.text("step") == "edit" else problem)
    submission = await submit(request, "report_incident", {"input": values}, "incidents.reported")
    if not submission.data:
        return await _page(request, form, tokens, submission.problem)
    can_read = "Query.incidents" in request.scope["desk_viewer"]["permissions"]
    return go(f"/incidents/{submission.data['reportIncident']['id']}" if can_read else PATH)


async def _tokens(request: Request) -> Sequence[Mapping[str, Any]]:
    """Return the tokens that an incident may concern; none for roles that may not list them."""
    desk = desk_of(request)
    if await desk.role(request) not in {"PRIVACY", "ADMIN"}:
        await desk.ask(request, "viewer")
        return []
    tokens: list[dict[str, Any]] = (await desk.ask(request, "incident_tokens"))["tokens"]
    return tokens


async def _page(
    request: Request,
    form: Form,
    tokens: Sequence[Mapping[str, Any]] = (),
    problem: FieldProblem | None = None,
    preview: Preview | None = None,
) -> Response:
    template = "incident_report.html" if preview is None else "incident_review.html"
    return desk_of(request).page(
        request,
        template,
        section="incidents",
        values=form,
        chosen=form.values_of("categories"),
        pairs=form.pairs,
        tokens=tokens,
        problem=problem,
        preview=preview,
    )


def _input_of(form: Form, zone: str) -> tuple[dict[str, Any], FieldProblem | None]:
    """Return the input of the report, or the field that is malformed."""
    values: dict[str, Any] = {"kind": form.text("kind"), "categories": form.values_of("categories")}
    if not values["categories"]:
        return {}, FieldProblem("categories", "fields.no_choice")
    for name in ("awareAt", "since", "until"):
        if form.text(name) or name == "awareAt":
            values[name] = moment_of(form.text(name), zone)
            if values[name] is None:
                return {}, FieldProblem(name, "fields.no_time")
    values |= {name: value for name, value in (("actor", form.text("actor")), ("token", _token_of(form)[0])) if value}
    if form.text("subjects"):
        values["subjects"] = people_of(form.text("subjects"))
        if values["subjects"] is None:
            return {}, FieldProblem("subjects", "fields.no_people")
    if form.text("revokeToken"):
        values["revokeToken"] = True
    return values, None


async def _preview(request: Request, form: Form, values: Mapping[str, Any]) -> Response:
    """Show whom the report would affect. One operation reads the newest 100 entries; the report reads all of them."""
    desk, named = desk_of(request), people_count(values.get("subjects"))
    if await desk.role(request) != "PRIVACY":
        await desk.ask(request, "viewer")
        return await _page(request, form, preview=Preview(None, named))
    actor = _token_of(form)[1] or values.get("actor")
    since, until = values.get("since"), values.get("until")
    has_record = bool(actor or since or until)
    data = await desk.ask(request, "incident_preview", {"actor": actor, "since": since, "hasRecord": has_record})
    if not has_record:
        return await _page(request, form, preview=Preview(0, named))
    token: Mapping[str, Any] = next((each for each in data["tokens"] if each["id"] == values.get("token")), {})
    events = data["accessEvents"]
    people = {
        event["subjectId"]
        for event in (edge["node"] for edge in events["edges"])
        if event["subjectId"]
        and event["action"] != "REFUSED"
        and all(_time_of(event["at"]) <= _time_of(end) for end in (until, token.get("revokedAt")) if end)
        and _time_of(event["at"]) >= _time_of(token.get("issuedAt", event["at"]))
    }
    return await _page(request, form, preview=Preview(len(people), named, events["pageInfo"]["hasNextPage"]))


def _token_of(form: Form) -> tuple[str, str]:
    """Return the id and the name of the token that was chosen: the audit log has its name."""
    token_id, _, name = form.text("token").partition(" ")
    return token_id, name


def _time_of(value: str) -> datetime:
    return parse_time(value) or datetime.max.replace(tzinfo=UTC)


ROUTES: Final = [Route(PATH, show_form), Route(PATH, report, methods=["POST"])]
