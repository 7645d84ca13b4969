"""Tests of database outages: no partial writes, UNAVAILABLE as the answer, and recovery without intervention."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx2
import pytest

import migrations
from cli import database_roles
from cli.embedded import Cluster
from cli.embedded.data_dir import resolve_data_path
from models.access.database_roles import READERS
from models.actors import Role
from models.encryption.master_keys import MasterKeys
from tests.clusters import initialised
from tests.conftest import ROOT, Answered, Api, Databases, Running, issued, settings_for
from tests.people import DECIDE, GRANT, REGISTER, known
from tests.readiness import readiness

DEBIAN = Path("/usr/lib/postgresql/15/bin")
NAMES = ("privacy", "keyring")


class Site(NamedTuple):
    """Two PostgreSQL servers that a test may stop, and the service on them."""

    main: Cluster
    keyring: Cluster
    databases: Databases
    api: Api


@pytest.fixture(scope="module", params=["carried", "debian15"] if (DEBIAN / "initdb").exists() else ["carried"])
def site(request: pytest.FixtureRequest, worker_id: str) -> Iterator[Site]:
    binaries = DEBIAN if request.param == "debian15" else None
    homes = [ROOT / "var" / "outages" / f"{request.param}-{worker_id}" / name for name in NAMES]
    main, keyring = (Cluster(home, binaries=binaries, settings={"fsync": "off"}) for home in homes)
    for cluster, name in ((main, "privacy"), (keyring, "keyring")):
        cluster.remove()
        initialised(cluster.directory, binaries)
        cluster.start()
        cluster.create_database(name)
        asyncio.run(migrations.upgrade(name, cluster.url(name)))
        asyncio.run(database_roles.apply(name, cluster.url(name)))
    databases = Databases(main, main.url("privacy"), keyring.url("keyring"), MasterKeys.generate())
    secrets = asyncio.run(issued(databases))
    with Running(settings_for(databases, statement_timeout=1.0)) as url:
        api = Api(url, secrets)
        yield Site(main, keyring, databases, api)
        api.client.close()
    for cluster in (main, keyring):
        cluster.remove()


@contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()


@contextmanager
def standby(cluster: Cluster) -> Iterator[None]:
    """Restart the server as a read-only standby, as an address leads to one after a fail-over."""
    signal_file = resolve_data_path(cluster.directory) / "data" / "standby.signal"
    cluster.stop()
    signal_file.touch()
    try:
        cluster.start()
        yield
    finally:
        cluster.stop()
        signal_file.unlink()
        cluster.start()


@contextmanager
def hanging(cluster: Cluster) -> Iterator[None]:
    """Suspend every process of the server: it keeps its connections and answers nothing."""
    data = resolve_data_path(cluster.directory) / "data"
    postmaster = int((data / "postmaster.pid").read_text().partition("\n")[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    processes = [postmaster, *(int(child) for child in children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def wait_until_ready(site: Site) -> None:
    """Wait until the service is ready again, for a minute at most."""
    deadline = time.monotonic() + 60
    while httpx2.get(f"{site.api.url}/readyz", verify=False).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_unavailable(answer: Answered) -> bool:
    """Return whether the answer is UNAVAILABLE and permits a retry."""
    extensions = answer.body["errors"][0]["extensions"]
    return extensions["code"] == "UNAVAILABLE" and extensions["retryable"] is True


def count(site: Site, table: str) -> int:
    async def counted() -> int:
        connection = await asyncpg.connect(site.databases.url)
        try:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
        finally:
            await connection.close()

    return asyncio.run(counted())


def ask_decision(site: Site, who: str) -> Answered:
    return site.api.ask("STORE", DECIDE, who={"id": who}, purpose="newsletter")


def test_the_core_works_on_this_postgresql(site: Site) -> None:
    person = known(site.api, "core@example.com")
    assert ask_decision(site, person.id).data["consentDecision"]["allowed"]
    page = (
        "query($id: ID!) { subject(by: { id: $id }) { displayName emails { address } accounts { reference } "
        "consentHistory { edges { node { state } } } syncAccounts { storageBytes clients { app } } } }"
    )
    assert site.api.ask("SUPPORT", page, id=person.id).data["subject"]["displayName"] == "Ada Example"
    assert site.api.ask("PRIVACY", "{ subjects(first: 2) { edges { node { id } } } }").data
    out = "mutation($id: ID!) { optOutOfAll(subject: { id: $id }, channel: SUPPORT) { suppressed } }"
    assert site.api.ask("SUPPORT", out, id=person.id).data
    assert not ask_decision(site, person.id).data["consentDecision"]["allowed"]


def test_answers_are_unavailable_during_an_outage_and_correct_after_it(site: Site) -> None:
    person = known(site.api, "down@example.com")
    people = count(site, "subjects")
    with stopped(site.main):
        # A verified token is cached for one second. After it the service cannot authenticate, which is no 401 either.
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert is_unavailable(ask_decision(site, person.id))
        for _ in range(3):
            answer = site.api.ask("STORE", REGISTER, input={"email": "never@example.com"})
            assert is_unavailable(answer)
            assert answer.status == 503
        ready = readiness(site.api.url)
        assert ready.status_code == 503
        assert ready.json() | {"ready": False, "database": "cannot be reached", "keyring": "ok"} == ready.json()
        assert httpx2.get(f"{site.api.url}/healthz", verify=False).status_code == 200
    wait_until_ready(site)
    assert ask_decision(site, person.id).data["consentDecision"]["allowed"]
    assert count(site, "subjects") == people


def test_a_read_only_standby_answers_reads_and_is_not_ready(site: Site) -> None:
    person = known(site.api, "standby@example.com")
    with standby(site.main):
        deadline = time.monotonic() + 60
        while "errors" in ask_decision(site, person.id).body:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert ask_decision(site, person.id).data["consentDecision"]["allowed"]
        for _ in range(3):
            assert is_unavailable(site.api.ask("STORE", REGISTER, input={"email": "never@example.com"}))
        ready = readiness(site.api.url)
        assert (ready.status_code, ready.json()["database"]) == (503, "is read-only: it is a standby (SQLSTATE 25006)")
    wait_until_ready(site)
    with standby(site.keyring):
        assert is_unavailable(site.api.ask("STORE", REGISTER, input={"email": "never@example.com", "displayName": "N"}))
        ready = readiness(site.api.url)
        assert (ready.status_code, ready.json()["keyring"]) == (503, "is read-only: it is a standby (SQLSTATE 25006)")
    wait_until_ready(site)


def test_a_missing_role_of_callers_is_not_ready(site: Site) -> None:
    async def rename(before: str, after: str) -> None:
        connection = await asyncpg.connect(site.databases.url)
        await connection.execute(f"ALTER ROLE {before} RENAME TO {after}")
        await connection.close()

    assert readiness(site.api.url).status_code == 200
    asyncio.run(rename(READERS[Role.SUPPORT], "elsewhere"))
    try:
        ready = readiness(site.api.url)
        assert ready.status_code == 503
        assert ready.json()["database"] == "roles of callers are missing: run `privacy migrate`"
    finally:
        asyncio.run(rename("elsewhere", READERS[Role.SUPPORT]))
    assert readiness(site.api.url).status_code == 200


def test_readiness_is_answered_soon_while_both_servers_hang(site: Site) -> None:
    with hanging(site.main), hanging(site.keyring):
        for path, status in (("/readyz", 503), ("/readyz", 503), ("/metrics", 200), ("/healthz", 200)):
            # All checks run side by side for one second. One after another, they took eight.
            assert httpx2.get(f"{site.api.url}{path}", verify=False, timeout=4).status_code == status
    wait_until_ready(site)


def test_decisions_continue_without_the_keyring_and_writes_are_rolled_back(site: Site) -> None:
    person = known(site.api, "keyring@example.com")
    people, addresses = count(site, "subjects"), count(site, "email_addresses")
    with stopped(site.keyring):
        assert ask_decision(site, person.id).data["consentDecision"]["allowed"]
        query = "query($id: ID!) { subject(by: { id: $id }) { status displayName } }"
        answer = site.api.ask("SUPPORT", query, id=person.id)
        assert is_unavailable(answer)
        assert "Ada Example" not in str(answer.body)
        assert is_unavailable(
            site.api.ask("STORE", REGISTER, input={"email": "never@example.com", "displayName": "Never"})
        )
        assert readiness(site.api.url).json()["keyring"] == "cannot be reached"
    wait_until_ready(site)
    assert (count(site, "subjects"), count(site, "email_addresses")) == (people, addresses)
    assert site.api.ask("SUPPORT", query, id=person.id).data["subject"]["displayName"] == "Ada Example"


def test_a_stop_of_postgresql_leaves_no_partial_transaction(site: Site) -> None:
    before = count(site, "subjects")
    has_started, has_stopped = threading.Event(), threading.Event()

    def register(number: int) -> Answered:
        if number == 40:
            has_started.set()
        if number >= 100:
            has_stopped.wait()
        person = {
            "email": f"amid{number}@example.com",
            "displayName": "Amid",
            "account": {"system": "store", "reference": str(number)},
        }
        return site.api.ask("STORE", REGISTER, input=person)

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(register, number) for number in range(120)]
        has_started.wait()
        with stopped(site.main):
            has_stopped.set()
            answers = [future.result() for future in futures]
    assert [answer.body for answer in answers if "errors" in answer.body and not is_unavailable(answer)] == []
    assert any("errors" in answer.body for answer in answers)
    answered_count = sum("errors" not in answer.body for answer in answers)
    wait_until_ready(site)
    # A transaction may be committed although its answer was lost. All answered transactions are committed.
    committed_count = count(site, "subjects") - before
    assert answered_count <= committed_count <= 120
    for table in ("email_addresses", "accounts"):
        mine = f"(SELECT 1 FROM {table} AS t JOIN subjects AS s ON s.id = t.subject_id)"
        assert count(site, f"{mine} AS matches") == count(site, table)
    orphans = (
        "(SELECT 1 FROM subjects AS s WHERE NOT EXISTS (SELECT FROM email_addresses AS e WHERE e.subject_id = s.id))"
    )
    assert count(site, f"{orphans} AS orphans") == 0
    for number in range(120):
        assert "errors" not in register(number).body
    assert count(site, "subjects") == before + 120


def test_a_statement_that_hangs_is_given_up(site: Site) -> None:
    person = known(site.api, "hang@example.com")

    async def locked() -> list[Answered]:
        connection = await asyncpg.connect(site.databases.url)
        async with connection.transaction():
            await connection.execute("LOCK TABLE subjects, consent_events")
            query = asyncio.gather(
                asyncio.to_thread(ask_decision, site, person.id),
                asyncio.to_thread(
                    site.api.ask, "STORE", GRANT, who={"id": person.id}, purpose="crash-reports", channel="STORE"
                ),
            )
            answers = list(await asyncio.wait_for(query, 60))
        await connection.close()
        return answers

    assert all(is_unavailable(answer) for answer in asyncio.run(locked()))
    assert ask_decision(site, person.id).data["consentDecision"]["allowed"]
    chosen = site.api.ask("STORE", DECIDE, who={"id": person.id}, purpose="crash-reports").data
    assert chosen["consentDecision"]["reason"] == "NEVER_ASKED"


def test_the_wait_for_a_connection_is_bounded(site: Site) -> None:
    person = known(site.api, "queue@example.com")

    async def crowded() -> list[Answered]:
        connection = await asyncpg.connect(site.databases.url)
        async with connection.transaction():
            await connection.execute("LOCK TABLE subjects")
            grants = [
                asyncio.to_thread(
                    site.api.ask, "STORE", GRANT, who={"id": person.id}, purpose="crash-reports", channel="STORE"
                )
                for _ in range(16)
            ]
            answers = await asyncio.wait_for(asyncio.gather(*grants), 60)
        await connection.close()
        return answers

    assert all(is_unavailable(answer) for answer in asyncio.run(crowded()))


def test_the_service_starts_before_its_databases(site: Site) -> None:
    person = known(site.api, "early@example.com")
    with stopped(site.keyring), stopped(site.main):
        running = Running(settings_for(site.databases, statement_timeout=1.0))
        url = running.begin()
        early = Api(url, site.api.secrets)
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = early.ask("STORE", DECIDE, who={"email": "early@example.com"}, purpose="newsletter")
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        assert is_unavailable(answer)
        assert httpx2.get(f"{url}/readyz", verify=False).status_code == 503
    deadline = time.monotonic() + 60
    while httpx2.get(f"{url}/readyz", verify=False).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    answer = early.ask("STORE", DECIDE, who={"email": "early@example.com"}, purpose="newsletter")
    assert answer.data["consentDecision"]["subjectId"] == person.id
    early.client.close()
    running.end()
