"""Exports over HTTP, for tests: requesting one, handing in parts, building it and fetching it as the person does."""

import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx2

from models.delivery import claims
from models.exports import links
from models.storage.ids import Prefix, parse_id_of
from tests.conftest import LASTING_WORLDS, Api, Databases, World
from tests.resolvers.test_rights_requests import CONFIRM, code_of
from workers.export_worker import ExportWorker

_Result = TypeVar("_Result")
ISSUER = "https://privacy.example.com"
CONTROLLER = {"name": "Example", "contact": "privacy@example.com"}
OPEN = """mutation Open($who: SubjectBy!, $kind: RequestKind!) {
  openRequest(subject: $who, kind: $kind, channel: WEBSITE) { id state }
}"""
STEPS = """query Steps($system: String!) {
  exportSteps(system: $system) { edges { node { id requestId subjectId kind system references state dueAt } } }
}"""
SHOWN = """query Shown($id: ID!) {
  rightsRequest(id: $id) {
    state completedAt export { readyAt sizeBytes expiresAt downloadedAt } exportSteps { system state sizeBytes }
  }
}"""


def in_world(databases: Databases, function: Callable[[World], Awaitable[_Result]]) -> _Result:
    """Run a function of the models."""
    return LASTING_WORLDS.run(databases, function)


def export_worker(world: World) -> ExportWorker:
    return ExportWorker(world.database, world.keyring, issuer=ISSUER, controller=CONTROLLER)


def drain_exports(databases: Databases) -> int:
    """Plan, build and end all exports that are due."""
    return in_world(databases, lambda world: export_worker(world).drain())


def execute(databases: Databases, sql: str) -> None:
    """Run SQL that no function of the models runs."""
    LASTING_WORLDS.execute(databases, sql)


def values(databases: Databases, sql: str) -> list[Any]:
    """Return the first column of a query of the privacy database."""

    async def run(world: World) -> list[Any]:
        async with world.database.readers.acquire() as connection:
            return [row[0] for row in await connection.fetch(sql)]

    return in_world(databases, run)


def begin_export(api: Api, databases: Databases, subject: str, kind: str = "ACCESS") -> str:
    """Request an export, confirm the code, and have it planned; return the id of the request."""
    request: str = api.ask("STORE", OPEN, who={"id": subject}, kind=kind).data["openRequest"]["id"]
    assert api.ask("STORE", CONFIRM, id=request, code=code_of(databases, request)).data
    drain_exports(databases)
    return request


def step_of(api: Api, role: str, system: str) -> dict[str, Any]:
    """Return the one pending step of a system."""
    [edge] = api.ask(role, STEPS, system=system).data["exportSteps"]["edges"]
    return dict(edge["node"])


def hand_in(api: Api, role: str, step: str, content: bytes, **headers: str) -> httpx2.Response:
    """Send the part of a system."""
    own = {"authorization": f"Bearer {api.secrets[role]}", "content-type": "application/json"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.client.post(f"/exports/{step}", content=content, headers=own | names)


def link_to(databases: Databases, request: str) -> str:
    """Return the path that the letter links to."""

    async def make(world: World) -> str:
        return links.make_token(world.keyring, parse_id_of(Prefix.RIGHTS_REQUEST, request))

    return f"/e/{in_world(databases, make)}"


def mailed_codes(databases: Databases) -> list[str]:
    """Return the codes in letters that wait to be sent."""

    async def read(world: World) -> list[str]:
        emails = await claims.claim(world.database, world.keyring, "example.org", 50)
        return [str(email.context["code"]) for email in emails if "code" in email.context]

    return in_world(databases, read)


def fetch(api: Api, databases: Databases, link: str) -> bytes:
    """Press the button, read the code in the letter, and fetch the archive."""
    mailed_codes(databases)  # those of before
    assert api.client.post(link, data={"send": "code"}).status_code == 200
    [code] = mailed_codes(databases)
    answer = api.client.post(link, data={"code": f" {code[:4].lower()}-{code[4:]}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


def unpacked(archive: bytes) -> dict[str, bytes]:
    """Return the files of an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}
