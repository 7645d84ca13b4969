"""After SIGTERM a process is not ready, answers for the seconds of its drain, closes its connections, and ends."""

import contextlib
import http.client
import json
import signal
import time
from pathlib import Path

import anyio
import pytest

from api.http.draining import Drain
from tests.cli.commands import start
from tests.cli.test_worker_health import free_port
from tests.conftest import Api, Databases

DRAIN = 3
VIEWER = json.dumps({"query": "{ viewer { role } }"})


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


@pytest.mark.anyio
async def test_a_process_that_stops_answers_and_closes(api: Api, clean: Databases, tmp_path: Path) -> None:
    port = free_port()
    process = await start("serve", "--port", str(port), "--drain", str(DRAIN), on=clean, at=tmp_path)
    try:
        wait_for(port, 200)
        secret = api.secrets["STORE"]
        with contextlib.ExitStack() as stack:
            busy, idle, other, late = (
                stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)))
                for _ in range(4)
            )
            assert [send_query(connection, secret) for connection in (busy, busy, idle)] == [(200, None)] * 3
            other.connect()
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            wait_for(port, 503)
            process.send_signal(0)  # it raises unless the process lives
            assert send_query(busy, secret) == (200, "close"), "a connection that was used before"
            assert send_query(other, secret) == (200, "close"), "its first request"
            late.request("GET", "/healthz")
            response = late.getresponse()
            assert (response.status, response.getheader("connection")) == (200, "close"), "the process lives"
            assert idle.sock.recv(1) == b"", "an idle connection is closed at the end"
        with anyio.fail_after(60):
            result = await process.wait()
        assert result.code in {0, -signal.SIGTERM}, result.errors
        assert time.monotonic() - began >= DRAIN
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        raise


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
