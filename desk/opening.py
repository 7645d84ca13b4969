"""Opening requests of a person: the erasure, whose plan is shown first and bound by its hash, and every other kind."""

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.pages import desk_of, form_of, go


async def show_plan(request: Request) -> Response:
    """Show what an erasure would destroy and keep, before it is requested."""
    desk = desk_of(request)
    await desk.role(request)
    data = await desk.ask(request, "erasure_plan", {"by": {"id": f"sub_{request.path_params['id']}"}})
    if not data["subject"]:
        raise HTTPException(404)
    return desk.page(request, "erasure_plan.html", section="search", subject=data["subject"], plan=data["erasurePlan"])


async def request_erasure(request: Request) -> Response:
    """Request the erasure that the plan described; a plan that has changed is shown again."""
    desk, form = desk_of(request), await form_of(request)
    subject_id = f"sub_{request.path_params['id']}"
    variables: dict[str, Any] = {
        "subject": {"id": subject_id},
        "channel": form.text("channel"),
        "identity": form.text("identity"),
        "reason": form.text("reason"),
        "immediately": form.text("immediately") == "yes",
        "planHash": form.text("plan_hash"),
    }
    data = await desk.act(request, "request_erasure", variables, "opening.erasure_requested")
    rights = data.get("requestErasure")
    return go(f"/requests/{rights['id']}" if rights else f"/people/{subject_id}/erasure")


async def open_request(request: Request) -> Response:
    """Open a request of any kind but an erasure."""
    desk, form = desk_of(request), await form_of(request)
    subject_id = f"sub_{request.path_params['id']}"
    if form.text("kind") == "ERASURE":
        return go(f"/people/{subject_id}/erasure")
    variables = {"subject": {"id": subject_id}} | {name: form.text(name) for name in ("kind", "channel", "identity")}
    data = await desk.act(request, "open_request", variables, "opening.opened")
    rights = data.get("openRequest")
    return go(f"/requests/{rights['id']}" if rights else f"/people/{subject_id}")


ROUTES: Final = [
    Route("/people/sub_{id}/erasure", show_plan),
    Route("/people/sub_{id}/erasure", request_erasure, methods=["POST"]),
    Route("/people/sub_{id}/requests", open_request, methods=["POST"]),
]
