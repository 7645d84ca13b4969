"""Several processes migrate the same databases at once, and versions of the service share databases."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import asyncpg
import httpx
import pytest

from cli import database_roles
from cli.embedded import Cluster
from migrations import HISTORIES, head
from tests.cli.commands import privacy, start
from tests.conftest import Databases, Templates

pytestmark = pytest.mark.anyio


@pytest.fixture
def empty(databases: Databases, templates: Templates, worker_id: str) -> Iterator[Databases]:
    """Return two databases without tables."""
    names = f"empty_{worker_id}", f"empty_keyring_{worker_id}"
    templates.drop(*names)
    for name in names:
        databases.cluster.create_database(name)
    yield databases._replace(url=databases.cluster.url(names[0]), keyring_url=databases.cluster.url(names[1]))
    templates.drop(*names)


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def test_migrations_that_start_at_once_all_succeed(empty: Databases, tmp_path: Path) -> None:
    commands = [await start("migrate", on=empty, at=tmp_path) for _ in range(5)]
    results = await asyncio.gather(*(command.wait() for command in commands))
    assert [(result.code, result.errors) for result in results] == [(0, "")] * 5
    migrated = f"privacy: nothing -> {head('privacy')}\nkeyring: nothing -> {head('keyring')}\n"
    unchanged = f"privacy: was {head('privacy')}\nkeyring: was {head('keyring')}\n"
    assert sorted(result.out for result in results) == sorted([migrated, *[unchanged] * 4])
    for history, url in zip(HISTORIES, (empty.url, empty.keyring_url), strict=True):
        assert await database_roles.differences(history, url) == []


async def test_roles_that_are_applied_at_once_end_as_the_policy_has_them(empty: Databases, tmp_path: Path) -> None:
    assert (await privacy("migrate", on=empty, at=tmp_path)).code == 0
    await asyncio.gather(*(database_roles.apply("privacy", empty.url) for _ in range(6)))
    assert await database_roles.differences("privacy", empty.url) == []


async def test_an_older_version_leaves_a_newer_database_unchanged(empty: Databases, tmp_path: Path) -> None:
    assert (await privacy("migrate", on=empty, at=tmp_path)).code == 0
    await execute(empty.url, "UPDATE alembic_version SET version_num = '9999'")
    # A privilege of the newer version, which this version would revoke.
    await execute(empty.url, "GRANT SELECT (address) ON email_addresses TO privacy_store")
    ran = await privacy("migrate", on=empty, at=tmp_path)
    assert (ran.code, ran.errors) == (0, "")
    assert ran.out == (
        f"privacy: was 9999, which a newer version has made (this one knows {head('privacy')}): nothing was changed\n"
        f"keyring: was {head('keyring')}\n"
    )
    assert await database_roles.differences("privacy", empty.url) == [
        "privacy_store may SELECT email_addresses.address, and must not"
    ]


async def test_two_demonstrations_of_one_directory_start_at_once(tmp_path: Path) -> None:
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    processes = [await start("serve", "--demo", "--port", str(port), at=tmp_path) for port in ports]
    try:
        await asyncio.gather(*(_ready(port) for port in ports))
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        results = [await process.wait() for process in processes]
        Cluster(tmp_path / "var" / "postgres").remove()
    assert not any("Traceback" in result.errors for result in results)


async def _ready(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False) as client:
        with anyio.fail_after(120):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get("/readyz")).is_success:
                        return
                await anyio.sleep(0.1)
