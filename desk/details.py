"""Correcting what is known about a person, and restricting the processing of it."""

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.api_client import ApiRefusal
from desk.pages import desk_of, form_of, go, is_about_the_session
from desk.security import Form
from desk.sessions import session_of

RESTRICTIONS: Final = {"restrict": "restrict_processing", "lift": "lift_restriction"}
VALUES: Final = {"name": "displayName", "country": "country"}
"""The fields of the form and the values that they correct: an empty field clears the value."""


async def show_details(request: Request, form: Form | None = None) -> Response:
    """Show the form of corrections, with the values that are known or were typed."""
    desk = desk_of(request)
    await desk.role(request)
    subject = (await desk.ask(request, "details", {"by": {"id": f"sub_{request.path_params['id']}"}}))["subject"]
    if not subject:
        raise HTTPException(404)
    typed = form or Form([(name, subject[value] or "") for name, value in VALUES.items()])
    return desk.page(request, "details.html", section="search", subject=subject, typed=typed)


def corrections(form: Form) -> dict[str, Any]:
    """Return what differs from what the page showed. An absent key changes nothing; null clears a value."""
    changes: dict[str, Any] = {
        value: form.text(name) or None
        for name, value in VALUES.items()
        if form.text(name) != form.text(f"shown_{name}")
    }
    if changes.get("country"):
        changes["country"] = changes["country"].upper()
    for name, key in (("add", "addEmail"), ("remove", "removeEmail")):
        if form.text(name):
            changes[key] = form.text(name)
    if form.text("primary") and form.text("primary") != form.text("shown_primary"):
        changes["primaryEmail"] = form.text("primary")
    elif form.text("add") and form.text("add_as_primary"):
        changes["primaryEmail"] = form.text("add")
    return changes


async def correct(request: Request) -> Response:
    """Correct values. What was typed stays on the page when it is refused."""
    desk, session, form = desk_of(request), session_of(request), await form_of(request)
    subject_id = f"sub_{request.path_params['id']}"
    changes = corrections(form)
    if not changes:
        session.notify("details.unchanged", "refused")
        return await show_details(request, form)
    try:
        await desk.api.run(session, "correct_subject", {"subject": {"id": subject_id}, "input": changes})
    except ApiRefusal as refusal:
        if is_about_the_session(refusal):
            raise
        text = "details.only_address" if refusal.code == "STATE_CONFLICT" else desk.refusal_text(refusal)
        session.notify(text, "refused", refusal.code)
        return await show_details(request, form)
    session.notify("details.done")
    return go(f"/people/{subject_id}")


async def restrict(request: Request) -> Response:
    """Restrict the processing of a person's data, or lift the restriction."""
    desk, form = desk_of(request), await form_of(request)
    subject_id = f"sub_{request.path_params['id']}"
    name = form.text("action")
    if name in RESTRICTIONS:
        await desk.act(request, RESTRICTIONS[name], {"subject": {"id": subject_id}}, f"details.{name}_done")
    return go(f"/people/{subject_id}")


ROUTES: Final = [
    Route("/people/sub_{id}/details", show_details),
    Route("/people/sub_{id}/details", correct, methods=["POST"]),
    Route("/people/sub_{id}/restriction", restrict, methods=["POST"]),
]
