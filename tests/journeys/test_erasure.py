"""A person is erased: nothing of them is left anywhere, whoever dies meanwhile and whatever is restored after."""

import asyncio
import base64
import contextlib
import hashlib
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import httpx
import pytest

import migrations
from cli import roles
from cli.embedded import Cluster
from cli.embedded.places import home_of
from models import intakes, lags, registrations, replays, steps
from models.actors import Actor, Role
from models.consents import Channel
from models.database import Database
from models.deeds import deed
from models.intakes import Wish
from models.keyring import Keyring
from models.masters import MasterKeys
from models.names import Name
from models.registrations import Registration
from models.requests import ErasureReason, IdentityProof
from tests.cli.commands import environment, privacy
from tests.conftest import ROOT, Api, Databases, Running, World, settings_for
from tests.people import CARD, GRANT, RECORD_SYNC, STORE_CARD, SYNC
from workers.erasures import Erasures

NOW = Wish(Channel.WEBSITE, IdentityProof.ATTESTED, ErasureReason.REQUESTED, immediately=True)
ERASE = """mutation Erase($who: SubjectBy!) {
  requestErasure(subject: $who, channel: EMAIL, identity: ATTESTED, immediately: true) { id state subjectId }
}"""
REQUEST = """query Request($id: ID!) { rightsRequest(id: $id) {
  id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity
  denialReason retained { what ground until } certificate { issuedAt jws }
  steps { id requestId system accountReference state attempts nextAttemptAt completedAt recordsErased error }
} }"""
STEPS = """query Steps($system: String!) {
  erasureSteps(system: $system, state: null) { edges { node { id accountReference error } } }
}"""
FAIL = "mutation Fail($id: ID!, $error: String!) { failErasureStep(id: $id, error: $error) { id state error } }"
COMPLETE = "mutation Done($id: ID!) { completeErasureStep(id: $id, recordsErased: 4) { id state accountReference } }"
CANARIES = {
    "address": "canary.primary@example.com",
    "second": "canary.second@example.org",
    "name": "Canary Nameson",
    "account": "canary-account-771",
    "card": "canary-card-772",
    "sync": "canary-sync-773",
    "app": "CanaryApp",
    "version": "canary-9.9",
    "platform": "CanaryOS",
    "agent": "CanaryAgent/774 (Nest)",
    "file": "canary-diary-775.txt",
    "error": "canary said by the forum 776",
}


@contextlib.contextmanager
def two_databases(cluster: Cluster, suffix: str) -> Iterator[Databases]:
    """Give two databases of one's own, which a test may roll back or stop."""
    names = f"aside_{suffix}", f"aside_keyring_{suffix}"
    for history, name in zip(migrations.HISTORIES, names, strict=True):
        cluster.run("dropdb", "--if-exists", "--force", name)
        cluster.create_database(name)
        asyncio.run(migrations.upgrade(history, cluster.url(name)))
        asyncio.run(roles.apply(history, cluster.url(name)))
    yield Databases(cluster, cluster.url(names[0]), cluster.url(names[1]), MasterKeys.made())
    for name in names:
        cluster.run("dropdb", "--if-exists", "--force", name)


@pytest.fixture
def aside(cluster: Cluster, worker_id: str) -> Iterator[Databases]:
    with two_databases(cluster, worker_id) as made:
        yield made


@contextlib.asynccontextmanager
async def world_of(databases: Databases) -> AsyncIterator[World]:
    database = await Database.open(databases.url, databases.keyring_url, readers=4, writers=10, timeout=10)
    try:
        keyring = Keyring(database.keyring, MasterKeys(databases.master_key))
        await keyring.load()
        yield World(database, keyring)
    finally:
        await database.close()


def worker(world: World) -> Erasures:
    return Erasures(
        world.database, world.keyring, issuer="https://privacy.example.com", backup_life=timedelta(days=183)
    )


def carried_out(databases: Databases) -> int:
    async def drained() -> int:
        async with world_of(databases) as world:
            return await worker(world).drain()

    return asyncio.run(drained())


async def people(world: World, count: int, *, account: bool = False) -> list[UUID]:
    """Register people and ask for each to be erased at once."""
    ids = []
    for number in range(count):
        given = Registration(f"user{number}@example.com", account=("forum", f"u{number}") if account else None)
        async with deed(world.database, world.keyring, Actor("store", Role.STORE, (Role.STORE,)), "test") as made:
            ids.append(await registrations.register(made, given))
        async with deed(world.database, world.keyring, Actor("admin", Role.ADMIN, (Role.ADMIN,)), "test") as made:
            await intakes.request(made, Name.email(given.email), NOW)
    return ids


def encodings(text: str) -> set[bytes]:
    """Give a value as it might stand somewhere: in the clear, encoded, and hashed without a key."""
    octets = text.encode()
    forms = {octets, octets.lower(), octets.upper(), text.encode("utf-16-le"), octets.hex().encode(), octets[::-1]}
    forms |= {base64.b64encode(octets)[:-4], base64.urlsafe_b64encode(octets)[:-4], quote(text).encode()}
    for digest in (hashlib.sha256, hashlib.md5, hashlib.sha1):
        forms |= {digest(form).digest() for form in (octets, octets.lower())}
        forms |= {digest(form).hexdigest().encode() for form in (octets, octets.lower())}
    return forms


def places_with(canaries: dict[str, str], places: dict[str, bytes]) -> list[tuple[str, str]]:
    return [
        (name, place)
        for name, text in canaries.items()
        for form in encodings(text)
        for place, octets in places.items()
        if form in octets
    ]


def kept_anywhere(databases: Databases) -> dict[str, bytes]:
    """Give everything that stays: both databases' dumps, the write-ahead log, the server's log, and var/."""
    cluster = databases.cluster
    cluster.run("psql", "-c", "CHECKPOINT")
    places = {
        name: cluster.run("pg_dump", "-d", dsn.rpartition("/")[2].partition("?")[0]).encode()
        for name, dsn in {"privacy": databases.url, "keyring": databases.keyring_url}.items()
    }
    home = home_of(cluster.directory)
    for path in [*home.rglob("pg_wal/*"), *home.rglob("*.log"), *(ROOT / "var").glob("*")]:
        if path.is_file():
            places[str(path.name)] = path.read_bytes()
    return places


def everything_known(api: Api) -> tuple[str, str]:
    """Register a person of whom every value is a canary; give their id and the step's system."""
    c = CANARIES
    given = {"displayName": c["name"], "country": "DE", "account": {"system": "forum", "reference": c["account"]}}
    subject = api.register(c["address"], **given)
    who = {"id": subject}
    assert api.ask(
        "SUPPORT",
        "mutation($who: SubjectBy!, $new: String!) { correctSubject(subject: $who, input: {addEmail: $new}) { id } }",
        who=who,
        new=c["second"],
    ).data
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE").data
    assert api.ask("STORE", STORE_CARD, who=who, input={**CARD, "reference": c["card"]}).data
    client = {"app": c["app"], "version": c["version"], "platform": c["platform"], "userAgent": c["agent"]}
    files = [{"name": c["file"], "sizeBytes": 17, "modifiedAt": "2026-01-30T12:00:00Z"}]
    synced = {**SYNC, "reference": c["sync"], "client": client, "files": files}
    assert api.ask("SYNC", RECORD_SYNC, who=who, input=synced).data
    assert api.ask(
        "SUPPORT", "query($who: SubjectBy!) { subject(by: $who) { emails { address } displayName } }", who=who
    ).data
    return subject, "forum"


def test_every_value_of_a_person_is_a_canary_and_none_is_left(
    api: Api, databases: Databases, capfd: pytest.CaptureFixture[str]
) -> None:
    subject, system = everything_known(api)
    request = api.ask("ADMIN", ERASE, who={"email": CANARIES["address"]}).data["requestErasure"]
    assert (request["state"], request["subjectId"]) == ("SCHEDULED", subject)
    assert carried_out(databases) == 1
    found = api.ask("PRIVACY", REQUEST, id=request["id"]).data["rightsRequest"]
    assert found["state"] == "PARTIALLY_COMPLETED"
    [edge] = api.ask("SERVICE", STEPS, system=system).data["erasureSteps"]["edges"]
    step = edge["node"]
    assert step["accountReference"] == CANARIES["account"]
    failed = api.ask("SERVICE", FAIL, id=step["id"], error=CANARIES["error"]).data["failErasureStep"]
    assert (failed["state"], failed["error"]) == ("FAILED", CANARIES["error"])
    done = api.ask("SERVICE", COMPLETE, id=step["id"]).data["completeErasureStep"]
    assert (done["state"], done["accountReference"]) == ("DONE", None)
    carried_out(databases)
    certificate = api.ask("PRIVACY", REQUEST, id=request["id"]).data["rightsRequest"]["certificate"]
    assert certificate["jws"]

    answers = b""
    for role in Role:
        for document, given in (
            ("query($who: SubjectBy!) { subject(by: $who) { id status } }", {"who": {"id": subject}}),
            (REQUEST, {"id": request["id"]}),
            (STEPS, {"system": system}),
            (
                "query($id: ID!) { node(id: $id) { id ... on Subject { emails { address } displayName country } } }",
                {"id": subject},
            ),
            (
                "query($id: ID!) { node(id: $id) { id ... on Subject { accounts { reference } consents { state } } } }",
                {"id": subject},
            ),
            (
                "query($id: ID!) { node(id: $id) { id ... on Subject { paymentFragments { reference lastDigits } } } }",
                {"id": subject},
            ),
            (
                "query($id: ID!) { node(id: $id) { ... on Subject { syncAccounts { clients { app } reference } } } }",
                {"id": subject},
            ),
            (
                "query($id: ID!) { accessEvents(subject: $id) { edges { node { actor fields operation } } } }",
                {"id": subject},
            ),
            ("query($who: SubjectBy!) { erasurePlan(subject: $who) { items { what } } }", {"who": {"id": subject}}),
        ):
            answers += str(api.ask(str(role), document, **given).body).encode()
    captured = capfd.readouterr()
    log = captured.err + captured.out
    places = {**kept_anywhere(databases), "answers": answers, "log": log.encode()}
    assert b"ERASED" in places["privacy"]
    assert subject.removeprefix("sub_") in places["privacy"].decode().replace("-", "")
    assert places_with(CANARIES, places) == []
    left = {"somewhere": base64.b64encode(b"see canary-card-772?") + hashlib.sha256(b"Canary Nameson").digest()}
    assert len(places_with(CANARIES, {**left, "log": b"to CANARY.PRIMARY@EXAMPLE.COM"})) >= 2, "the search has teeth"


def test_whoever_looks_an_erased_person_up_learns_nothing(api: Api, databases: Databases) -> None:
    subject, _ = everything_known(api)
    api.ask("ADMIN", ERASE, who={"id": subject})
    carried_out(databases)
    decided = 'query($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed reason } }'
    assert (
        api.ask("STORE", decided, who={"email": CANARIES["address"]}).data["consentDecision"]["reason"]
        == "UNKNOWN_SUBJECT"
    )
    assert api.ask("STORE", decided, who={"id": subject}).data["consentDecision"] == {
        "allowed": False,
        "reason": "ERASING",
    }
    assert api.ask("STORE", STORE_CARD, who={"id": subject}, input=CARD).code == "SUBJECT_ERASED"
    assert (
        api.ask(
            "SYNC", RECORD_SYNC, who={"account": {"system": "forum", "reference": CANARIES["account"]}}, input=SYNC
        ).code
        == "SUBJECT_NOT_FOUND"
    )
    assert (
        api.ask(
            "ADMIN",
            "mutation($i: RegisterSubjectInput!) { registerSubject(input: $i) { id } }",
            i={"email": CANARIES["address"]},
        ).code
        == "SUBJECT_ERASED"
    )
    assert api.register(CANARIES["address"]) != subject


def killed_and_begun_again(databases: Databases, kills: int, seed: int) -> None:
    """Kill the worker at random moments, then let one live; everybody must be erased once."""

    async def prepared() -> list[UUID]:
        async with world_of(databases) as world:
            return await people(world, 8 * kills, account=False)

    ids = asyncio.run(prepared())
    chance = random.Random(seed)
    given = environment(databases) | {"LEASE": "0.3"}
    command = [sys.executable, "-m", "tests.journeys.worker"]
    for _ in range(kills):
        with subprocess.Popen(
            command, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == b"begins\n"
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.0, 0.12))
            process.kill()
    carried_out_when_leases_end(databases, len(ids))

    async def checked() -> None:
        async with world_of(databases) as world, world.database.writers.acquire() as connection:
            once = {
                "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED' AND certificate IS NOT NULL": len(ids),
                "SELECT count(*) FROM subjects WHERE status = 'ERASED'": len(ids),
                "SELECT count(*) FROM letters WHERE letter = 'erasure_done'": len(ids),
                "SELECT count(*) FROM access_events WHERE fields = '{erase}'": len(ids),
                "SELECT count(*) FROM email_addresses": 0,
                "SELECT position FROM ledger_marks": len(ids),
                "SELECT count(*) FROM rights_requests WHERE erased ->> 'mail addresses' = '1'": len(ids),
            }
            for sql, count in once.items():
                assert await connection.fetchval(sql) == count, sql
            async with world.keyring.pool.acquire() as ring:
                assert await ring.fetchval("SELECT count(*) FROM subject_keys") == 0
                assert await ring.fetchval("SELECT count(*) FROM erasures WHERE completed_at IS NOT NULL") == len(ids)
            assert await lags.lag(world.database, world.keyring) is None

    asyncio.run(checked())


def carried_out_when_leases_end(databases: Databases, wanted: int) -> None:
    async def drained() -> None:
        async with world_of(databases) as world:
            last = worker(world)
            async with asyncio.timeout(60):
                while True:
                    await last.drain()
                    async with world.database.writers.acquire() as connection:
                        done = await connection.fetchval(
                            "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'"
                        )
                    if done == wanted:
                        await last.drain()
                        return
                    await asyncio.sleep(0.1)

    asyncio.run(drained())


def test_a_worker_killed_at_any_moment_leaves_nothing_undone_and_does_nothing_twice(aside: Databases) -> None:
    killed_and_begun_again(aside, 8, 1)


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
def test_a_worker_killed_a_hundred_times(aside: Databases) -> None:
    killed_and_begun_again(aside, 100, 2)


def test_a_restored_backup_brings_nobody_back(  # noqa: PLR0915 -- it is one story
    aside: Databases, tmp_path: Path
) -> None:
    async def before() -> list[UUID]:
        async with world_of(aside) as world:
            ids = await people(world, 3, account=True)
            async with deed(world.database, world.keyring, Actor("store", Role.STORE, (Role.STORE,)), "test") as made:
                await registrations.register(made, Registration("stays@example.com", "Stays Here"))
            return ids

    ids = asyncio.run(before())
    made = asyncio.run(privacy("backup", "--to", str(tmp_path / "backups"), on=aside, at=tmp_path))
    assert made.code == 0, made.errors
    [dump] = (tmp_path / "backups").iterdir()
    assert dump.stat().st_mode & 0o777 == 0o600

    async def after() -> None:
        async with world_of(aside) as world:
            await worker(world).drain()
            async with world.database.writers.acquire() as connection:
                rows = await connection.fetch("SELECT id FROM erasure_steps")
            for row in rows[:2]:
                async with deed(world.database, world.keyring, Actor("f", Role.SERVICE, (Role.SERVICE,)), "t") as made:
                    await steps.complete(made, row[0], 1)
            await worker(world).drain()

    asyncio.run(after())
    restored = asyncio.run(privacy("restore", str(dump), "--yes", "--no-replay", on=aside, at=tmp_path))
    assert restored.out.startswith("restored; 3 letters that waited"), restored.errors

    async def brought_back() -> None:
        async with world_of(aside) as world:
            async with world.database.writers.acquire() as connection:
                assert await connection.fetchval("SELECT count(*) FROM email_addresses") == 4
            async with world.keyring.pool.acquire() as ring:
                keys = await world.keyring.of_subjects(ring, ids)
            assert dict(keys) == {}, "what the backup brought back opens with no key"
            assert await lags.lag(world.database, world.keyring) is lags.Lag.DATABASE_IS_OLDER
            with pytest.raises(Exception, match="older"):
                await worker(world).round()

    asyncio.run(brought_back())
    service = Running(settings_for(aside))
    service.thread.start()
    url = f"http://127.0.0.1:{service.port}"
    answer = asked_until(url, 503)
    assert answer["ready"] is False
    assert "privacy restore replay" in answer["ledger"]
    refused = httpx.post(f"{url}/graphql", json={"query": "{ viewer { name } }"}, headers={"authorization": "Bearer x"})
    assert refused.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "retryable": True}
    for again in (3, 0):
        replayed = asyncio.run(privacy("restore", "replay", on=aside, at=tmp_path))
        assert f"3 erasures in the ledger, {again} people erased again" in replayed.out, replayed.errors
    assert asked_until(url, 200)["ledger"] == "ok"
    service.server.should_exit = True
    service.thread.join(20)

    async def gone() -> None:
        async with world_of(aside) as world:
            await worker(world).drain()
            async with world.database.writers.acquire() as connection:
                assert await connection.fetchval("SELECT count(*) FROM email_addresses") == 1
                assert await connection.fetchval("SELECT count(*) FROM subjects WHERE status = 'ACTIVE'") == 1
                states = await connection.fetch("SELECT state, count(*) FROM rights_requests GROUP BY 1 ORDER BY 1")
                assert [tuple(row) for row in states] == [("COMPLETED", 2), ("PARTIALLY_COMPLETED", 1)]
                told = await connection.fetch("SELECT system FROM erasure_steps WHERE state = 'PENDING'")
                assert [row[0] for row in told] == ["forum"]

    asyncio.run(gone())


def asked_until(url: str, status: int) -> dict[str, Any]:
    """Ask whether the service is ready until it answers so."""
    deadline = asyncio.run(_deadline())
    while True:
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.get(f"{url}/readyz")
            if (
                answer.status_code == status and "privacy restore" in answer.text
            ) or answer.status_code == status == 200:
                return dict(answer.json())
        assert asyncio.run(_deadline()) - deadline < 20, "the service did not answer so"


async def _deadline() -> float:
    return asyncio.get_running_loop().time()


def test_a_backup_from_before_anybody_was_registered_forgets_nothing(aside: Databases, tmp_path: Path) -> None:
    asyncio.run(privacy("backup", "--to", str(tmp_path), on=aside, at=tmp_path))
    [dump] = tmp_path.glob("*.dump")

    async def lived() -> None:
        async with world_of(aside) as world:
            await people(world, 2)
            await worker(world).drain()

    asyncio.run(lived())
    restored = asyncio.run(privacy("restore", str(dump), "--yes", on=aside, at=tmp_path))
    assert "2 erasures in the ledger, 0 people erased again" in restored.out, restored.errors
    carried_out(aside)

    async def known() -> None:
        async with world_of(aside) as world, world.database.writers.acquire() as connection:
            assert await connection.fetchval("SELECT count(*) FROM subjects WHERE status = 'ERASED'") == 2
            assert await connection.fetchval("SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'") == 2

    asyncio.run(known())


def test_a_keyring_that_was_rolled_back_is_noticed_and_its_keys_are_destroyed_again(aside: Databases) -> None:
    name = aside.keyring_url.rpartition("/")[2].partition("?")[0]

    async def lived() -> None:
        async with world_of(aside) as world:
            await people(world, 2)

    asyncio.run(lived())
    old = aside.cluster.run("pg_dump", "--clean", "--if-exists", "-d", name)
    carried_out(aside)
    aside.cluster.run("psql", "-d", name, text=old)

    async def mended() -> None:
        async with world_of(aside) as world:
            assert await lags.lag(world.database, world.keyring) is lags.Lag.KEYRING_IS_OLDER
            assert (await replays.replay(world.database, world.keyring)).reentered == 2
            assert await lags.lag(world.database, world.keyring) is None
            async with world.keyring.pool.acquire() as ring:
                assert await ring.fetchval("SELECT count(*) FROM subject_keys") == 0

    asyncio.run(mended())


def test_postgresql_stopped_in_the_middle_holds_erasures_up_and_loses_none(tmp_path: Path, worker_id: str) -> None:
    place = ROOT / "var" / f"stopped-{worker_id}"
    cluster = Cluster(place, settings={"max_connections": "60"})
    try:
        cluster.start()
        with two_databases(cluster, worker_id) as databases:
            asyncio.run(_stopped_meanwhile(cluster, databases))
    finally:
        cluster.remove()


async def _stopped_meanwhile(cluster: Cluster, databases: Databases) -> None:
    async with world_of(databases) as world:
        ids = await people(world, 60)
        running = asyncio.create_task(worker(world).run(poll=0.01))
        async with asyncio.timeout(30):
            while not await _count(world, "SELECT count(*) FROM rights_requests WHERE state <> 'SCHEDULED'"):  # noqa: ASYNC110 -- PostgreSQL tells nobody
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
