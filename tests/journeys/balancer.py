"""HAProxy before two API processes, each of any version, and callers that ask through it."""

import contextlib
import http.client
import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.conftest import ROOT

GIT = shutil.which("git") or "git"
HAPROXY = Path("/usr/sbin/haproxy")
DRAIN = 5
"""Seconds that a process answers after SIGTERM: 25 checks of the balancer, of which ten must fail.

Fewer would take a process out of the balancer that is only busy.
"""
CONFIGURATION = """
global
    stats socket {socket} mode 600 level admin
defaults
    mode http
    retries 3
    option redispatch 1
    timeout check 10s
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    default-server check inter 200ms fall 10 rise 1 pool-purge-delay 1s
frontend callers
    bind 127.0.0.1:{port}
    default_backend processes
backend processes
    balance roundrobin
    option httpchk GET {check}
    http-check expect status 200
    server one 127.0.0.1:{one}
    server two 127.0.0.1:{two}
"""


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


class Version(NamedTuple):
    """The code of one version of the service, on the same databases as all others."""

    tree: Path
    variables: Mapping[str, str]
    drains: bool

    @classmethod
    def of(cls, commit: str, tree: Path, variables: Mapping[str, str]) -> Self:
        """Write the code of a commit into a directory."""
        archive = subprocess.run([GIT, "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(tree, filter="data")
        return cls(tree, variables, drains=False)

    def command(self, *arguments: str) -> str:
        """Run a command of this version to its end and return its output."""
        process = subprocess.run(
            [sys.executable, "-m", "cli", *arguments], **self._options, check=False, capture_output=True, text=True
        )
        assert process.returncode == 0, process.stderr
        return process.stdout

    def serve(self, port: int) -> subprocess.Popen[bytes]:
        """Start an API process of this version."""
        drain = ["--drain", str(DRAIN)] if self.drains else []
        command = [sys.executable, "-m", "cli", "serve", "--port", str(port), *drain]
        return subprocess.Popen(command, **self._options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @property
    def _options(self) -> dict[str, Any]:
        return {"cwd": self.tree, "env": {**self.variables, "PYTHONPATH": str(self.tree)}}


class Balancer:
    """A running HAProxy with the servers ``one`` and ``two``."""

    def __init__(self, folder: Path, check: str = "/readyz") -> None:
        self.port, *ports = free_ports(3)
        self.ports = dict(zip(("one", "two"), ports, strict=True))
        self._socket = folder / "haproxy.sock"
        configuration = folder / "haproxy.cfg"
        configuration.write_text(CONFIGURATION.format(socket=self._socket, port=self.port, check=check, **self.ports))
        self._command = [str(HAPROXY), "-db", "-f", str(configuration)]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._haproxy = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._socket.exists, "HAProxy does not start")
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._haproxy, *self._processes.values()):
            process.kill()
            process.wait()

    def start(self, name: str, version: Version) -> None:
        """Start a process of this version and wait until the balancer sends it requests."""
        # A process is alive before it is ready: a balancer that asks /healthz must not send it requests yet.
        self._admin(f"set server processes/{name} state maint")
        self._processes[name] = version.serve(self.ports[name])
        wait_until(lambda: self._is_ready(name), f"{name} does not become ready")
        self._admin(f"set server processes/{name} state ready")
        wait_until(lambda: self._is_up(name), f"{name} does not become ready")

    def stop(self, name: str, *, drains: bool) -> None:
        """Stop a process by SIGTERM. A version that does not drain is taken out of the balancer before."""
        process = self._processes.pop(name)
        if not drains:
            self._admin(f"set server processes/{name} state drain")
            wait_until(lambda: self._column(name, "scur") == "0", f"{name} is not drained")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in {0, -signal.SIGTERM}
        wait_until(lambda: not self._is_up(name), f"{name} still gets requests")
        if not drains:
            self._admin(f"set server processes/{name} state ready")

    def _is_ready(self, name: str) -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.ports[name], timeout=30)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except OSError:
                return False

    def _is_up(self, name: str) -> bool:
        return self._column(name, "status") == "UP" and self._column(name, "check_status") == "L7OK"

    def _column(self, name: str, column: str) -> str:
        header, *rows = self._admin("show stat").removeprefix("# ").strip().splitlines()
        columns = header.split(",")
        [row] = [row.split(",") for row in rows if row.split(",")[:2] == ["processes", name]]
        return row[columns.index(column)]

    def _admin(self, line: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as stream:
            connection.connect(str(self._socket))
            connection.sendall(f"{line}\n".encode())
            return stream.read().decode()


class Callers:
    """Threads that send requests through the balancer until the context ends, and count what they get."""

    def __init__(self, port: int, secret: str, bodies: list[dict[str, Any]], count: int, *, pause: float = 0) -> None:
        """Set what to send; each thread waits for ``pause`` seconds between an answer and its next request."""
        self._port = port
        self._pause = pause
        self._headers = {
            "authorization": f"Bearer {secret}",
            "content-type": "application/json",
            "accept": "application/graphql-response+json",
        }
        self._bodies = [json.dumps(body) for body in bodies]
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(count)]
        self.outcomes: Counter[str] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int = 50) -> None:
        """Wait until so many more requests are answered; none may have failed."""
        target = self.outcomes["answered"] + count
        wait_until(lambda: self.outcomes["answered"] >= target or self.failures != {}, "no answers")
        assert self.failures == {}, self.failures

    @property
    def failures(self) -> dict[str, int]:
        return {outcome: count for outcome, count in self.outcomes.items() if outcome != "answered"}

    def _call(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        with contextlib.closing(connection):
            while not self._is_over.wait(self._pause):
                number += 1
                self.outcomes[self._outcome(connection, self._bodies[number % len(self._bodies)])] += 1

    def _outcome(self, connection: http.client.HTTPConnection, body: str) -> str:
        try:
            status, text = self._send(connection, body)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return type(error).__name__
        return "answered" if status == 200 and '"errors"' not in text else f"{status} {text[:200]}"

    def _send(self, connection: http.client.HTTPConnection, body: str) -> tuple[int, str]:
        connection.request("POST", "/graphql", body, self._headers)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def send(self, body: dict[str, Any]) -> tuple[int, str]:
        """Send one request and return the status and the body of its response."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            return self._send(connection, json.dumps(body))
