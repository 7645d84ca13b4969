"""Connections that do not send a whole request are closed in time, and do not keep health checks out."""

import json
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import uvicorn
from graphql import get_introspection_query

from api.http.connection_limits import (
    DEFAULT_LIMITS,
    ConnectionLimits,
    monitor_of,
    raise_file_limit,
    warn_of_file_limit,
)
from api.http.protocol import SERVER_OPTIONS
from tests.api.http.connections import HEALTH, connect, read_response
from tests.api.http.test_head_limits import graphql
from tests.conftest import Api, Databases, Running, settings_for

LOOP: Any = None
"""The loop of a monitor that exists already."""
LIMITS = ConnectionLimits(head_seconds=2, body_seconds=3)
POST = b"POST /other HTTP/1.1\r\nHost: here\r\n"


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer 200 when the whole body has arrived."""
    is_complete = scope["type"] != "http"
    while not is_complete:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        is_complete = not message["more_body"]
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[uvicorn.Server, Api]]:
    """Serve an application without a database, with short deadlines."""
    monkeypatch.setattr(_echo, "connection_limits", LIMITS, raising=False)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(_echo, lifespan="off", timeout_graceful_shutdown=1, **SERVER_OPTIONS))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield server, Api(f"http://127.0.0.1:{listener.getsockname()[1]}", {})
    server.should_exit = True
    thread.join(30)


def test_connections_without_a_request_are_closed(server: tuple[uvicorn.Server, Api]) -> None:
    with connect(server[1]) as silent, connect(server[1]) as half, connect(server[1]) as lines:
        half.sendall(HEALTH[:20])
        lines.sendall(b"\r\n")
        assert read_response(half)[0] == 408
        for connection in (silent, lines):
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""


@pytest.mark.parametrize("body", [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"])
def test_half_a_body_is_refused(server: tuple[uvicorn.Server, Api], body: bytes) -> None:
    with connect(server[1]) as connection:
        connection.sendall(POST + body)
        assert read_response(connection)[0] == 408


def test_health_checks_are_answered_when_there_are_too_many_connections(server: tuple[uvicorn.Server, Api]) -> None:
    running, here = server
    state = running.server_state
    with ExitStack() as stack:
        with connect(here) as first:
            first.sendall(HEALTH)
            assert read_response(first)[0] == 200
            monitor_of(state, LOOP).max_connections = 0
            with connect(here) as late, connect(here) as health:
                late.sendall(POST + b"Content-Length: 0\r\n\r\n")
                assert read_response(late)[0] == 503
                health.sendall(HEALTH)
                assert read_response(health)[0] == 200
        for _ in range(DEFAULT_LIMITS.reserved_connections + 10):
            stack.enter_context(connect(here))
        connection = stack.enter_context(connect(here))
        # The server accepts in turn: once it closed the last one, it has seen all of them.
        with suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        assert len(state.connections) <= DEFAULT_LIMITS.reserved_connections


def test_the_file_limit_is_raised_and_bounds_the_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        assert raise_file_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert DEFAULT_LIMITS.connections_for(1024) < 1024 - DEFAULT_LIMITS.reserved_connections


def test_a_file_limit_that_is_too_low_is_said_at_start(capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = hard if hard != resource.RLIM_INFINITY else 2**20
    warn_of_file_limit(ConnectionLimits(max_connections=16))
    assert "connections limited" not in capsys.readouterr().out
    try:
        warn_of_file_limit(ConnectionLimits(max_connections=needed + 1))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "connections limited" in capsys.readouterr().out or hard == resource.RLIM_INFINITY


@pytest.fixture(scope="module")
def impatient(databases: Databases) -> Iterator[Running]:
    """Serve the API with short deadlines."""
    limits = {"head_seconds": 2, "body_seconds": 2, "reader_seconds": 2}
    running = Running(settings_for(databases, **limits))
    with running:
        yield running


@pytest.mark.parametrize("number", [1, 2])
def test_a_graphql_request_that_does_not_arrive_is_refused(api: Api, impatient: Running, number: int) -> None:
    """The second request of a connection has a cached head."""
    here = Api(impatient.url, api.secrets)
    whole = graphql(here)
    with connect(here) as connection:
        for _ in range(number - 1):
            connection.sendall(whole)
            assert read_response(connection)[0] == 200
        connection.sendall(whole[:-3])
        assert read_response(connection)[0] == 408
    with connect(here) as connection:
        connection.sendall(whole[: whole.index(b"Content-Type")])
        assert read_response(connection)[0] == 408
    head, _, _ = whole.partition(b"\r\n\r\n")
    with connect(here) as connection:
        connection.sendall(whole)
        assert read_response(connection)[0] == 200
        connection.sendall(head + b"\r\n\r\n")
        assert read_response(connection)[0] == 408


def test_a_client_that_never_reads_its_answers_is_dropped(api: Api, impatient: Running) -> None:
    here = Api(impatient.url, api.secrets)
    request = graphql(here, body=json.dumps({"query": get_introspection_query()}).encode())
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", impatient.port))
        with suppress(ConnectionError):  # the loop ends by it alone
            while True:
                connection.sendall(request * 20)
    with connect(here) as connection:
        connection.sendall(HEALTH)
        assert read_response(connection)[0] == 200
