"""Versions of the privacy policy, and publishing one after saying what that does to how many people."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.api_client import ApiOutage
from desk.fields import FieldProblem, submit
from desk.pages import desk_of, form_of, go
from desk.security import Form
from desk.sessions import session_of

PATH: Final = "/policy"


async def list_versions(request: Request) -> Response:
    """Show the versions of the policy."""
    return await _page(request, Form([]))


async def publish(request: Request) -> Response:
    """Show how many people are concerned; publish the version once the officer confirms."""
    form = await form_of(request)
    if form.text("step") == "edit":
        return await _page(request, form)
    if form.text("step") != "confirm":
        return await _page(request, form, effects=await _effects_of(request, form))
    variables: dict[str, Any] = {name: form.text(name) for name in ("version", "effectiveOn", "url")}
    variables |= {"mustAskAgain": form.values_of("mustAskAgain"), "notify": bool(form.text("notify"))}
    submission = await submit(request, "publish_policy", variables, "policy.published")
    return go(PATH) if submission.data else await _page(request, form, submission.problem)


async def _effects_of(request: Request, form: Form) -> dict[str, Any]:
    """Return how many people are registered, and how many grants of each purpose cease to count."""
    api, session = desk_of(request).api, session_of(request)
    try:
        people = (await api.run(session, "policy_people"))["statistics"]
        grants = {
            purpose: (await api.run(session, "statistics_choices", {"purpose": purpose}))["statistics"]["choices"]
            for purpose in form.values_of("mustAskAgain")[:20]
        }
    except ApiOutage:
        # No worker has computed figures yet, which must not stop a publication.
        return {"people": None, "as_of": None, "grants": dict.fromkeys(form.values_of("mustAskAgain"))}
    granted = {purpose: choices["granted"] for purpose, choices in grants.items()}
    return {"people": people["subjects"], "as_of": people["asOf"], "grants": granted}


async def _page(
    request: Request, form: Form, problem: FieldProblem | None = None, effects: dict[str, Any] | None = None
) -> Response:
    data = await desk_of(request).ask(request, "policy")
    titles = {purpose["key"]: purpose["title"] for purpose in data["purposes"]}
    return desk_of(request).page(
        request,
        "policy.html" if effects is None else "policy_review.html",
        section="policy",
        versions=data["policyVersions"],
        titles=titles,
        asked={each["key"]: each["title"] for each in data["purposes"] if each["legalBasis"] == "CONSENT"},
        values=form,
        chosen=form.values_of("mustAskAgain"),
        pairs=form.pairs,
        problem=problem,
        effects=effects,
        back_path=PATH,
    )


ROUTES: Final = [Route(PATH, list_versions), Route(PATH, publish, methods=["POST"])]
