"""Reads from streaming replicas: real servers, of which one is written to, and the others lag, die or are promoted."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx2
import pytest

from api.access import column_grants
from api.graphql.schema import core
from cli import database_roles
from cli.embedded import Cluster
from cli.tracing import start_tracing
from migrations import HISTORIES
from models.access.database_roles import INTERNAL, LOGIN, READERS
from models.storage.database import Database, ReplicaSettings
from models.storage.ids import Prefix, format_id, parse_id_of
from tests.cli.commands import environment
from tests.cli.trace_collector import attributes, collecting
from tests.conftest import ROOT, Answered, Api, Databases, Running, Templates, issued, settings_for
from tests.journeys import standbys
from tests.journeys.balancer import free_ports, wait_until
from tests.journeys.isolated_databases import drain_isolated_erasures, open_world, request_erasures
from tests.journeys.replica_load import CONSENTS, CheckedCallers, Process
from tests.people import DECIDE, GRANT, OPT_OUT

EMAILS = "query Emails($who: SubjectBy!) { subject(by: $who) { status emails { address } } }"
PURPOSE = "newsletter"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HELD = "SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'email_addresses'::regclass"
WAITING = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'privacy'"
LAG = 0.1
"""Seconds that replicas may lag behind, the default."""


class Site(NamedTuple):
    """A server, its two standbys, and where the keyring is."""

    primary: Cluster
    one: Cluster
    two: Cluster
    databases: Databases
    """The databases as their owner reaches them."""
    served: Databases
    """The databases as the service reaches them: with the login that has no rights of its own."""
    secrets: dict[str, str]

    @property
    def urls(self) -> str:
        return f"{self.one.url('privacy', LOGIN)},{self.two.url('privacy', LOGIN)}"


@pytest.fixture(scope="module")
def site(templates: Templates, worker_id: str) -> Iterator[Site]:
    """Yield servers whose roles stay as they are, for the tests of this module."""
    with built_site(templates, f"replicas_{worker_id}") as site:
        yield site


@pytest.fixture
def failing_site(templates: Templates, worker_id: str) -> Iterator[Site]:
    """Yield servers for one test, which ends and promotes them."""
    with built_site(templates, f"failing_{worker_id}") as site:
        yield site


@contextlib.contextmanager
def built_site(templates: Templates, name: str) -> Iterator[Site]:
    folder = ROOT / "var" / "replicas" / name
    keyring = f"{name}_keyring"
    ring = templates.copy(name, keyring)
    primary = standbys.primary_in(folder / "primary")
    databases = ring._replace(cluster=primary, url=primary.url("privacy", "owner"))
    asyncio.run(database_roles.apply("keyring", ring.keyring_url, [LOGIN]))
    served = databases._replace(url=primary.url("privacy", LOGIN), keyring_url=ring.cluster.url(keyring, LOGIN))
    secrets = asyncio.run(issued(databases))
    one, two = (standbys.standby_in(folder / each, primary) for each in ("one", "two"))
    yield Site(primary, one, two, databases, served, secrets)
    for cluster in (one, two, primary):
        cluster.remove()
    templates.drop(name, keyring)


def answer_to(
    api: Api, document: str, position: str | None = None, role: str = "STORE", **variables: object
) -> Answered:
    """Ask with the position that the caller has seen."""
    headers = {} if position is None else {"privacy_position": position}
    answer = api.send({"query": document, "variables": variables}, role, **headers)
    return Answered(answer.status_code, answer.json(), answer.headers)


@pytest.mark.timeout(300)
def test_reads_go_to_replicas_that_have_what_the_caller_has_seen(site: Site) -> None:
    with Running(settings_for(site.served, replica_urls=site.urls, replica_lag="1h")) as url:
        api = Api(url, site.secrets)
        who = {"id": api.register("user@example.com")}
        granted = answer_to(api, GRANT, who=who, purpose=PURPOSE, channel="STORE")
        standbys.catch_up(site.primary, site.one, site.two)
        with standbys.paused(site.one, site.two):
            refused = answer_to(api, OPT_OUT, who=who, purposes=[PURPOSE], channel="STORE")
            before, after = granted.headers["privacy-position"], refused.headers["privacy-position"]
            old, new = answer_to(api, CONSENTS, before, who=who), answer_to(api, CONSENTS, after, who=who)
            assert (states(old), states(new)) == (["GRANTED"], ["WITHDRAWN"])
            assert is_before(old.headers["privacy-position"], after)
            assert not is_before(new.headers["privacy-position"], after)
            unnamed = answer_to(api, CONSENTS, who=who)
            assert (states(unnamed), unnamed.headers.get("privacy-position")) == (["GRANTED"], None)
            for other in ("", "garbled", "1", "FFFFFFFF-0", "1-FFFFFFFFFFFFFFFF", "1-0-0"):
                assert states(answer_to(api, CONSENTS, other, who=who)) == ["WITHDRAWN"]
            decision = answer_to(api, DECIDE, who=who, purpose=PURPOSE)
            assert decision.data["consentDecision"]["allowed"] is False
            assert api.ask("SUPPORT", EMAILS, who=who).data["subject"]["emails"]
            recorded = "SELECT count(*) FROM access_events WHERE 'Subject.emails' = ANY(fields)"
            own = f"{recorded} AND subject_id = '{parse_id_of(Prefix.SUBJECT, who['id'])}'"
            assert standbys.psql(site.primary, own) == "1"
        api.client.close()


@pytest.mark.anyio
@pytest.mark.timeout(300)
async def test_the_second_access_control_holds_on_a_replica(site: Site) -> None:
    await asyncio.to_thread(standbys.catch_up, site.primary, site.one)
    replica = site.one.url("privacy", LOGIN)
    async with database_roles.connected(replica) as login:
        for table in ("subjects", "email_addresses", "tokens"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.execute(f"SELECT FROM {table}")
    async with database_roles.connected(site.databases.url) as owner:
        granted = await database_roles.required_privileges("privacy", owner)
    urls = site.served.url, site.served.keyring_url
    roles = column_grants.database_roles(core)
    database = await Database.open(
        *urls, readers=6, writers=1, timeout=20, roles=roles, replicas=ReplicaSettings([replica])
    )
    try:
        [pools] = [pools for server, pools in database.replica_readers.items() if server.is_standby]
        assert {INTERNAL, *pools} == {INTERNAL, None, *READERS.values()}
        for role, pool in pools.items():
            async with pool.acquire() as connection:
                assert await connection.fetchval("SELECT current_user") == (role or INTERNAL)
                with pytest.raises(asyncpg.FeatureNotSupportedError, match="during recovery"):
                    await connection.execute("BEGIN READ WRITE")
                readable = {table: await columns_of(connection, table) for table in ("subjects", "email_addresses")}
            assert readable == {table: granted_to(role or INTERNAL, table, granted) for table in readable}, role
    finally:
        await database.close()


async def columns_of(connection: Any, table: str) -> set[str]:
    """Return the columns of a table that a session may read."""
    columns = set()
    for column in (each.name for each in HISTORIES["privacy"].tables[table].columns):
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"SELECT {column} FROM {table} LIMIT 1")
            columns.add(column)
    return columns


def granted_to(role: str, table: str, granted: set[database_roles.Privilege]) -> set[str]:
    return {column for *owner, column, kind in granted if owner == [role, table] and kind == "SELECT"}


@pytest.mark.timeout(300)
def test_decisions_go_to_replicas_where_the_operator_decides_so(site: Site) -> None:
    settings = settings_for(site.served, replica_urls=site.urls, replica_lag="1h", replica_decisions=True)
    with Running(settings) as url:
        api = Api(url, site.secrets)
        who = {"id": api.register("decided@example.com")}
        answer_to(api, GRANT, who=who, purpose=PURPOSE, channel="STORE").data  # noqa: B018 -- it asserts
        standbys.catch_up(site.primary, site.one, site.two)
        with standbys.paused(site.one, site.two):
            position = answer_to(api, OPT_OUT, who=who, purposes=[PURPOSE], channel="STORE").headers["privacy-position"]
            answers = [answer_to(api, DECIDE, seen, who=who, purpose=PURPOSE) for seen in (None, position)]
        assert [answer.data["consentDecision"]["allowed"] for answer in answers] == [True, False]
        api.client.close()


@pytest.mark.anyio
@pytest.mark.timeout(300)
async def test_a_read_that_ends_on_a_replica_is_repeated_on_the_primary_in_one_trace(site: Site) -> None:
    with collecting() as collector:
        replica = site.one.url("privacy", LOGIN)
        settings = settings_for(
            site.served, replica_urls=replica, replica_lag="1h", statement_timeout=60, otlp_endpoint=collector.url
        )
        start_tracing(settings, "privacy-api")
        with Running(settings) as url:
            api = Api(url, site.secrets)
            body = {"query": EMAILS, "variables": {"who": {"id": api.register("traced@example.com")}}}
            async with database_roles.connected(site.databases.url) as owner:
                async with owner.transaction():
                    await owner.execute("LOCK TABLE email_addresses IN ACCESS EXCLUSIVE MODE")
                    await asyncio.to_thread(standbys.wait_for, site.one, f"EXISTS ({HELD})")
                    headers = {"x_case": "case/1", "traceparent": f"00-{TRACE}-{PARENT}-01"}
                    asking = asyncio.create_task(asyncio.to_thread(api.send, body, "SUPPORT", **headers))
                    await asyncio.to_thread(standbys.wait_for, site.one, f"EXISTS (SELECT {WAITING})")
                    standbys.psql(site.one, f"SELECT pg_terminate_backend(pid) {WAITING}")
                    await asyncio.to_thread(standbys.wait_for, site.primary, f"EXISTS (SELECT {WAITING})")
                assert (await asking).json()["data"]["subject"]["emails"]
            api.client.close()
    spans = [span for span in collector.spans if span.trace_id.hex() == TRACE]
    [request] = [span for span in spans if span.name == "request"]
    batches = {span.span_id: span for span in spans if span.name == "batch"}
    reads = [span for span in spans if "email_addresses" in str(attributes(span).get("db.query.text"))]
    on_replica, repeated = (batches[read.parent_span_id] for read in reads)
    assert on_replica.parent_span_id == repeated.parent_span_id == request.span_id
    assert attributes(on_replica)["privacy.replica"] == "server 2"
    assert "privacy.replica" not in attributes(repeated)
    ended = attributes(on_replica)["error.type"]
    assert ended in {"AdminShutdownError", "ConnectionDoesNotExistError"}, "by what arrives first: message or end"
    assert [attributes(read).get("error.type") for read in reads] == [ended, None]
    for cluster, read in zip((site.one, site.primary), reads, strict=True):
        assert str(attributes(read)["server.address"]).startswith(str(standbys.sockets_of(cluster)))
    assert b"traced@example.com" not in b"".join(collector.bodies)


@pytest.mark.timeout(300)
def test_a_replica_that_lags_shows_no_personal_value_of_an_erased_person(site: Site) -> None:
    async def requested() -> UUID:
        async with open_world(site.databases) as world:
            return (await request_erasures(world, 1))[0]

    subject_id = format_id(Prefix.SUBJECT, asyncio.run(requested()))
    with Running(settings_for(site.served, replica_urls=site.urls, replica_lag="1h")) as url:
        api = Api(url, site.secrets)
        standbys.catch_up(site.primary, site.one, site.two)
        with standbys.paused(site.one, site.two):
            assert drain_isolated_erasures(site.databases) == 1
            answer = api.ask("SUPPORT", EMAILS, who={"id": subject_id})
            assert (answer.body["data"], answer.code) == ({"subject": None}, "UNAVAILABLE")
            decision = api.ask("STORE", DECIDE, who={"id": subject_id}, purpose=PURPOSE)
            assert decision.data["consentDecision"]["allowed"] is False
        standbys.catch_up(site.primary, site.one, site.two)
        assert api.ask("SUPPORT", EMAILS, who={"id": subject_id}).data["subject"] == {"status": "ERASED", "emails": []}
        api.client.close()


class Servers:
    """The servers of a site, two API processes on them, and the roles that the servers have now."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.primary, self.other, self.next = site.primary, site.one, site.two
        """The primary, the standby that is killed, and the one that is promoted."""
        self._log = site.primary.directory.parent / "process.log"

    @contextlib.contextmanager
    def processes(self) -> Iterator[list[Process]]:
        """Run two processes of the API: this one, and one of its own that reads decisions from replicas, too."""
        variables = environment() | {
            "PRIVACY_DATABASE_URL": self.site.served.url,
            "PRIVACY_KEYRING_URL": self.site.served.keyring_url,
            "PRIVACY_MASTER_KEY": self.site.served.master_key,
            "PRIVACY_REPLICA_URLS": self.site.urls,
            "PRIVACY_REPLICA_DECISIONS": "true",
            "PRIVACY_ENVIRONMENT": "development",
            "PRIVACY_LOG_REQUESTS": "false",
        }
        [port] = free_ports(1)
        command = [sys.executable, "-m", "cli", "serve", "--port", str(port)]
        running = Running(settings_for(self.site.served, replica_urls=self.site.urls, log_requests=False))
        with (
            self._log.open("wb") as lines,
            subprocess.Popen(command, env=variables, cwd=ROOT, stdout=lines, stderr=lines) as process,
            contextlib.ExitStack() as stack,
        ):
            stack.callback(process.terminate)
            stack.enter_context(running)
            wait_until(partial(is_ready, port), "the process is not ready")
            yield [Process(running.port, 0.0), Process(port, LAG)]

    def replicate_synchronously(self) -> None:
        """Make commits wait for the standby that is promoted next, so that it lacks none."""
        name = self.next.directory.name
        standbys.psql(self.primary, f"ALTER SYSTEM SET synchronous_standby_names = '{name}'", "SELECT pg_reload_conf()")
        standbys.wait_for(
            self.primary,
            f"EXISTS (SELECT FROM pg_stat_replication WHERE application_name = '{name}' AND sync_state = 'sync')",
        )

    def fail_over(self, callers: CheckedCallers, end: Callable[[Cluster], None]) -> tuple[float, float]:
        """Pause both standbys for a while, kill one of them, end the primary, and promote the other standby.

        Return the seconds until the killed one was left out, and until a mutation was answered again.
        """
        with standbys.paused(self.other, self.next):
            callers.wait_for_more(8)
        killed_at = time.time()
        standbys.kill(self.other)
        name = self.name_of(self.other)
        wait_until(lambda: logged_at(self._log, name, "component unavailable") > killed_at, "a dead replica is in use")
        left_out = logged_at(self._log, name, "component unavailable") - killed_at
        callers.wait_for_more(16)
        ended_at = time.monotonic()
        end(self.primary)
        standbys.psql(self.next, "SELECT pg_promote()")
        promoted_at = time.monotonic()
        callers.wait_for_more(48)
        recovered = callers.first_written_since(promoted_at) - ended_at
        return left_out, recovered

    def rebuild(self) -> None:
        """Make standbys of the server that was promoted out of the other two, which swap their roles."""
        former, killed = self.primary, self.other
        self.primary, self.other, self.next = self.next, former, killed
        for standby in (former, killed):
            standbys.replace(standby, self.primary)
            wait_until(partial(self.is_used, standby), "a replica is not in use")

    def is_used(self, cluster: Cluster) -> bool:
        """Return whether the process reads from a server as a replica."""
        name = self.name_of(cluster)
        return logged_at(self._log, name, "component available") > logged_at(self._log, name, "component unavailable")

    def name_of(self, cluster: Cluster) -> str:
        """Return the name of a server in logs and metrics."""
        index = [self.site.served.url, *self.site.urls.split(",")].index(cluster.url("privacy", LOGIN))
        return f"server {index + 1}"


def logged_at(log: Path, name: str, event: str) -> float:
    """Return when a process last logged that a server can be used, or cannot, or 0."""
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    times = [line["at"] for line in lines if (line.get("target"), line["event"]) == (name, event)]
    return datetime.fromisoformat(times[-1]).timestamp() if times else 0.0


def is_ready(port: int) -> bool:
    with contextlib.suppress(httpx2.HTTPError):
        return httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=30, verify=False).status_code == 200
    return False


@pytest.mark.timeout(400)
def test_a_killed_replica_and_a_promoted_one_cause_no_stale_answer(failing_site: Site) -> None:
    servers = Servers(failing_site)
    with servers.processes() as processes:
        servers.replicate_synchronously()
        people = registered(processes[0].port, failing_site.secrets["STORE"], 32)
        with CheckedCallers(processes, failing_site.secrets["STORE"], people, LAG) as callers:
            callers.wait_for_more(32)
            left_out, recovered = servers.fail_over(callers, standbys.kill)
            servers.rebuild()
            callers.wait_for_more(32)
    assert callers.wrong == []
    sys.stdout.write(f"left out after {left_out:.2f} s, recovered after {recovered:.2f} s: {dict(callers.counts)}\n")


def leave(_cluster: Cluster) -> None:
    """Do nothing: the former primary runs on, and what it accepts from now on would be lost."""


@pytest.mark.fuzz
@pytest.mark.timeout(900)
def test_servers_fail_in_turn_without_a_stale_answer(failing_site: Site) -> None:
    servers = Servers(failing_site)
    with servers.processes() as processes:
        people = registered(processes[0].port, failing_site.secrets["STORE"], 32)
        with CheckedCallers(processes, failing_site.secrets["STORE"], people, LAG) as callers:
            for end in (standbys.kill, standbys.suspend, leave, standbys.kill):
                servers.replicate_synchronously()
                callers.wait_for_more(300)
                left_out, recovered = servers.fail_over(callers, end)
                callers.wait_for_more(300)
                sys.stdout.write(
                    f"{end.__name__}: left out after {left_out:.2f} s, recovered after {recovered:.2f} s, "
                    f"{dict(callers.counts)}, {len(callers.wrong)} wrong\n"
                )
                assert left_out < 1
                assert recovered < 5
                servers.rebuild()
    assert callers.wrong == []


def registered(port: int, secret: str, count: int) -> list[str]:
    api = Api(f"http://127.0.0.1:{port}", {"STORE": secret})
    with contextlib.closing(api.client):
        return [api.register(f"caller{number}@example.com") for number in range(count)]


def is_before(position: str, other: str) -> bool:
    """Return whether a position is not at or after another one of the same timeline."""
    return int(position.split("-")[1], 16) < int(other.split("-")[1], 16)


def states(answer: Answered) -> list[str]:
    return [choice["state"] for choice in answer.data["subject"]["consents"]]
