"""The page of a person: who it is, what is allowed and why, requests, letters, and who looked; choices and rights."""

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.pages import desk_of, form_of, go

OPERATIONS: Final = {"SUPPORT": "person_support", "BILLING": "person_billing", "PRIVACY": "person_privacy"}
"""The operation of the page by role: each selects what the role needs to know."""


async def show_person(request: Request) -> Response:
    """Show a person; the API records the view."""
    desk = desk_of(request)
    operation = OPERATIONS.get(await desk.role(request))
    if operation is None:
        raise HTTPException(404)
    by = {"id": f"sub_{request.path_params['id']}"}
    data = await desk.ask(request, operation, {"by": by})
    subject = data["subject"]
    if subject is None:
        return desk.page(request, "person_missing.html", section="search", status=404)
    return desk.page(request, "person.html", section="search", subject=subject, purposes=_purposes(data))


async def show_letters(request: Request) -> Response:
    """Show what was written to a person, one page of it."""
    desk = desk_of(request)
    variables = {"by": {"id": f"sub_{request.path_params['id']}"}, "after": request.query_params.get("after") or None}
    subject = (await desk.ask(request, "letters", variables))["subject"]
    if subject is None:
        return desk.page(request, "person_missing.html", section="search", status=404)
    return desk.page(request, "letters.html", section="search", subject=subject)


def _purposes(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each purpose with its decision and the recorded choice; marketing first, what cannot be refused last."""
    subject = data["subject"]
    decisions = {each["purpose"]: each for each in subject.get("decisions") or ()}
    choices = {each["purpose"]["key"]: each for each in subject.get("consents") or ()}
    rows = [
        {"purpose": purpose, "decision": decisions[purpose["key"]], "choice": choices.get(purpose["key"])}
        for purpose in data.get("purposes") or ()
        if purpose["key"] in decisions
    ]
    order = {"CONSENT": 0, "LEGITIMATE_INTERESTS": 1, "CONTRACT": 2, "LEGAL_OBLIGATION": 3}
    rows.sort(key=lambda row: order.get(row["purpose"]["legalBasis"], 4))
    return rows


async def choose(request: Request) -> Response:
    """Record a choice of the person: a grant, a refusal, or an opt-out of everything."""
    desk, form = desk_of(request), await form_of(request)
    path = f"/people/sub_{request.path_params['id']}"
    variables: dict[str, Any] = {
        "subject": {"id": f"sub_{request.path_params['id']}"},
        "channel": form.text("channel"),
    }
    if form.text("grant"):
        variables["purpose"] = form.text("grant")
        await desk.act(request, "grant_consent", variables, "person.granted")
    elif form.text("refuse"):
        variables["purposes"] = [form.text("refuse")]
        await desk.act(request, "opt_out", variables, "person.refused")
    elif form.text("everything"):
        await desk.act(request, "opt_out_of_all", variables, "person.opted_out")
    return go(f"{path}#consents")


async def remove_card(request: Request) -> Response:
    """Delete the stored parts of a card."""
    await form_of(request)
    card = request.path_params["card"]
    await desk_of(request).act(request, "remove_card", {"id": card}, "person.card_removed")
    return go(f"/people/sub_{request.path_params['id']}#cards")


ROUTES: Final = [
    Route("/people/sub_{id}", show_person),
    Route("/people/sub_{id}/letters", show_letters),
    Route("/people/sub_{id}/choices", choose, methods=["POST"]),
    Route("/people/sub_{id}/cards/{card}", remove_card, methods=["POST"]),
]
