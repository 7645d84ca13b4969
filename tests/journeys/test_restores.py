"""PostgreSQL is restored or stopped in the middle: no erased person returns, and no erasure is lost."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from cryptography.exceptions import InvalidTag

from cli.embedded import Cluster
from models.actors import Actor, Role
from models.encryption import email_keys
from models.erasure import ledger_lag, steps
from models.registration import registering
from models.registration.registering import Registration
from models.subjects.email_addresses import ADDRESS
from models.unit_of_work import unit_of_work
from tests.cli.commands import privacy
from tests.conftest import ROOT, Databases, Running, Templates, World, settings_for
from tests.journeys.isolated_databases import (
    drain_isolated_erasures,
    erasure_worker,
    open_world,
    request_erasures,
    two_databases,
)
from tests.models.erasure.restored import replayed


def test_a_restored_backup_brings_nobody_back(  # noqa: PLR0915 -- it is one story
    aside: Databases, tmp_path: Path
) -> None:
    async def before() -> list[UUID]:
        async with open_world(aside) as world:
            ids = await request_erasures(world, 3, account=True)
            async with unit_of_work(
                world.database, world.keyring, Actor("store", Role.STORE, (Role.STORE,)), "test"
            ) as unit:
                await registering.register_or_complete(unit, Registration("stays@example.com", "Stays Here"))
            return ids

    ids = asyncio.run(before())
    run = asyncio.run(privacy("backup", "--to", str(tmp_path / "backups"), on=aside, at=tmp_path))
    assert run.code == 0, run.errors
    [dump] = (tmp_path / "backups").iterdir()
    assert dump.stat().st_mode & 0o777 == 0o600

    async def after() -> None:
        async with open_world(aside) as world:
            await erasure_worker(world).drain()
            async with world.database.writers.acquire() as connection:
                rows = await connection.fetch("SELECT id FROM erasure_steps")
            for row in rows[:2]:
                async with unit_of_work(
                    world.database, world.keyring, Actor("f", Role.SERVICE, (Role.SERVICE,), system="forum"), "t"
                ) as unit:
                    await steps.complete_erasure_step(unit, row[0], 1)
            await erasure_worker(world).drain()
            certified.update(await certificates(world))

    certified: dict[UUID, tuple[Any, ...]] = {}
    asyncio.run(after())
    restored = asyncio.run(privacy("restore", str(dump), "--yes", "--no-replay", on=aside, at=tmp_path))
    assert restored.out.startswith("restored; 3 letters that were queued"), restored.errors

    async def brought_back() -> None:
        async with open_world(aside) as world:
            async with world.database.writers.acquire() as connection:
                assert await connection.fetchval("SELECT count(*) FROM email_addresses") == 4
                sealed = await connection.fetch("SELECT subject_id, address FROM email_addresses")
            opened = [(subject_id, await opening(world, address)) for subject_id, address in sealed]
            assert {subject_id for subject_id, keys in opened if keys == 0} == set(ids), "it opens with no key"
            assert sum(keys for _, keys in opened) == 1, "with no other key, and that of who stays opens"
            assert await ledger_lag.read_lag(world.database, world.keyring) is ledger_lag.LedgerLag.DATABASE_IS_OLDER
            with pytest.raises(Exception, match="older"):
                await erasure_worker(world).round()

    asyncio.run(brought_back())
    service = Running(settings_for(aside))
    service.thread.start()
    url = f"http://127.0.0.1:{service.port}"
    answer = asked_until(url, 503)
    assert answer["ready"] is False
    assert "privacy restore replay" in answer["ledger"]
    refused = httpx2.post(
        f"{url}/graphql", verify=False, json={"query": "{ viewer { name } }"}, headers={"authorization": "Bearer x"}
    )
    assert refused.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "retryable": True}
    for again in (3, 0):
        replayed = asyncio.run(privacy("restore", "replay", on=aside, at=tmp_path))
        assert f"3 erasures in the ledger, {again} people erased again" in replayed.out, replayed.errors
    assert asked_until(url, 200)["ledger"] == "ok"
    service.server.should_exit = True
    service.thread.join(20)

    async def gone() -> None:
        async with open_world(aside) as world:
            await erasure_worker(world).drain()
            async with world.database.writers.acquire() as connection:
                assert await connection.fetchval("SELECT count(*) FROM email_addresses") == 1
                assert await connection.fetchval("SELECT count(*) FROM subjects WHERE status = 'ACTIVE'") == 1
                states = await connection.fetch("SELECT state, count(*) FROM rights_requests GROUP BY 1 ORDER BY 1")
                assert [tuple(row) for row in states] == [("COMPLETED", 2), ("PARTIALLY_COMPLETED", 1)]
                systems = await connection.fetch("SELECT system FROM erasure_steps WHERE state = 'PENDING'")
                assert [row[0] for row in systems] == ["forum"]
            assert await certificates(world) == certified, "as they were signed before the restore"

    assert len(certified) == 2
    asyncio.run(gone())


async def certificates(world: World) -> dict[UUID, tuple[Any, ...]]:
    """Return the certificate of each completed request, with its times and steps."""
    async with world.database.writers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT r.id, r.certificate, r.certified_at, r.erased_at, r.completed_at, r.backups_clear_at, r.erased, "
            "s.system, s.records_erased, s.completed_at FROM rights_requests AS r JOIN erasure_steps AS s "
            "ON s.request_id = r.id WHERE r.state = 'COMPLETED'"
        )
    return {row[0]: tuple(row) for row in rows}


async def opening(world: World, sealed: bytes) -> int:
    """Try every key of people, requests and letters; return how many decrypt a stored value."""
    async with world.keyring.pool.acquire() as ring:
        people = [row[0] for row in await ring.fetch("SELECT subject_id FROM subject_keys")]
        letters = [row[0] for row in await ring.fetch("SELECT letter_id FROM letter_keys")]
        keys = [
            *(await world.keyring.of_subjects(ring, people)).values(),
            *(await email_keys.of_emails(world.keyring, ring, letters)).values(),
        ]
    assert len(keys) > 1
    count = 0
    for key in keys:
        with contextlib.suppress(InvalidTag):
            count += bool(ADDRESS.decrypt(key, sealed))
    return count


def asked_until(url: str, status: int) -> dict[str, Any]:
    """Ask whether the service is ready until it answers so."""
    deadline = asyncio.run(_deadline())
    while True:
        with contextlib.suppress(httpx2.HTTPError):
            answer = httpx2.get(f"{url}/readyz", verify=False)
            if (
                answer.status_code == status and "privacy restore" in answer.text
            ) or answer.status_code == status == 200:
                return dict(answer.json())
        assert asyncio.run(_deadline()) - deadline < 60, "the service did not answer so"


async def _deadline() -> float:
    return asyncio.get_running_loop().time()


def test_a_backup_from_before_anybody_was_registered_forgets_nothing(aside: Databases, tmp_path: Path) -> None:
    asyncio.run(privacy("backup", "--to", str(tmp_path), on=aside, at=tmp_path))
    [dump] = tmp_path.glob("*.dump")

    async def lived() -> None:
        async with open_world(aside) as world:
            await request_erasures(world, 2)
            await erasure_worker(world).drain()

    asyncio.run(lived())
    restored = asyncio.run(privacy("restore", str(dump), "--yes", on=aside, at=tmp_path))
    assert "2 erasures in the ledger, 0 people erased again" in restored.out, restored.errors
    drain_isolated_erasures(aside)

    async def known() -> None:
        async with open_world(aside) as world, world.database.writers.acquire() as connection:
            assert await connection.fetchval("SELECT count(*) FROM subjects WHERE status = 'ERASED'") == 2
            assert await connection.fetchval("SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'") == 2

    asyncio.run(known())


def test_a_keyring_that_was_rolled_back_is_noticed_and_its_keys_are_destroyed_again(aside: Databases) -> None:
    name = aside.keyring_url.rpartition("/")[2].partition("?")[0]

    async def lived() -> None:
        async with open_world(aside) as world:
            await request_erasures(world, 2)

    asyncio.run(lived())
    old = aside.cluster.run("pg_dump", "--clean", "--if-exists", "-d", name)
    drain_isolated_erasures(aside)
    aside.cluster.run("psql", "-d", name, text=old)

    async def mended() -> None:
        async with open_world(aside) as world:
            assert await ledger_lag.read_lag(world.database, world.keyring) is ledger_lag.LedgerLag.KEYRING_IS_OLDER
            assert (await replayed(world)).restored == 2
            assert await ledger_lag.read_lag(world.database, world.keyring) is None
            async with world.keyring.pool.acquire() as ring:
                assert await ring.fetchval("SELECT count(*) FROM subject_keys") == 0

    asyncio.run(mended())


def test_postgresql_stopped_in_the_middle_holds_erasures_up_and_loses_none(testrun_uid: str, worker_id: str) -> None:
    place = ROOT / "var" / f"stopped-{worker_id}"
    cluster = Cluster(place, settings={"max_connections": "60"})
    try:
        cluster.start()
        with two_databases(Templates(cluster, testrun_uid), worker_id) as databases:
            asyncio.run(_stopped_meanwhile(cluster, databases))
    finally:
        cluster.remove()


async def _stopped_meanwhile(cluster: Cluster, databases: Databases) -> None:
    async with open_world(databases) as world:
        ids = await request_erasures(world, 60)
        running = asyncio.create_task(erasure_worker(world).run(poll=0.01))
        async with asyncio.timeout(90):
            while not await _count(world, "SELECT count(*) FROM rights_requests WHERE state <> 'SCHEDULED'"):  # noqa: ASYNC110 -- PostgreSQL sends no event
                await asyncio.sleep(0.005)
        await asyncio.to_thread(cluster.stop)
        assert not cluster.is_running
        await asyncio.to_thread(cluster.start)
        async with asyncio.timeout(90):
            while await _count(world, "SELECT count(*) FROM subjects WHERE status = 'ERASED'") < len(ids):
                with contextlib.suppress(*(asyncpg.PostgresError, OSError)):
                    async with world.database.transaction() as connection:
                        await connection.execute("UPDATE rights_requests SET claimed_until = NULL")
                await asyncio.sleep(0.1)
        running.cancel()
        assert await _count(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done'") == len(ids)


async def _count(world: World, sql: str) -> int:
    try:
        async with world.database.writers.acquire() as connection:
            return int(await connection.fetchval(sql))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return 0
