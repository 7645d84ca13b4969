"""``privacy requests`` lists and shows requests; ``privacy export verify`` finds a changed archive."""

import asyncio
import io
import zipfile
from pathlib import Path

import httpx2
import pytest

from tests.cli.commands import privacy
from tests.conftest import Api, Databases
from tests.journeys.exports import begin_export, drain_exports, execute, fetch, link_to
from tests.people import known

pytestmark = pytest.mark.anyio


def fetch_export(api: Api, databases: Databases) -> tuple[str, bytes]:
    request = begin_export(api, databases, known(api).id)
    execute(databases, "UPDATE rights_requests SET due_at = now() - interval '1 day'")
    return request, fetch_ready(api, databases, request)


def fetch_ready(api: Api, databases: Databases, request: str) -> bytes:
    drain_exports(databases)
    return fetch(api, databases, link_to(databases, request))


def published_keys(api: Api) -> bytes:
    return httpx2.get(f"{api.url}/.well-known/jwks.json", verify=False).content


def tampered(archive: bytes) -> bytes:
    """Return the archive with one letter changed in a file."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, content.replace(b"Ada", b"Bea") if name == "export.json" else content)
    return target.getvalue()


async def test_requests_are_listed_and_shown_and_an_export_is_verified(
    api: Api, databases: Databases, tmp_path: Path
) -> None:
    request, archive = await asyncio.to_thread(fetch_export, api, databases)
    other = await asyncio.to_thread(
        begin_export, api, databases, await asyncio.to_thread(api.register, "b@example.com")
    )
    (tmp_path / "export.zip").write_bytes(archive)
    (tmp_path / "changed.zip").write_bytes(tampered(archive))
    (tmp_path / "jwks.json").write_bytes(await asyncio.to_thread(published_keys, api))

    listing = await privacy("requests", "list", on=databases, at=tmp_path)
    assert request in listing.out
    assert other in listing.out
    overdue = await privacy("requests", "list", "--overdue", on=databases, at=tmp_path)
    assert request not in overdue.out, "it is completed"
    result = await privacy("requests", "show", request, on=databases, at=tmp_path)
    assert "COMPLETED" in result.out
    assert "export fetched:" in result.out
    assert "ada@" not in result.out.lower()

    verified = await privacy("export", "verify", "export.zip", at=tmp_path)
    assert verified.code == 0
    assert request in verified.out
    refused = await privacy("export", "verify", "changed.zip", at=tmp_path)
    assert refused.code == 2
    assert "changed after it was signed" in refused.errors
