"""A client that sends its whole body before it reads gets the response to a request that is refused early."""

import http.client
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import uvicorn
from uvicorn.server import ServerState

from api.http.protocol import SERVER_OPTIONS
from tests.api.http.connections import HEALTH, connect, read_response
from tests.conftest import Api

MIB = 1024 * 1024


def _post(api: Api, body: bytes, **headers: str) -> int:
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=20)
    fields = {"Content-Type": "application/json", "Authorization": f"Bearer {api.secrets['STORE']}"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("POST", "/graphql", body, fields)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB, 12 * MIB])
@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_a_body_that_is_too_long_is_answered(api: Api, size: int, connection: str) -> None:
    assert [_post(api, b"a" * size, Connection=connection) for _ in range(5)] == [413] * 5


def test_a_body_of_another_type_is_answered(api: Api) -> None:
    assert [_post(api, b"a" * MIB, Connection="close", Content_Type="text/plain") for _ in range(10)] == [415] * 10


def test_a_chunked_body_that_is_too_long_is_answered(api: Api) -> None:
    sent = b"POST /graphql HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nConnection: close\r\n"
    sent += f"Authorization: Bearer {api.secrets['STORE']}\r\n".encode()
    sent += b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"a" * 65536 + b"\r\n") * 48 + b"0\r\n\r\n"
    for _ in range(5):
        with connect(api) as connection:
            connection.sendall(sent)
            assert read_response(connection)[0] == 413


@pytest.mark.parametrize(
    ("start", "status"), [(b"no HTTP", 400), (HEALTH[:-2] + b"X: ", 431), (b"GET /" + b"a" * 9000, 414)]
)
def test_a_refused_head_with_megabytes_after_it_is_answered(api: Api, start: bytes, status: int) -> None:
    for _ in range(5):
        with connect(api) as connection:
            connection.sendall(start + b"a" * (3 * MIB))
            assert read_response(connection)[0] == status


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_a_body_without_end_is_not_read_for_ever(api: Api, connection: str) -> None:
    with connect(api) as connected:
        connected.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 9999999999\r\n"
            b"Connection: %b\r\n\r\n" % connection.encode()
        )
        with pytest.raises(ConnectionError):  # noqa: PT012 -- the connection is reset while the body is sent
            for _ in range(400):
                connected.sendall(b"a" * MIB)


def test_nothing_on_a_refused_connection_is_executed(api: Api) -> None:
    with connect(api) as connection:
        connection.sendall(HEALTH)
        assert read_response(connection)[0] == 200
        connection.sendall(b"no HTTP\r\n\r\n")
        assert read_response(connection)[0] == 400
        connection.sendall(HEALTH)
        assert connection.recv(10) == b""


PART = 16 * MIB
"""More than the buffers of a connection hold."""


class Sender(NamedTuple):
    """A server whose responses are larger than a client takes without reading."""

    api: Api
    state: ServerState
    has_sent: threading.Event


@pytest.fixture
def sender() -> Iterator[Sender]:
    has_sent = threading.Event()

    async def send_parts(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"%d" % (2 * PART))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(PART), "more_body": True})
        has_sent.set()
        await send({"type": "http.response.body", "body": bytes(PART)})

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(send_parts, lifespan="off", timeout_graceful_shutdown=1, **SERVER_OPTIONS))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield Sender(Api(f"http://127.0.0.1:{listener.getsockname()[1]}", {}), server.server_state, has_sent)
    server.should_exit = True
    thread.join(30)


@pytest.mark.parametrize("behind", [HEALTH, HEALTH + b"no HTTP\r\n\r\n", HEALTH[:20], b""])
def test_a_client_that_leaves_before_it_has_read_is_no_error(
    sender: Sender, caplog: pytest.LogCaptureFixture, behind: bytes
) -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    with caplog.at_level(logging.ERROR):
        with connect(sender.api) as connection:
            connection.sendall(chunked + behind)
            assert sender.has_sent.wait(20)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        _wait_until(lambda: not sender.state.tasks and not sender.state.connections)
    assert not caplog.records


def _wait_until(condition: Callable[[], bool]) -> None:
    ended = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ended
        time.sleep(0.01)
