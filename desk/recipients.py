"""Recipients of data: who may get what for which purposes, on which terms; defining and ending one."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.failures import failure_page
from desk.fields import FieldProblem, submit
from desk.pages import desk_of, form_of, go
from desk.security import Form

PATH: Final = "/recipients"
OPTIONAL: Final = ("safeguard", "address", "contractEndsOn")
REQUIRED: Final = ("key", "name", "kind", "function", "country", "contractReference")
LISTS: Final = ("categories", "purposes")


async def list_recipients(request: Request) -> Response:
    """Show all recipients, those that are ended last."""
    data = await desk_of(request).ask(request, "recipients")
    titles = {purpose["key"]: purpose["title"] for purpose in data["purposes"]}
    recipients = sorted(data["recipients"], key=lambda each: (each["endedAt"] is not None, each["name"].lower()))
    return desk_of(request).page(request, "recipients.html", section="recipients", recipients=recipients, titles=titles)


async def show_form(request: Request) -> Response:
    """Show the form of a recipient, with its terms when it exists."""
    data = await desk_of(request).ask(request, "recipients")
    if "Mutation.putRecipient" not in data["viewer"]["permissions"]:
        return failure_page(request, "role", 403)
    key = request.path_params.get("key")
    recipient = next((each for each in data["recipients"] if each["key"] == key), None)
    if key and recipient is None:
        return failure_page(request, "missing", 404)
    return _page(request, data, _form_of(recipient or {}), recipient)


async def put_recipient(request: Request) -> Response:
    """Define a recipient, or replace its terms."""
    form = await form_of(request)
    values: dict[str, Any] = {name: form.text(name) for name in REQUIRED}
    values |= {name: form.text(name) for name in OPTIONAL if form.text(name)}
    values |= {name: form.values_of(name) for name in LISTS}
    values["isDirectMarketing"] = bool(form.text("isDirectMarketing"))
    values["country"] = values["country"].upper()
    submission = await submit(request, "put_recipient", {"input": values}, "recipients.saved")
    if submission.data:
        return go(PATH)
    data = await desk_of(request).ask(request, "recipients")
    recipient = next((each for each in data["recipients"] if each["key"] == values["key"]), None)
    return _page(request, data, form, recipient, submission.problem)


async def end_recipient(request: Request) -> Response:
    """End a recipient."""
    await form_of(request)
    await desk_of(request).act(request, "end_recipient", {"key": request.path_params["key"]}, "recipients.ended_now")
    return go(PATH)


def _form_of(recipient: dict[str, Any]) -> Form:
    """Return the form that would define a recipient as it is."""
    pairs = [(name, str(recipient[name])) for name in (*REQUIRED, *OPTIONAL) if recipient.get(name)]
    pairs += [(name, value) for name in LISTS for value in recipient.get(name, ())]
    return Form([*pairs, ("isDirectMarketing", "yes" if recipient.get("isDirectMarketing") else "")])


def _page(
    request: Request,
    data: dict[str, Any],
    form: Form,
    recipient: dict[str, Any] | None,
    problem: FieldProblem | None = None,
) -> Response:
    return desk_of(request).page(
        request,
        "recipient_form.html",
        section="recipients",
        values=form,
        chosen={name: form.values_of(name) for name in LISTS},
        purposes={purpose["key"]: purpose["title"] for purpose in data["purposes"]},
        recipient=recipient,
        problem=problem,
    )


ROUTES: Final = [
    Route(PATH, list_recipients),
    Route(PATH, put_recipient, methods=["POST"]),
    Route(f"{PATH}/new", show_form),
    Route(f"{PATH}/{{key}}", show_form),
    Route(f"{PATH}/{{key}}/end", end_recipient, methods=["POST"]),
]
