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
MOST_PAGES: Final = 20
"""Pages of 100 entries of the record that a preview reads. The report itself reads all of them."""


class Preview(NamedTuple):
    """Whom a report would affect: people in the record, people who are named, and whether there may be more."""

    recorded: int | None
    named: int
    is_partial: bool = False

    @property
    def most(self) -> int:
        return (self.recorded or 0) + self.named


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
    tokens: Sequence[Mapping[str, Any]],
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
    values |= {name: form.text(name) for name in ("actor", "token") if form.text(name)}
    if form.text("subjects"):
        values["subjects"] = people_of(form.text("subjects"))
        if values["subjects"] is None:
            return {}, FieldProblem("subjects", "fields.no_people")
    if form.text("revokeToken"):
        values["revokeToken"] = True
    return values, None


async def _preview(request: Request, form: Form, values: Mapping[str, Any]) -> Response:
    """Show whom the report would affect: the people of the access events, counted as the report does.

    Without a token and with at most 100 events the page is one operation.
    """
    desk, named = desk_of(request), people_count(values.get("subjects"))
    variables: dict[str, Any] = {name: values.get(name) for name in ("actor", "since")}
    until, tokens, data = values.get("until"), None, None
    if await desk.role(request) != "PRIVACY" or values.get("token") or not (any(variables.values()) or until):
        tokens = await _tokens(request)
    if token := next((token for token in tokens or () if token["id"] == values.get("token")), None):
        times = filter(None, (variables["since"], token["issuedAt"]))
        variables = {"actor": token["name"], "since": max(times, key=_time_of)}
        until = min(filter(None, (until, token["revokedAt"])), key=_time_of, default=None)
    if not (any(variables.values()) or until):
        return await _page(request, form, tokens or [], preview=Preview(0, named))
    if await desk.role(request) != "PRIVACY":  # roles that may not read the record get no number
        return await _page(request, form, tokens or [], preview=Preview(None, named))
    if tokens is None:
        data = await desk.ask(request, "incident_preview", variables)
        tokens = data["tokens"]
    people, is_partial = await _count_people(request, variables, until, data)
    return await _page(request, form, tokens or [], preview=Preview(people, named, is_partial=is_partial))


async def _count_people(
    request: Request, variables: Mapping[str, Any], until: str | None, first: Mapping[str, Any] | None
) -> tuple[int, bool]:
    """Return how many people the access events name, and whether there are more events than were read."""
    people: set[str] = set()
    after = None
    for _ in range(MOST_PAGES):
        data = first or await desk_of(request).ask(request, "incident_events", {**variables, "after": after})
        events, first = data["accessEvents"], None
        people |= {
            edge["node"]["subjectId"]
            for edge in events["edges"]
            if edge["node"]["subjectId"]
            and edge["node"]["action"] != "REFUSED"
            and (until is None or _time_of(edge["node"]["at"]) <= _time_of(until))
        }
        if not events["pageInfo"]["hasNextPage"]:
            return len(people), False
        after = events["pageInfo"]["endCursor"]
    return len(people), True


def _time_of(value: str) -> datetime:
    return parse_time(value) or datetime.max.replace(tzinfo=UTC)


ROUTES: Final = [Route(PATH, show_form), Route(PATH, report, methods=["POST"])]
