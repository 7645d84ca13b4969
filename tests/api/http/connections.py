"""Raw connections to a service: what is sent on them need not be HTTP."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from typing import IO

from tests.conftest import Api

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"


@contextmanager
def connect(api: Api) -> Iterator[socket.socket]:
    host, _, port = api.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def read_response(connection: socket.socket) -> tuple[int, bytes]:
    response = HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


def next_body(stream: IO[bytes]) -> bytes:
    """Read one of several responses that arrive together: it is 200 and has a length."""
    assert b" 200 " in stream.readline()
    headers = dict(line.lower().split(b": ", 1) for line in iter(stream.readline, b"\r\n"))
    return stream.read(int(headers[b"content-length"]))


def status_of(api: Api, *pieces: bytes) -> int:
    """Send these pieces, as far as the server takes them, and return the status of the first response."""
    with connect(api) as connection:
        with suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        return read_response(connection)[0]
