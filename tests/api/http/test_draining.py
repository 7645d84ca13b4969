"""After SIGTERM a process is not ready, answers for the seconds of its drain, closes its connections, and ends."""

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from api.http.draining import Drain
from tests.cli.commands import environment
from tests.cli.test_worker_health import free_port
from tests.conftest import ROOT, Api, Databases

DRAIN = 3
VIEWER = json.dumps({"query": "{ viewer { role } }"})


@pytest.fixture
def stopping(clean: Databases) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port), "--drain", str(DRAIN)]
    process = subprocess.Popen(command, env=environment(clean), cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, 200)
        yield process, port
    finally:
        process.kill()
        process.wait()


def ready(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", "/readyz")
        return connection.getresponse().status


def wait_for(port: int, status: int) -> None:
    for _ in range(6000):
        with contextlib.suppress(ConnectionError):
            if ready(port) == status:
                return
        time.sleep(0.01)
    raise TimeoutError


def send_query(connection: http.client.HTTPConnection, secret: str) -> tuple[int, str | None]:
    """Send a query, and return the status and what the answer says of the connection."""
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
    connection.request("POST", "/graphql", VIEWER, headers)
    response = connection.getresponse()
    response.read()
    return response.status, response.getheader("connection")


def test_a_process_that_stops_answers_and_closes(stopping: tuple[subprocess.Popen[bytes], int], api: Api) -> None:
    with contextlib.ExitStack() as stack:
        process, port = stopping
        secret = api.secrets["STORE"]
        busy, idle, other, late = (
            stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)))
            for _ in range(4)
        )
        assert [send_query(connection, secret) for connection in (busy, busy, idle)] == [(200, None)] * 3
        other.connect()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        wait_for(port, 503)
        assert process.poll() is None
        assert send_query(busy, secret) == (200, "close"), "a connection that was used before"
        assert send_query(other, secret) == (200, "close"), "its first request"
        late.request("GET", "/healthz")
        response = late.getresponse()
        assert (response.status, response.getheader("connection")) == (200, "close"), "the process lives"
        assert idle.sock.recv(1) == b"", "an idle connection is closed at the end"
        assert process.wait(60) in {0, -signal.SIGTERM}
        assert time.monotonic() - began >= DRAIN


@pytest.mark.anyio
async def test_a_second_signal_ends_the_drain() -> None:
    stops: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: stops.append(number))
    try:
        drain = Drain(600)
        drain.install()
        signal.raise_signal(signal.SIGTERM)
        assert (drain.is_active, stops) == (True, [])
        signal.raise_signal(signal.SIGTERM)
        assert stops == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.anyio
async def test_without_seconds_the_server_stops_at_once() -> None:
    before = signal.getsignal(signal.SIGTERM)
    Drain(0).install()
    assert signal.getsignal(signal.SIGTERM) is before
