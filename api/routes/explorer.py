"""The explorer at `/`: GraphiQL with a choice of role, case and example. It exists only where a setting permits it.

Its files are those of the npm packages in explorer/package.json, which `make explorer` fetches. Nothing is loaded from
elsewhere, and no token is stored in the browser.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from api.access.policy import ACCESS_POLICY, STAFF
from api.graphql.schema import core
from models.actors import Role

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ROOT / "explorer" / "node_modules"
EXAMPLES: Final = ROOT / "docs" / "examples"
TEMPLATES: Final = Path(__file__).parent / "templates"
FILES: Final = {
    "graphiql.js": PACKAGES / "graphiql" / "graphiql.min.js",
    "graphiql.css": PACKAGES / "graphiql" / "graphiql.min.css",
    "react.js": PACKAGES / "react" / "umd" / "react.production.min.js",
    "react-dom.js": PACKAGES / "react-dom" / "umd" / "react-dom.production.min.js",
    "explorer.js": TEMPLATES / "explorer.js",
    "explorer.css": TEMPLATES / "explorer.css",
}
"""The files of the page, by the last part of their paths."""
DIALOG_STYLE: Final = "'sha256-Y/huXlwoYkVyQlxwSVcCi1RCDGDCSVBzDt0hYP9qlTc='"
"""The style that this version of GraphiQL adds while a dialog is open, on a page that does not scroll."""
POLICY: Final = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {DIALOG_STYLE}; font-src data:; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
MISSING: Final = "GraphiQL is not here: run `make explorer`, which needs Node.js, and start the service again.\n"


class Example(NamedTuple):
    """An operation of docs/examples/, with the roles that may use all of its fields."""

    name: str
    query: str
    variables: str
    roles: list[str]


class _Coordinates(Visitor):
    """Collects the coordinates of the fields of a document."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.coordinates: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = get_named_type(self._types.get_parent_type())
        if parent is not None:
            self.coordinates.add(f"{parent.name}.{node.name.value}")


@cache
def examples() -> list[Example]:
    """Return the examples, ordered by name, as far as the files are there."""
    result = []
    for path in sorted(EXAMPLES.glob("*.graphql")):
        query, file = path.read_text(), path.with_suffix(".json")
        variables = file.read_text() if file.exists() else ""
        types = TypeInfo(core)
        collector = _Coordinates(types)
        visit(parse(query), TypeInfoVisitor(types, collector))
        known = collector.coordinates & ACCESS_POLICY.keys()
        roles = [role for role in Role if all(role in ACCESS_POLICY[each] for each in known)]
        result.append(Example(path.stem, query, variables, [*map(str, roles)]))
    return result


def has_files() -> bool:
    """Return whether the files of GraphiQL were fetched."""
    return all(path.exists() for path in FILES.values())


class Explorer:
    """The routes of the explorer. ``tokens`` is a file with the token of each role, or None."""

    def __init__(self, tokens: Path | None) -> None:
        self._tokens = tokens
        self.options = {
            "roles": [{"name": str(role), "needsCase": role in STAFF} for role in Role],
            "examples": [each._asdict() for each in examples()],
        }

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route("/explorer/options.json", self._answer_options), Route("/explorer/{name}", _file)]

    def page(self) -> Response:
        """Return the page, or what to do where the files of GraphiQL are missing."""
        if not has_files():
            return PlainTextResponse(MISSING, 503)
        return FileResponse(TEMPLATES / "explorer.html", headers={"content-security-policy": POLICY})

    async def _answer_options(self, request: Request) -> Response:
        """Answer the roles and examples, and to this machine the tokens of the demonstration."""
        tokens: dict[str, str] = {}
        if self._tokens and self._tokens.exists() and request.url.hostname in LOOPBACK and _is_local(request):
            tokens = json.loads(self._tokens.read_text())
        return JSONResponse(self.options | {"tokens": tokens})


def _is_local(request: Request) -> bool:
    """Return whether the client is on this machine, and no page of another site asks."""
    is_same_site = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    return is_same_site and request.client is not None and request.client.host in LOOPBACK


async def _file(request: Request) -> Response:
    path = FILES.get(request.path_params["name"])
    return FileResponse(path) if path and path.exists() else PlainTextResponse("Not Found", 404)
