"""The database goes back to an earlier state while the API and a worker run: only a replay lets them continue."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from models.erasure.ledger_lag import LedgerLagError
from models.storage.database import OUTAGE_ERRORS
from tests.cli.commands import privacy
from tests.conftest import Api, Databases, Running, issued, settings_for
from tests.journeys.isolated_databases import erasure_worker, open_world
from tests.people import DECIDE, GRANT
from tests.readiness import readiness
from workers.erasure_worker import ErasureWorker

ERASE = """mutation Erase($who: SubjectBy!) {
  requestErasure(subject: $who, channel: WEBSITE, identity: ATTESTED, immediately: true) { id state }
}"""
GoBack = Callable[[], Awaitable[None]]
Way = Callable[[Databases, Path], AsyncGenerator[GoBack, None]]


def name_of(databases: Databases) -> str:
    return databases.url.rpartition("/")[2].partition("?")[0]


async def by_restore(databases: Databases, at: Path) -> AsyncGenerator[GoBack, None]:
    run = await privacy("backup", "--to", str(at / "backups"), on=databases, at=at)
    assert run.code == 0, run.errors
    [dump] = (at / "backups").iterdir()

    async def go_back() -> None:
        restored = await privacy("restore", str(dump), "--yes", "--no-replay", on=databases, at=at)
        assert restored.code == 0, restored.errors

    yield go_back


async def by_hand(databases: Databases, at: Path) -> AsyncGenerator[GoBack, None]:
    dump = at / "by-hand.dump"
    databases.cluster.run("pg_dump", "--format=custom", f"--file={dump}", "-d", name_of(databases))

    async def go_back() -> None:
        schemas = "DROP SCHEMA public, monthly CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner"
        databases.cluster.run("psql", "--quiet", "-d", name_of(databases), "-c", schemas)
        databases.cluster.run("pg_restore", "--single-transaction", "-d", name_of(databases), str(dump))

    yield go_back


async def by_failover(databases: Databases, _at: Path) -> AsyncGenerator[GoBack, None]:
    """Replace the database by a copy that was made earlier, under the same name: a stale replica takes over."""
    name = name_of(databases)
    stale, failed = f"stale_{name}", f"failed_{name}"

    def execute(*commands: str) -> None:
        databases.cluster.run("psql", "--quiet", *(word for command in commands for word in ("-c", command)))

    def disconnect(*names: str) -> str:
        listed = ", ".join(f"'{each}'" for each in names)
        return f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ({listed})"

    def remove() -> None:
        execute(*(f'DROP DATABASE IF EXISTS "{each}" WITH (FORCE)' for each in (stale, failed)))

    dump = databases.cluster.run("pg_dump", "-d", name)
    remove()
    execute(f'CREATE DATABASE "{stale}" TEMPLATE template0')
    databases.cluster.run("psql", "--quiet", "-d", stale, text=dump)

    async def go_back() -> None:
        execute(
            f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
            disconnect(name),
            f'ALTER DATABASE "{name}" RENAME TO "{failed}"',
            f'ALTER DATABASE "{stale}" RENAME TO "{name}"',
        )

    try:
        yield go_back
    finally:
        remove()


async def refused(worker: ErasureWorker) -> None:
    """Run the worker until it notices; rounds on a connection that was lost fail before."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(*OUTAGE_ERRORS):
                try:
                    await worker.round()
                except LedgerLagError:
                    return


@pytest.mark.parametrize("way", [by_restore, by_hand, by_failover])
def test_only_a_replay_opens_the_service_after_the_database_went_back(
    aside: Databases, tmp_path: Path, way: Way
) -> None:
    secrets = asyncio.run(issued(aside))
    service = Running(settings_for(aside))
    with service as url:
        api = Api(url, secrets)
        try:
            asyncio.run(_went_back(aside, api, tmp_path, way))
        finally:
            api.client.close()


async def _went_back(databases: Databases, api: Api, at: Path, way: Way) -> None:
    who = {"id": await asyncio.to_thread(api.register, "ada@example.com")}
    decide: dict[str, Any] = {"who": who, "purpose": "newsletter"}
    granting: dict[str, Any] = {**decide, "channel": "STORE"}
    assert (await asyncio.to_thread(api.ask, "STORE", GRANT, **granting)).data
    async with open_world(databases) as world, contextlib.aclosing(way(databases, at)) as ways:
        worker = erasure_worker(world)
        go_back = await anext(ways)
        await asyncio.to_thread(api.ask, "ADMIN", ERASE, who=who)
        assert await worker.drain() == 1
        assert await worker.round() is None, "the mark has advanced over the erasure"
        decided = await asyncio.to_thread(api.ask, "STORE", DECIDE, **decide)
        assert decided.data["consentDecision"]["allowed"] is False
        await go_back()
        await refused(worker)
        await until(api, 503)
        for _ in range(5):
            with pytest.raises(LedgerLagError):
                await worker.round()
            assert (await asyncio.to_thread(api.ask, "STORE", DECIDE, **decide)).code == "UNAVAILABLE"
            assert (await asyncio.to_thread(api.ask, "STORE", GRANT, **granting)).code == "UNAVAILABLE"
            assert (await ready(api)).status_code == 503
        replayed = await privacy("restore", "replay", on=databases, at=at)
        assert "1 erasures in the ledger, 1 people erased again" in replayed.out, replayed.errors
        await until(api, 200)
        decided = await asyncio.to_thread(api.ask, "STORE", DECIDE, **decide)
        assert decided.data["consentDecision"]["allowed"] is False
        await worker.drain()


async def ready(api: Api) -> httpx2.Response:
    return await asyncio.to_thread(readiness, api.url)


async def until(api: Api, status: int) -> None:
    async with asyncio.timeout(60):
        while (await ready(api)).status_code != status:
            pass
