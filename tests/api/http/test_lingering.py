"""A client that sends its whole body before it reads gets the response to a request that is refused early."""

import http.client

import pytest

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
