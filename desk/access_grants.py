"""Access grants: asking for one, the officers' queue, and the file names while one is open."""

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.pages import desk_of, form_of, go

MINUTES: Final = (15, 30, 60)
VIEWS: Final = {"waiting": "WAITING", "open": "OPEN", "all": None}
ACTIONS: Final = {
    "approve": "approve_access_grant",
    "refuse": "refuse_access_grant",
    "end": "end_access_grant",
}


async def show_grants(request: Request) -> Response:
    """Show the grants that wait, those that are open, or all."""
    desk = desk_of(request)
    await desk.role(request)
    view = request.query_params.get("view", "")
    view = view if view in VIEWS else "waiting"
    variables = {"state": VIEWS[view], "after": request.query_params.get("after") or None}
    data = await desk.ask(request, "access_grants", variables)
    return desk.page(
        request, "access_grants.html", section="grants", grants=data["accessGrants"], view=view, views=list(VIEWS)
    )


async def decide(request: Request) -> Response:
    """Approve, refuse or end a grant."""
    desk, form = desk_of(request), await form_of(request)
    name = request.path_params["action"]
    if name not in ACTIONS:
        raise HTTPException(404)
    variables = {"id": f"grt_{request.path_params['id']}"}
    await desk.act(request, ACTIONS[name], variables, f"grants.{name}_done")
    return go(f"/people/{form.text('subject')}/files" if form.text("subject").startswith("sub_") else "/grants")


async def show_files(request: Request) -> Response:
    """Show the file names of a person while a grant is open, and how to ask for one otherwise.

    The first page has all accounts; a later one goes on in the account that the address names.
    """
    desk, query = desk_of(request), request.query_params
    await desk.role(request)
    variables: dict[str, Any] = {"by": {"id": f"sub_{request.path_params['id']}"}}
    if query.get("account"):
        variables |= {"account": query["account"], "after": query.get("after") or None}
        data = await desk.ask(request, "files_of_account", variables, is_partial=True)
    else:
        data = await desk.ask(request, "files", variables, is_partial=True)
    subject: dict[str, Any] | None = data.get("subject")
    if not subject:
        raise HTTPException(404)
    accounts = subject["syncAccounts"]
    if query.get("account"):
        account = data.get("node") or {}
        accounts = [account for each in accounts if each["id"] == account.get("id")]
    name = request.scope["desk_viewer"]["name"]
    grants = {
        state: next((grant for grant in _nodes(data.get(state)) if _is_for(grant, subject["id"], name)), None)
        for state in ("open", "waiting")
    }
    return desk.page(
        request,
        "files.html",
        section="search",
        subject=subject,
        accounts=accounts,
        open=grants["open"],
        waiting=grants["waiting"],
        minutes=MINUTES,
    )


def _nodes(connection: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [edge["node"] for edge in (connection or {}).get("edges", ())]


def _is_for(grant: dict[str, Any], subject_id: str, actor: str) -> bool:
    return bool(grant["subjectId"] == subject_id and grant["actor"] == actor)


async def ask_for_grant(request: Request) -> Response:
    """Ask for access to the file names of a person; another person decides."""
    desk, form = desk_of(request), await form_of(request)
    subject_id = f"sub_{request.path_params['id']}"
    minutes = int(form.text("minutes")) if form.text("minutes").isdecimal() else 0
    await desk.act(request, "open_access_grant", {"subject": subject_id, "minutes": minutes}, "grants.asked")
    return go(f"/people/{subject_id}/files")


ROUTES: Final = [
    Route("/grants", show_grants),
    Route("/grants/grt_{id}/{action}", decide, methods=["POST"]),
    Route("/people/sub_{id}/files", show_files),
    Route("/people/sub_{id}/files", ask_for_grant, methods=["POST"]),
]
