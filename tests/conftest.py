"""One PostgreSQL for all runs, two databases for each worker, emptied before each test, and the service over HTTP."""

import asyncio
import contextlib
import fcntl
import gc
import http.client
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import asyncpg
import execnet
import httpx2
import hypothesis
import pytest
import uvicorn

import migrations
from api.app import create_app
from api.http import token_bucket
from api.http.protocol import SERVER_OPTIONS
from api.settings import Settings
from cli import database_roles
from cli.embedded import Cluster
from models.access import tokens
from models.access.tokens import NewToken
from models.actors import STAFF_ROLES, Actor, Role
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from models.storage.pool import Pool
from models.unit_of_work import UnitOfWork, unit_of_work
from tests.long_runs import is_long
from tests.models.access.issuing import ISSUE
from tests.worker_template import use_template

hypothesis.settings.register_profile("default", deadline=None, max_examples=20)
hypothesis.settings.register_profile("long", deadline=None, max_examples=60)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=5000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Python keeps what it compiled: the suite starts many processes, each of which would compile the same files anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A parent process may ignore Ctrl-C and children inherit that: tests stop some of their processes with it.
signal.signal(signal.SIGINT, signal.default_int_handler)

_Result = TypeVar("_Result")

ROOT = Path(__file__).parent.parent
KEPT = {
    *("alembic_version", "purposes", "policy_versions", "adequate_countries", "retention_rules"),
    *("lookup_keys", "tokens", "audit_eras", "change_feed"),
}
"""Tables that are not emptied between tests."""
SHORT = 32 * 1024
"""The length of a body that a socket takes at once, though the service may answer before it has read all of it."""
SYSTEMS: Mapping[Role, str] = {Role.STORE: "store", Role.SYNC: "sync", Role.SERVICE: "forum", Role.ADMIN: "archive"}
"""The systems that the tokens of the tests belong to."""
UNLIMITED = "SUPPORT=0,BILLING=0,PRIVACY=0"
"""The setting of a service whose desk roles may ask about any number of people, as the tests do."""
UNSAFE: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Settings of a server whose data may be lost when the machine stops."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of long searches."""
    parser.addoption("--fuzz-seconds", type=float, default=1800, help="Seconds that HTTP is fuzzed for.")
    parser.addoption("--fuzz-documents", type=int, default=20_000, help="How many hostile requests are sent.")
    parser.addoption("--fuzz-seed", type=int, default=1, help="The seed of HTTP fuzzing and of hostile requests.")
    parser.addoption("--first-part", type=int, default=1, help="The part of the examples to begin with.")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[execnet.XSpec]) -> None:
    """Fork all workers from one process."""
    use_template(config, specs)


class Databases(NamedTuple):
    """Where the two databases of this worker are, and what opens the keyring."""

    cluster: Cluster
    url: str
    keyring_url: str
    master_key: str


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    settings = {"max_connections": "300", "wal_level": "minimal", "max_wal_senders": "0", "wal_init_zero": "off"}
    with Cluster(ROOT / "var" / "tests", settings={**UNSAFE, **settings}) as cluster:
        yield cluster
        LASTING_WORLDS.close()


class Templates:
    """Databases with the newest migrations and the roles, made once a run and copied for each use."""

    prefix = "template"

    def __init__(self, cluster: Cluster, run: str) -> None:
        self._cluster = cluster
        self._run = run

    def copy(self, *names: str) -> Databases:
        """Create the two databases of these names anew as copies, and return them with a new master key."""
        self.make_once()
        commands = (
            command
            for history, name in zip(migrations.HISTORIES, names, strict=True)
            for command in (
                f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
                f'CREATE DATABASE "{name}" TEMPLATE {self.prefix}_{history} STRATEGY FILE_COPY',
            )
        )
        self._execute(*commands)
        privacy, keyring = names
        return Databases(self._cluster, self._cluster.url(privacy), self._cluster.url(keyring), MasterKeys.generate())

    def drop(self, *names: str) -> None:
        """Drop databases, and end the sessions that use them."""
        self._execute(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in names))

    def make_once(self) -> None:
        """Make the templates unless a worker of the same run did."""
        with (self._cluster.directory / f"{self.prefix}.run").open("a+") as marker:
            fcntl.flock(marker, fcntl.LOCK_EX)
            marker.seek(0)
            if marker.read() == self._run:
                return
            for history in migrations.HISTORIES:
                name = f"{self.prefix}_{history}"
                self.drop(name)
                self._make(history, name)
            marker.truncate(0)
            marker.write(self._run)

    def _make(self, history: str, name: str) -> None:
        """Create and migrate a template."""
        self._cluster.create_database(name)
        asyncio.run(migrations.upgrade(history, self._cluster.url(name)))
        asyncio.run(database_roles.apply(history, self._cluster.url(name)))

    def _execute(self, *commands: str) -> None:
        arguments = (word for command in commands for word in ("-c", command))
        self._cluster.run("psql", "--quiet", "--set=ON_ERROR_STOP=1", *arguments)


@pytest.fixture(scope="session")
def templates(cluster: Cluster, testrun_uid: str) -> Templates:
    return Templates(cluster, testrun_uid)


@pytest.fixture(scope="session")
def databases(templates: Templates, worker_id: str) -> Databases:
    return templates.copy(f"privacy_{worker_id}", f"keyring_{worker_id}")


class Cleaner:
    """One lasting connection to a database, which deletes the rows that tests left.

    DELETE takes a twentieth of the time of TRUNCATE here, and leaves the plans of the service's sessions valid.
    """

    def __init__(self, runner: asyncio.Runner, url: str) -> None:
        self._runner = runner
        self._url = url
        self._connection: asyncpg.Connection | None = None

    def clean(self) -> None:
        """Delete all rows but those of `KEPT`, once the transactions that write some have ended."""
        try:
            self._runner.run(self._delete())
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
            # A test ended this session.
            self._connection = None
            self._runner.run(self._delete())

    def close(self) -> None:
        """End the session at once."""
        if self._connection:
            self._connection.terminate()

    async def _delete(self) -> None:
        connection = self._connection or await self._connect()
        await connection.execute("SELECT pg_temp.clean()")

    async def _connect(self) -> asyncpg.Connection:
        """Connect, and create a function that empties the tables: its plans last as long as the session."""
        # No triggers: they guard the audit log against deletions, and check what is emptied as a whole.
        settings = {"session_replication_role": "replica"}
        self._connection = connection = await asyncpg.connect(self._url, server_settings=settings)
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        names = {row[0] for row in rows}
        tables = sorted(names - KEPT)
        steps = [
            f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE",
            *(
                f"IF EXISTS (SELECT FROM {table}) THEN DELETE FROM {table}; were_rows := true; END IF"
                for table in tables
            ),
            # Later it would count in another test.
            "IF were_rows THEN PERFORM pg_stat_force_next_flush(); END IF",
        ]
        if "tokens" in names:  # names are unique, so tokens of one test would keep their names from the next one
            steps += [
                "DELETE FROM tokens WHERE name NOT LIKE '% of the tests'",
                "DELETE FROM policy_versions WHERE version <> '2018-05-24'",
            ]
        body = "; ".join(steps)
        await connection.execute(
            "CREATE FUNCTION pg_temp.clean() RETURNS void LANGUAGE plpgsql AS "
            f"$$ DECLARE were_rows boolean := false; BEGIN {body}; END $$"
        )
        return connection


@pytest.fixture(scope="session")
def cleaners(databases: Databases) -> Iterator[tuple[Cleaner, ...]]:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        cleaners = tuple(Cleaner(runner, url) for url in (databases.url, databases.keyring_url))
        yield cleaners
        for cleaner in cleaners:
            cleaner.close()


def empty(databases: Databases, cleaners: tuple[Cleaner, ...]) -> None:
    """Empty the two databases. Pending counts of earlier tests are written before, and not later."""
    for service in Running.started:
        if service.settings.database_url.get_secret_value() == databases.url:
            service.settle()
    for cleaner in cleaners:
        cleaner.clean()


@pytest.fixture(name="empty")
def databases_without_tables(databases: Databases, templates: Templates, worker_id: str) -> Iterator[Databases]:
    """Return two databases without tables."""
    names = f"empty_{worker_id}", f"empty_keyring_{worker_id}"
    templates.drop(*names)
    for name in names:
        databases.cluster.create_database(name)
    yield databases._replace(url=databases.cluster.url(names[0]), keyring_url=databases.cluster.url(names[1]))
    templates.drop(*names)


@pytest.fixture
def clean(databases: Databases, cleaners: tuple[Cleaner, ...]) -> Databases:
    """Return the two databases, emptied."""
    empty(databases, cleaners)
    return databases


class World(NamedTuple):
    """The models without the API, for tests of mutations and rules."""

    database: Database
    keyring: Keyring

    @contextlib.asynccontextmanager
    async def unit(self, role: Role = Role.STORE, system: str | None = None) -> AsyncIterator[UnitOfWork]:
        actor = Actor("a test", role, (role,), system=system or ("forum" if role is Role.SERVICE else None))
        async with unit_of_work(self.database, self.keyring, actor, "test") as unit_:
            yield unit_


class WorldPools:
    """The pools of the worlds of one worker. They last: a new session costs PostgreSQL more than most tests do."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self._database: Database | None = None

    async def open(self) -> Database:
        """Return pools without a connection that is in use."""
        for _ in range(3):
            await asyncio.sleep(0)  # the loop reads which sessions a test has ended while it stood still
        if self._database and any(pool.get_size() != pool.get_idle_size() for pool in _pools(self._database)):
            await self.close()  # a test left work behind
        if not self._database:
            urls = self.databases.url, self.databases.keyring_url
            self._database = await Database.open(*urls, readers=4, writers=20, timeout=60)
        return self._database

    async def close(self) -> None:
        if self._database:
            await self._database.close()
            self._database = None


def _pools(database: Database) -> tuple[Pool, ...]:
    return database.readers, database.writers, database.keyring


class LastingWorlds:
    """Worlds for the tests that run no event loop themselves: their sessions last over all tests, too."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._pools: dict[Databases, WorldPools] = {}

    def run(self, databases: Databases, function: Callable[[World], Awaitable[_Result]]) -> _Result:
        """Run a function of the models."""
        if not self._runner:
            self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        return self._runner.run(self._run(databases, function))

    def execute(self, databases: Databases, sql: str, *values: Any) -> Any:
        """Run one statement as the owner of the tables, and return the first value of its answer."""

        async def fetch(world: World) -> Any:
            async with world.database.writers.acquire() as connection:
                return await connection.fetchval(sql, *values)

        return self.run(databases, fetch)

    def close(self) -> None:
        if self._runner:
            for pools in self._pools.values():
                self._runner.run(pools.close())
            self._runner.close()
            self._runner = None
            self._pools.clear()

    async def _run(self, databases: Databases, function: Callable[[World], Awaitable[_Result]]) -> _Result:
        if databases not in self._pools:
            self._pools[databases] = WorldPools(databases)
        return await function(await _open_world(self._pools[databases]))


LASTING_WORLDS = LastingWorlds()


async def _open_world(pools: WorldPools) -> World:
    database = await pools.open()
    keyring = Keyring(database.keyring, MasterKeys(pools.databases.master_key))
    await keyring.load()
    return World(database, keyring)


@pytest.fixture(scope="session")
async def world_pools(databases: Databases) -> AsyncIterator[WorldPools]:
    pools = WorldPools(databases)
    yield pools
    await pools.close()


@pytest.fixture
async def world(clean: Databases, world_pools: WorldPools) -> World:
    return await _open_world(world_pools)


class Answered(NamedTuple):
    """An answer over HTTP."""

    status: int
    body: dict[str, Any]
    headers: httpx2.Headers

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def code(self) -> str:
        """Return the code of the first error."""
        return str(self.body["errors"][0]["extensions"]["code"])

    @property
    def extensions(self) -> dict[str, Any]:
        return dict(self.body["errors"][0]["extensions"])


class _Client(httpx2.Client):
    """A client with a shorter way for requests of JSON: httpx2 takes more processor time than the service."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, verify=False, timeout=30)
        self._idle = deque[http.client.HTTPConnection]()

    def ask(self, body: dict[str, Any], headers: Mapping[str, str]) -> Answered:
        """Send a request over a connection that no other thread uses now."""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        status, fields, answer = self._exchange(content, headers)
        return Answered(status, json.loads(answer), httpx2.Headers(fields))

    def send_short(self, content: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """Send a short request with these headers only."""
        status, fields, answer = self._exchange(content, headers)
        return httpx2.Response(status, headers=fields, content=answer)

    def close(self) -> None:
        super().close()
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, content: bytes, headers: Mapping[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return the status, the headers and the body of the answer."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = http.client.HTTPConnection(self.base_url.netloc.decode(), timeout=30)
        if connection.sock and _is_readable(connection.sock):
            connection.close()  # the service closed it; the request opens it again
        try:
            connection.request("POST", "/graphql", content, headers)
            response = connection.getresponse()
            answer = response.status, response.getheaders(), response.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return answer


def _is_readable(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


class Api:
    """The service as callers reach it."""

    def __init__(self, url: str, secrets: dict[str, str]) -> None:
        self.url = url
        self.secrets = secrets
        self.client = _Client(url)

    def ask(self, role: str, document: str, *, case: str | None = None, **variables: Any) -> Answered:
        """Ask as a role; people's roles name a case unless ``case`` is empty."""
        if case is None and role in set(STAFF_ROLES):
            case = "case/1"
        headers = {
            "authorization": f"Bearer {self.secrets[role]}",
            "accept": "application/graphql-response+json",
            "content-type": "application/json",
            **({"x-case": case} if case else {}),
        }
        return self.client.ask({"query": document, "variables": variables}, headers)

    def send(self, content: bytes | dict[str, Any], role: str = "STORE", **headers: str | None) -> httpx2.Response:
        """Send a body as it is; a header is named with ``_`` for ``-``, and None leaves a usual one out."""
        fields: dict[str, str | None] = {
            "authorization": f"Bearer {self.secrets[role]}",
            "content-type": "application/json",
            "accept": "application/graphql-response+json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        octets = content if isinstance(content, bytes) else json.dumps(content).encode()
        sent = {name: value for name, value in fields.items() if value is not None}
        if len(octets) < SHORT:
            return self.client.send_short(octets, sent)
        request = self.client.build_request("POST", "/graphql", content=octets, headers=sent)
        for name, value in fields.items():
            if value is None:
                request.headers.pop(name, None)
        return self.client.send(request)

    def register(self, email: str, **known: Any) -> str:
        """Register a person and return the id."""
        document = "mutation($input: RegisterSubjectInput!) { registerSubject(input: $input) { id } }"
        return str(self.ask("STORE", document, input={"email": email, **known}).data["registerSubject"]["id"])

    def issue(self, name: str, *roles: str, **options: Any) -> str:
        """Issue a token, have it approved where it needs that, and return its secret."""
        token = self.ask("ADMIN", ISSUE, name=name, roles=roles, **options).data["issueToken"]
        if not token["token"]["isApproved"]:
            approve = "mutation($id: ID!) { approveToken(id: $id) { isApproved } }"
            assert self.ask("PRIVACY", approve, id=token["token"]["id"]).data["approveToken"]["isApproved"]
        return str(token["secret"])


class MovableTime:
    """Stands for the module ``time`` in a module under test, so that a test moves its clock instead of waiting."""

    def __init__(self) -> None:
        self._offset = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += seconds


class StoppedTime(MovableTime):
    """A clock that stands still unless a test moves it: no bucket fills up while a busy machine answers slowly."""

    def __init__(self) -> None:
        super().__init__()
        self._stopped_at = time.monotonic()

    def monotonic(self) -> float:
        return self._stopped_at + self._offset


@pytest.fixture
def stopped_buckets(monkeypatch: pytest.MonkeyPatch) -> StoppedTime:
    """Return the clock of all token buckets, which stands still."""
    clock = StoppedTime()
    monkeypatch.setattr(token_bucket, "time", clock)
    return clock


class _Server(uvicorn.Server):
    """A server that can be asked for something in its thread."""

    loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)


class Running:
    """A service in a thread of its own, on a port of its own."""

    started: ClassVar[set["Running"]] = set()

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app = create_app(settings)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = _Server(
            uvicorn.Config(
                self.app,
                host="127.0.0.1",
                port=self.port,
                **SERVER_OPTIONS,
            )
        )
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def begin(self) -> str:
        """Start, without waiting for anything."""
        self.thread.start()
        return self.url

    def settling(self) -> Future[None]:
        """Start to write the counts that are buffered in memory."""
        return asyncio.run_coroutine_threadsafe(self.app.write_counts(is_final=True), self.server.loop)

    def settle(self) -> None:
        """Write the counts that are buffered in memory, so that none is written later."""
        self.settling().result(60)

    def flush_log(self) -> None:
        """Write the request log now: pytest captures what is written during a test, and not between two."""

        async def flush() -> None:
            self.app._graphql.request_log.flush()

        asyncio.run_coroutine_threadsafe(flush(), self.server.loop).result(60)

    def end(self) -> None:
        self.started.discard(self)
        self.server.should_exit = True
        self.thread.join(60)

    def __enter__(self) -> str:
        url = self.begin()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.server.started and self._is_ready():
                self.started.add(self)
                return url
            time.sleep(0.01)
        raise TimeoutError("the service did not become ready")

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False

    def __exit__(self, *_: object) -> None:
        self.end()


def settings_for(databases: Databases, **changes: Any) -> Settings:
    return Settings.read(
        database_url=databases.url,
        keyring_url=databases.keyring_url,
        master_key=databases.master_key,
        environment="development",
        **({"token_rates": UNLIMITED} | changes),
    )


def answer_wrong_tokens_at_once(running: Running) -> None:
    """Delay no answer to a wrong token: all tests of a worker send them from one address."""

    async def sleep(_seconds: float) -> None:
        """Wait for nothing."""

    running.app._graphql.throttle._sleep = sleep


async def issued(databases: Databases, owner: str = "one test") -> dict[str, str]:
    """Issue a token for each role and return their secrets. Those of one test are deleted before the next one."""
    database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=1, timeout=10)
    keyring = Keyring(database.keyring, MasterKeys(databases.master_key))
    await keyring.load()
    secrets = {}
    for role in Role:
        async with unit_of_work(database, keyring, Actor("tests", Role.ADMIN, (Role.ADMIN,)), "issueToken") as unit:
            new = NewToken(f"{role.lower()} of {owner}", [role], None, SYSTEMS.get(role))
            secrets[str(role)] = (await tokens.issue_token(unit, new, is_approved=True)).secret
    await database.close()
    return secrets


@pytest.fixture(scope="session")
def running(databases: Databases) -> Iterator[Running]:
    server = Running(settings_for(databases))
    with server:
        # Four reads of the lag a second, for the whole run, cost more than the tests of a large file.
        server.app._restore_guard._poll_seconds = 5
        answer_wrong_tokens_at_once(server)
        yield server


@pytest.fixture(scope="session")
def served(databases: Databases, running: Running) -> Iterator[Api]:
    client = Api(running.url, asyncio.run(issued(databases, "the tests")))
    yield client
    client.client.close()


COLLECTED = pytest.StashKey[list[pytest.Item]]()
"""All tests that pytest found, of which it selects some."""
FIRST = (
    *("tests/journeys/test_rolling.py", "tests/journeys/test_erasure.py::test_every_value"),
    *("tests/journeys/test_kills.py", "tests/workers/test_kills.py", "tests/journeys/test_restores.py"),
    *("tests/journeys/test_rollbacks.py", "tests/journeys/test_change_feed.py", "tests/workers/test_holds.py"),
    *("tests/cli/test_endings.py", "tests/cli/test_serve.py", "tests/cli/test_first_start.py"),
    *("tests/cli/test_completion.py", "tests/cli/test_server_moves.py", "tests/cli/test_databases.py"),
    *("tests/cli/importing/test_command.py::test_everybody", "tests/cli/querying/test_command.py::test_killed"),
    *("tests/api/access/test_policy_situations.py", "tests/api/access/test_jwt_verifier.py::test_strangers"),
    *("tests/api/test_killed.py", "tests/api/http/test_draining.py"),
    *("tests/api/graphql/test_generated_documents.py", "tests/api/graphql/test_hostile_requests.py"),
    "tests/models/storage/test_card_fields.py::test_a_number_is_found_at_any_depth",
)
"""Tests that take over five seconds and start first. None shares a fixture of its module with others."""
BROWSING = (
    *("tests/desk/test_two_tabs.py", "tests/journeys/test_explorer_in_a_browser.py"),
    "tests/journeys/test_letters_in_a_browser.py",
)
"""Tests that open a browser themselves. One worker runs them with those that have the fixture: a start takes long."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while the tests are collected, and never look at their code and parameters again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, object, object]:
    """Mark the long runs before pytest selects by marker; start slow tests first, spread over the workers.

    Each worker begins with an equal part of the list.
    """
    for item in items:
        if is_long(item.nodeid) and not item.get_closest_marker("fuzz"):
            item.add_marker("long")
    config.stash[COLLECTED] = [*items]
    result = yield
    count = getattr(config, "workerinput", {}).get("workercount", 1)
    long: list[pytest.Item] = []
    browsing: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        is_browsing = item.nodeid.startswith(BROWSING) or "browser" in getattr(item, "fixturenames", ())
        (browsing if is_browsing else long if item.nodeid.startswith(FIRST) else others).append(item)
    size = -(-len(items) // count)
    items.clear()
    for number in range(count):
        first = long[number::count] + (browsing if number == count - 1 else [])
        rest = max(size - len(first), 0)
        items += first + others[:rest]
        others = others[rest:]
    items += others
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send no output of a phase that passed to pytest, unless it is to print it: a failure later has all output."""
    report = yield
    if report.passed and not {*"PA"} & {*item.config.option.reportchars}:
        report.sections.clear()
    return report


def _flush_logs() -> Generator[None, object, object]:
    """Flush the services' log lines before pytest stops to capture, between two phases of a test."""
    try:
        return (yield)
    finally:
        for service in [*Running.started]:
            service.flush_log()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    return (yield from _flush_logs())


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    return (yield from _flush_logs())


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    return (yield from _flush_logs())


@pytest.fixture
def api(served: Api, clean: Databases) -> Api:
    """Return the service without people."""
    return served
