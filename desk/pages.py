"""What every page uses: the API as the agent, the templates, forms, redirects with messages, and the viewer."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from desk import formats
from desk.api_client import ApiClient, ApiRefusal
from desk.oidc import Provider
from desk.security import Form, read_form
from desk.sessions import SessionCodec, session_of
from desk.settings import DeskSettings
from desk.texts import Texts

HERE: Final = Path(__file__).parent
ROLES: Final = ("SUPPORT", "BILLING", "PRIVACY", "AUDITOR", "ANALYST", "ADMIN")
"""The roles that have pages."""
CASE: Final = re.compile(r"[A-Za-z0-9#:_/-]{3,64}")
SET_CASE: Final = "set_case"
"""The field with a case, in a form that is sent again."""
PEOPLE: Final = "Subject.emails"
"""The field of roles that find people and open their pages. `Query.subject` alone finds no more than an id."""
NAVIGATION: Final = (
    ("/", "search", PEOPLE),
    ("/requests", "requests", "Query.rightsRequests"),
    ("/grants", "grants", "Query.accessGrants"),
    ("/record", "record", "Query.accessEvents"),
    ("/incidents", "incidents", "Query.incidents"),
    ("/incidents/report", "incidents", "Mutation.reportIncident"),
    ("/disclosures", "disclosures", "Query.forcedDisclosures"),
    ("/recipients", "recipients", "Query.recipients"),
    ("/retention", "retention", "Query.retentionRules"),
    ("/backups", "backups", "Query.backups"),
    ("/statistics", "statistics", "Query.statistics"),
    ("/policy", "policy", "Query.policyVersions"),
    ("/tokens", "tokens", "Query.tokens"),
)
"""The links of the menu: path, key of the text and of the section, and the field that the viewer must be permitted."""


class Desk:
    """The parts that pages share: settings, client, texts and templates."""

    def __init__(self, settings: DeskSettings, api: ApiClient, codec: SessionCodec, provider: Provider | None) -> None:
        self.settings = settings
        self.api = api
        self.codec = codec
        self.provider = provider
        self.texts = Texts()
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            undefined=StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {
            "t": self.texts,
            "word": self.texts.word,
            "words": self.texts.words,
            "version": static_version(),
            "minutes_until": lambda value: formats.minutes_until(value, datetime.now(UTC)),
            "days_until": lambda value: formats.days_until(value, datetime.now(UTC)),
        }
        self._templates.filters |= {
            "size": formats.size,
            "value": formats.isolated,
            "plain": formats.shorten,
            "path": formats.path_part,
            "web": formats.web_address,
        }

    def cookie(self, name: str) -> str:
        """Return the name of a cookie, which over TLS belongs to this host alone."""
        return f"__Host-{name}" if self.settings.is_secure else name

    async def ask(
        self, request: Request, operation: str, variables: Mapping[str, Any] | None = None, *, is_partial: bool = False
    ) -> dict[str, Any]:
        """Return the data of an operation that also selects the viewer, whom the page then shows."""
        data = await self.api.run(session_of(request), operation, variables, is_partial=is_partial)
        if isinstance(data.get("viewer"), dict):
            request.scope["desk_viewer"] = data["viewer"]
        return data

    async def role(self, request: Request) -> str:
        """Return the acting role. A session without one acts in the first role of the token that has pages."""
        session = session_of(request)
        if not session.role:
            viewer = (await self.ask(request, "viewer"))["viewer"]
            roles = viewer["roles"]
            session.role = next((role for role in roles if role in ROLES), viewer["role"])
            if session.role != viewer["role"]:
                await self.ask(request, "viewer")
        return session.role

    def page(
        self, request: Request, template: str, *, section: str = "", status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return a page from a template, within the layout."""
        session = session_of(request)
        viewer = request.scope.get("desk_viewer") or {}
        permissions = set(viewer.get("permissions") or ())
        if viewer:
            session.menu = _bits_of(permissions)
        content = self._templates.get_template(template).render(
            session=session,
            viewer=viewer,
            can=permissions.__contains__,
            finds_people=PEOPLE in permissions,
            navigation=_menu_of(session.menu) if session.token else [],
            dict_of_roles=lambda roles: {role: self.texts.word("Role", role) for role in roles if role in ROLES},
            section=section,
            here=address_of(request),
            notices=session.take_notices(),
            time=partial(formats.time_element, date=self.texts.date, zone=session.zone),
            day=partial(formats.day_element, date=self.texts.date, zone=session.zone),
            **values,
        )
        return HTMLResponse(content, status)

    async def act(
        self,
        request: Request,
        operation: str,
        variables: Mapping[str, Any],
        done: str,
        refusals: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """Run a mutation, and leave a message for the next page: the text ``done``, or why it was refused.

        ``refusals`` has texts for codes that mean something of their own here.

        Return the data, or an empty dictionary after a refusal. An outage goes to the page that keeps the form.
        """
        session = session_of(request)
        try:
            data = await self.api.run(session, operation, variables)
        except ApiRefusal as refusal:
            if is_about_the_session(refusal):
                raise
            text = refusals.get(refusal.code) or self.refusal_text(refusal)
            session.notify(text, "refused", refusal.code)
            return {}
        session.notify(done)
        return data

    def refusal_text(self, refusal: ApiRefusal) -> str:
        """Return the key of the text of a refusal."""
        key = f"refusals.{refusal.code}"
        return key if self.texts.has(key) else "refusals.other"


def _bits_of(permissions: set[str]) -> int:
    """Return which links of the menu the viewer may use, one bit each."""
    return sum(1 << place for place, (_, _, field) in enumerate(NAVIGATION) if field in permissions)


def _menu_of(bits: int) -> list[tuple[str, str]]:
    """Return the links of the menu: of each section the first page that the viewer may open."""
    paths: dict[str, str] = {}
    for place, (path, key, _) in enumerate(NAVIGATION):
        if bits >> place & 1:
            paths.setdefault(key, path)
    return [(path, key) for key, path in paths.items()]


def address_of(request: Request) -> str:
    """Return the path and the query of a request."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


async def form_of(request: Request) -> Form:
    """Return the form of a request. It stays in the request, for the page that repeats it after an outage.

    A form that is sent again for want of a case brings it along.
    """
    form: Form | None = request.scope.get("desk_form")
    if form is None:
        sent = await read_form(request)
        if CASE.fullmatch(sent.text(SET_CASE)):
            session_of(request).case = sent.text(SET_CASE)
        form = Form([(name, value) for name, value in sent.pairs if name != SET_CASE])
    request.scope["desk_form"] = form
    return form


def is_about_the_session(refusal: ApiRefusal) -> bool:
    """Return whether the role or the case of the session is what is refused."""
    return refusal.code == "CASE_REQUIRED" or (refusal.code == "FORBIDDEN" and "argument" not in refusal.extensions)


def go(path: str) -> Response:
    """Return a redirect after a form, so that reloading the next page sends nothing again."""
    return RedirectResponse(path, 303)


def local_path(value: str) -> str:
    """Return a path of the desk; the search page for anything else."""
    is_local = value.startswith("/") and not value.startswith(("//", "/\\")) and "\\" not in value
    return value if is_local and value.isprintable() else "/"


def desk_of(request: Request) -> Desk:
    """Return the desk of a request."""
    desk: Desk = request.app.state.desk
    return desk


def static_version() -> str:
    """Return a version of the static files, which browsers keep until it changes."""
    content = b"".join(path.read_bytes() for path in sorted((HERE / "static").iterdir()))
    return sha256(content).hexdigest()[:12]
