"""A head has a maximum size however it arrives, names one host, and is not extended by trailers."""

from collections.abc import Iterator

import pytest

from tests.api.http.connections import HEALTH, connect, next_body, read_response, status_of
from tests.conftest import Api

START = HEALTH[:-2]


def graphql(api: Api, *fields: str, body: bytes = b'{"query": "{ viewer { role } }"}', role: str = "STORE") -> bytes:
    lines = ["POST /graphql HTTP/1.1", "Host: here", "Content-Type: application/json", *fields]
    if role:
        lines.append(f"Authorization: Bearer {api.secrets[role]}")
    if "Transfer-Encoding: chunked" not in fields:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def endless(prefix: bytes, filler: bytes) -> Iterator[bytes]:
    yield prefix
    for _ in range(4096):
        yield filler * (4096 // len(filler))


@pytest.mark.parametrize(
    ("prefix", "filler", "status"),
    [
        (START + b"X-A: ", b"a", 431),
        (START, b"a", 431),
        (START, b"X-A: a\r\n", 431),
        (b"GET /", b"a", 414),
        (b"GET /?", b"a", 414),
        (b"POST /graphql HTTP/1.1\r\nHost: here\r\nX: ", b"a", 431),
    ],
    ids=["value", "name", "fields", "path", "query", "graphql"],
)
def test_a_head_without_end_is_refused_while_it_arrives(api: Api, prefix: bytes, filler: bytes, status: int) -> None:
    assert status_of(api, *endless(prefix, filler)) == status
    assert status_of(api, HEALTH) == 200


@pytest.mark.parametrize("route", ["/healthz", "/graphql"])
@pytest.mark.parametrize(
    ("fields", "status"), [(b"X: " + b"a" * 33_000, 431), (b"\r\n".join([b"X: a"] * 110), 431)], ids=["bytes", "fields"]
)
def test_a_whole_head_beyond_a_limit_is_refused(api: Api, route: str, fields: bytes, status: int) -> None:
    head = f"POST {route} HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n".encode()
    assert status_of(api, head + fields + b"\r\n\r\n") == status


def test_a_head_and_a_target_within_the_limits_are_taken(api: Api) -> None:
    assert status_of(api, START + b"X: " + b"a" * 32_000 + b"\r\n\r\n") == 200
    assert status_of(api, START + b"X: a\r\n" * 99 + b"\r\n") == 200
    assert status_of(api, HEALTH.replace(b"healthz", b"healthz?" + b"a" * 8_000)) == 200
    assert status_of(api, HEALTH.replace(b"healthz", b"healthz?" + b"a" * 8_300)) == 414


@pytest.mark.parametrize("filler", [b"a", b"X-T: a\r\n"])
def test_trailers_without_end_are_refused(api: Api, filler: bytes) -> None:
    # The body is whole but for its trailers: nothing is answered before they end.
    head = graphql(api, "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n")
    assert status_of(api, *endless(head, filler)) == 431


def test_chunk_extensions_without_end_are_refused(api: Api) -> None:
    assert status_of(api, *endless(graphql(api, "Transfer-Encoding: chunked", body=b"2;"), b"a")) == 431


@pytest.mark.parametrize("pause", [False, True])
def test_trailers_are_never_believed(api: Api, *, pause: bool) -> None:
    body = b'{"query": "{ viewer { role } }"}'
    chunked = b"%x\r\n%b\r\n0\r\n" % (len(body), body)
    admin = (
        f"Authorization: Bearer {api.secrets['ADMIN']}\r\nX-Forwarded-For: 10.1.1.1\r\nX-Role: ADMIN\r\n\r\n".encode()
    )
    for role, expected in (("", b"UNAUTHENTICATED"), ("STORE", b'"STORE"')):
        head = graphql(api, "Transfer-Encoding: chunked", "Trailer: Authorization", body=b"", role=role)
        with connect(api) as connection:
            for piece in [head, chunked + admin] if pause else [head + chunked + admin]:
                connection.sendall(piece)
            assert expected in read_response(connection)[1]
            connection.sendall(HEALTH)
            assert read_response(connection)[0] == 200


@pytest.mark.parametrize("route", ["POST /graphql", "GET /healthz"])
@pytest.mark.parametrize("name", ["Authorization", "X-Role", "X-Case", "x-CASE"])
def test_a_header_that_identifies_the_caller_is_given_once(api: Api, route: str, name: str) -> None:
    lines = [
        f"{route} HTTP/1.1",
        "Host: here",
        f"{name}: one",
        "X-Other: 1",
        "X-Other: 2",
        f"{name.title()}: two",
        "",
        "",
    ]
    assert status_of(api, "\r\n".join(lines).encode()) == 400
    lines.remove(f"{name}: one")
    assert status_of(api, "\r\n".join(lines).encode()) != 400


@pytest.mark.parametrize("route", ["GET /healthz", "GET /u/x/", "POST /graphql"])
@pytest.mark.parametrize(
    ("version", "hosts", "is_valid"),
    [("1.1", 0, False), ("1.1", 2, False), ("1.0", 2, False), ("1.0", 0, True), ("1.1", 1, True)],
)
def test_a_request_names_one_host(api: Api, route: str, version: str, hosts: int, *, is_valid: bool) -> None:
    lines = [f"{route} HTTP/{version}", *["Host: here"] * hosts, "Content-Length: 0", "", ""]
    status = status_of(api, "\r\n".join(lines).encode())
    assert (status != 400) == is_valid


@pytest.mark.parametrize("host", ["here, there", "here there", "a/b", "me@here", "here:x", "[::1", "h\xe9re", 'a"b'])
@pytest.mark.parametrize("route", ["GET /healthz", "POST /graphql"])
def test_a_host_is_a_name_or_an_address(api: Api, route: str, host: str) -> None:
    def status(named: str) -> int:
        return status_of(api, f"{route} HTTP/1.1\r\nHost: {named}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))

    assert status(host) == 400
    assert all(status(valid) != 400 for valid in ("", "here.example:443", "[::1]:80", "127.0.0.1", "my_host:"))


@pytest.mark.parametrize("route", ["GET /healthz", "POST /graphql"])
@pytest.mark.parametrize(
    ("version", "field", "status"),
    [
        ("2.0", "X: a", 505),
        ("0.9", "X: a", 505),
        ("1.0", "Transfer-Encoding: chunked", 400),
        ("1.1", "Transfer-Encoding: gzip, chunked", 501),
        ("1.1", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501),
    ],
)
def test_a_body_in_another_framing_is_refused(api: Api, route: str, version: str, field: str, status: int) -> None:
    head = f"{route} HTTP/{version}\r\nHost: here\r\n{field}\r\n\r\n".encode()
    assert status_of(api, head + b"2\r\n{}\r\n0\r\n\r\n") == status


@pytest.mark.parametrize("white", [" ", "\t", " \t "])
def test_white_space_after_a_value_is_no_part_of_it(api: Api, white: str) -> None:
    body = b'{"query": "{ viewer { role } }"}'
    lines = [
        "POST /graphql HTTP/1.1",
        f"Host: here{white}",
        f"Content-Type: application/json{white}",
        f"Authorization: Bearer {api.secrets['STORE']}{white}",
        f"Content-Length: {len(body)}{white}",
    ]
    chunked = "\r\n".join([*lines[:-1], "Transfer-Encoding: chunked ", "", ""]).encode()
    with connect(api) as connection:
        # What follows is a request of its own, and the end of the body is known.
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body + HEALTH)
        connection.sendall(chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        with connection.makefile("rb") as stream:
            for expected in (b'"STORE"', b"alive", b'"STORE"'):
                assert expected in next_body(stream)


@pytest.mark.parametrize("path", ["/u/x", "/u/x/", "/graphql/", "/healthz/"])
def test_no_path_redirects_to_the_host_that_a_request_names(api: Api, path: str) -> None:
    assert status_of(api, f"GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode()) in {404, 405}


UPGRADE = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAA")


@pytest.mark.parametrize("size", [1, 60, 100_000])
@pytest.mark.parametrize("upgrade", [UPGRADE, ("Connection: Upgrade", "Upgrade: websocket"), ("Upgrade: h2c",)])
def test_an_upgrade_is_ignored(api: Api, upgrade: tuple[str, ...], size: int) -> None:
    request = graphql(api, *upgrade)
    health = HEALTH[:-2] + "\r\n".join([*upgrade, "", ""]).encode()
    sent = request + health + graphql(api) + request
    with connect(api) as connection:
        for start in range(0, len(sent), size):
            connection.sendall(sent[start : start + size])
        with connection.makefile("rb") as stream:
            for expected in (b'"STORE"', b"alive", b'"STORE"', b'"STORE"'):
                assert expected in next_body(stream)


def test_an_upgrade_with_a_chunked_body_is_ignored(api: Api) -> None:
    body = b'{"query": "{ viewer { role } }"}'
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    with connect(api) as connection:
        connection.sendall(graphql(api, *UPGRADE, "Transfer-Encoding: chunked", body=chunked))
        assert b'"STORE"' in read_response(connection)[1]


def test_connect_is_refused(api: Api) -> None:
    assert status_of(api, b"CONNECT here:80 HTTP/1.1\r\nHost: here:80\r\n\r\n") == 501
