"""The protocol of POST /graphql answers each request of a connection once, whole and in order."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPResponse
from typing import Any

import asyncpg
import pytest
from graphql import get_introspection_query

from api.access import authentication
from api.http.protocol import MAX_CACHED_HEAD_BYTES, GraphQLProtocol
from tests.conftest import Api, Databases, MovableTime, Running, issued, settings_for
from tests.people import DECIDE, REGISTER

VIEWER = b'{"query": "{ viewer { role } }"}'
ANSWER = {"data": {"viewer": {"role": "STORE"}}}
KEEP_ALIVE = 5
"""Seconds of silence after which a connection is closed (uvicorn's)."""


@contextmanager
def connection(api: Api) -> Iterator[socket.socket]:
    host, _, port = api.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        yield client


def request(api: Api, body: bytes = VIEWER, *, version: str = "1.1", path: str = "/graphql", **headers: str) -> bytes:
    fields = {"Host": "here", "Content-Type": "application/json", "Authorization": f"Bearer {api.secrets['STORE']}"}
    fields |= {"Content-Length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"POST {path} HTTP/{version}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def answer(connected: socket.socket) -> tuple[int, Any, str | None]:
    """Read one answer: its status, its body, and what it says of the connection."""
    response = HTTPResponse(connected)
    response.begin()
    body = response.read()
    return response.status, json.loads(body) if body.startswith(b"{") else body, response.getheader("connection")


def bodies(connected: socket.socket, count: int) -> list[Any]:
    """Read answers that may arrive together."""
    with connected.makefile("rb") as stream:
        return [body(stream) for _ in range(count)]


def body(stream: Any) -> Any:
    assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
    headers = dict(line.split(b": ", 1) for line in iter(stream.readline, b"\r\n"))
    return json.loads(stream.read(int(headers[b"content-length"])))


def test_requests_follow_each_other_on_one_connection(api: Api) -> None:
    with connection(api) as connected:
        for _ in range(3):
            connected.sendall(request(api))
            assert answer(connected) == (200, ANSWER, None)


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_a_head_is_good_for_each_body_that_follows_it(api: Api, pieces: int) -> None:
    with connection(api) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name in ("a1", "b2", "c3", "dd4", "e5", "ff6"):
            sent = request(api, json.dumps({"query": f"{{ {name}: viewer {{ role }} }}"}).encode())
            head = sent.index(b"\r\n\r\n") + 4
            for piece in {1: [sent], 2: [sent[:head], sent[head:]], 3: [sent[:head], sent[head:-3], sent[-3:]]}[pieces]:
                connected.sendall(piece)
                time.sleep(0.02)
            assert answer(connected) == (200, {"data": {name: {"role": "STORE"}}}, None)


def test_a_head_that_is_known_says_no_more_than_it_does(api: Api) -> None:
    """Bytes between requests, the rest of a request and the token are examined again for each request."""
    with connection(api) as connected, connection(api) as broken:
        for each in (connected, broken):
            each.sendall(request(api))
            assert answer(each) == (200, ANSWER, None)
        sent = request(api)
        head = sent.index(b"\r\n\r\n") + 4
        connected.sendall(sent[:head])
        time.sleep(0.05)
        connected.sendall(sent[head:] + sent)
        assert bodies(connected, 2) == [ANSWER] * 2
        connected.sendall(sent[:9])
        time.sleep(0.05)
        connected.sendall(sent[9:] + sent[:head])
        assert answer(connected) == (200, ANSWER, None)
        connected.sendall(sent[head:])
        assert answer(connected) == (200, ANSWER, None)
        support = request(api, Authorization=f"Bearer {api.secrets['SUPPORT']}")
        connected.sendall(support)
        assert answer(connected)[1] == {"data": {"viewer": {"role": "SUPPORT"}}}
        connected.sendall(sent)
        assert answer(connected) == (200, ANSWER, None)
        # Half a head, then what looks like a whole request: all of it is the value of a header.
        broken.sendall(sent[:head][:-4] + b"\r\nX-Half: ")
        time.sleep(0.05)
        broken.sendall(sent)
        broken.settimeout(1)
        assert answer(broken)[0] == 400


def test_a_head_that_comes_in_pieces_is_read_to_its_end_each_time(api: Api) -> None:
    """The body is whole, also where a piece is as long as the body and the end of a head together."""
    first = request(api, b'{"query": "{ viewer { role } }", "operationName": null' + b" " * 43 + b"}", X_Pad="p" * 300)
    assert first.endswith(b"}")
    length = len(first) - first.index(b"\r\n\r\n") - 4
    second = request(api, Authorization=f"Bearer {api.secrets['SUPPORT']}", X_Pad="p" * 300)
    with connection(api) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for sent, role in ((first, "STORE"), (second, "SUPPORT"), (first, "STORE")):
            connected.sendall(sent[: length + 3])
            time.sleep(0.05)
            connected.sendall(sent[length + 3 :])
            assert answer(connected) == (200, {"data": {"viewer": {"role": role}}}, None)


def test_a_caller_who_does_not_read_has_to_wait(clean: Databases) -> None:
    running = Running(settings_for(clean))
    with running as url:
        here = Api(url, asyncio.run(issued(clean)))
        whole = request(here, _body(get_introspection_query()))
        with connection(here) as connected:
            connected.sendall(whole)
            assert connected.recv(10_000_000)
            connected.setblocking(False)
            [wire] = running.server.server_state.connections
            remaining, unsent = 200, whole
            for _ in range(20_000):
                with suppress(BlockingIOError):
                    unsent = unsent[connected.send(unsent) :] or whole
                time.sleep(0.005)
                remaining -= wire.transport.get_write_buffer_size() > 0
                if not remaining:
                    break
            assert 0 < wire.transport.get_write_buffer_size() < 2_000_000


def wire_of(running: Running, connected: socket.socket) -> Any:
    """Return the service's end of a connection."""
    wires: list[Any] = [*running.server.server_state.connections]
    [wire] = [each for each in wires if each.client == connected.getsockname()]
    return wire


def silent_for(running: Running, connected: socket.socket, seconds: float) -> None:
    """Move the start of a silence back by this long and run its timer, in the thread of the service."""

    async def pass_by() -> None:
        wire = wire_of(running, connected)
        wire._idle_since -= seconds
        if wire._idle_timer:
            wire._idle_timer.cancel()
            wire._close_if_idle()

    asyncio.run_coroutine_threadsafe(pass_by(), running.server.loop).result(60)


def begun(running: Running, connected: socket.socket) -> None:
    """Wait until the service has got the beginning of a request."""

    async def has_begun() -> bool:
        wire = wire_of(running, connected)
        return not wire.is_idle

    while not asyncio.run_coroutine_threadsafe(has_begun(), running.server.loop).result(60):
        time.sleep(0.005)


def test_a_request_that_takes_long_to_arrive_is_answered(api: Api, running: Running) -> None:
    with connection(api) as connected:
        sent = request(api)
        connected.sendall(sent + sent[:20])
        assert answer(connected)[0] == 200
        connected.sendall(sent[20:-5])
        begun(running, connected)
        silent_for(running, connected, KEEP_ALIVE + 0.5)
        connected.sendall(sent[-5:])
        assert answer(connected) == (200, ANSWER, None)


def test_a_request_of_which_the_head_is_there_is_answered_before_the_service_stops(clean: Databases) -> None:
    running = Running(settings_for(clean))
    with running as url:
        here = Api(url, asyncio.run(issued(clean)))
        sent = request(here)
        head = sent.index(b"\r\n\r\n") + 4
        with connection(here) as connected:
            connected.sendall(sent)
            assert answer(connected) == (200, ANSWER, None)
            connected.sendall(sent[:head])
            begun(running, connected)
            running.server.should_exit = True
            time.sleep(0.3)
            connected.sendall(sent[head:])
            assert answer(connected) == (200, ANSWER, "close")


def test_a_token_that_is_revoked_is_worth_nothing_on_a_connection_that_knows_its_head(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = MovableTime()
    monkeypatch.setattr(authentication, "time", clock)
    issue = 'mutation { issueToken(name: "short", roles: [STORE]) { secret token { id } } }'
    issued_token = api.ask("ADMIN", issue).data["issueToken"]
    sent = request(api, Authorization=f"Bearer {issued_token['secret']}")
    with connection(api) as connected:
        for _ in range(3):
            connected.sendall(sent)
            assert answer(connected) == (200, ANSWER, None)
        api.ask("ADMIN", "mutation($id: ID!) { revokeToken(id: $id) { id } }", id=issued_token["token"]["id"])
        clock.advance(1.0)
        connected.sendall(sent)
        assert answer(connected)[1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_requests_that_arrive_together_are_answered_in_their_order(api: Api) -> None:
    documents = [json.dumps({"query": f"{{ a{n}: viewer {{ role }} }}"}).encode() for n in range(20)]
    with connection(api) as connected:
        connected.sendall(b"".join(request(api, each) for each in documents))
        assert bodies(connected, 20) == [{"data": {f"a{n}": {"role": "STORE"}}} for n in range(20)]


def test_a_request_that_arrives_octet_by_octet_is_answered(api: Api) -> None:
    with connection(api) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in request(api):
            connected.sendall(bytes([octet]))
        assert answer(connected) == (200, ANSWER, None)


def test_a_connection_is_closed_after_the_answer_when_the_caller_says_so(api: Api) -> None:
    with connection(api) as connected:
        connected.sendall(request(api, Connection="close"))
        assert answer(connected) == (200, ANSWER, "close")
        assert connected.recv(1) == b""


def test_http_1_0_is_answered_and_closed(api: Api) -> None:
    with connection(api) as connected:
        connected.sendall(request(api, version="1.0"))
        status, body, _ = answer(connected)
        assert (status, body) == (200, ANSWER)
        assert connected.recv(1) == b""


def test_a_caller_who_waits_for_leave_to_send_gets_it(api: Api) -> None:
    sent = request(api, Expect="100-continue")
    with connection(api) as connected:
        connected.sendall(sent[: -len(VIEWER)])
        assert connected.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connected.sendall(VIEWER)
        assert answer(connected) == (200, ANSWER, None)


@pytest.mark.parametrize("path", ["/graphql?query=x", "/graphql/", "/GraphQL", "//graphql"])
def test_another_path_uses_the_asgi_adapter(api: Api, path: str) -> None:
    with connection(api) as connected:
        connected.sendall(request(api, path=path))
        status, body, _ = answer(connected)
        assert (status, body) == (200, ANSWER) if "?" in path else status in {307, 404, 405}


def test_other_requests_may_stand_between(api: Api) -> None:
    with connection(api) as connected:
        for _ in range(2):
            connected.sendall(request(api))
            assert answer(connected) == (200, ANSWER, None)
            connected.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
            assert answer(connected) == (200, {"alive": True}, None)


def test_half_a_request_harms_nobody(api: Api) -> None:
    with connection(api) as connected:
        connected.sendall(request(api)[:-5])
    with connection(api) as connected:
        connected.sendall(request(api))
        assert answer(connected) == (200, ANSWER, None)


def test_two_lengths_are_refused(api: Api) -> None:
    sent = request(api).replace(b"Content-Length", b"Content-Length: 3\r\nContent-Length", 1)
    with connection(api) as connected:
        connected.sendall(sent)
        assert answer(connected)[0] == 400


def test_what_is_no_http_is_refused_and_the_connection_closed(api: Api) -> None:
    with connection(api) as connected:
        connected.sendall(b"query { viewer { role } }\r\n\r\n")
        assert answer(connected)[0] == 400
        assert connected.recv(1) == b""


def test_a_silent_connection_is_closed_and_one_in_use_is_not(api: Api, running: Running) -> None:
    with connection(api) as busy, connection(api) as silent:
        for each in (busy, silent):
            each.sendall(request(api))
            assert answer(each)[0] == 200
            silent_for(running, each, KEEP_ALIVE / 2)
        busy.sendall(request(api))
        assert answer(busy)[0] == 200
        for each in (busy, silent):
            silent_for(running, each, KEEP_ALIVE / 2)
        assert silent.recv(1) == b""
        busy.sendall(request(api))
        assert answer(busy)[0] == 200


def test_many_connections_are_each_answered_what_they_asked(api: Api) -> None:
    def ask(number: int) -> None:
        with connection(api) as connected:
            for turn in range(20):
                name = f"a{number}_{turn}"
                connected.sendall(request(api, json.dumps({"query": f"{{ {name}: viewer {{ role }} }}"}).encode()))
                matches.append(answer(connected)[1] == {"data": {name: {"role": "STORE"}}})

    matches: list[bool] = []
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert matches == [True] * 320


def test_an_answer_under_way_is_given_before_the_service_stops(api: Api, clean: Databases) -> None:
    person = api.ask("STORE", REGISTER, input={"email": "ada@example.com"}).data["registerSubject"]["id"]
    document = "mutation($id: ID!) { optOutOfAll(subject: {id: $id}, channel: EMAIL) { suppressed } }"
    running = Running(settings_for(clean))
    with running as url:
        here = Api(url, asyncio.run(issued(clean)))
        with connection(here) as connected:
            asyncio.run(_stopped_amid(clean, connected, request(here, _body(document, id=person)), running))
            assert answer(connected) == (200, {"data": {"optOutOfAll": {"suppressed": False}}}, "close")


def test_a_request_that_begins_just_before_the_silence_is_too_long_is_answered(api: Api, running: Running) -> None:
    with connection(api) as connected:
        connected.sendall(request(api))
        assert answer(connected)[0] == 200
        sent = request(api)
        silent_for(running, connected, KEEP_ALIVE / 2)
        connected.sendall(sent[:20])
        begun(running, connected)
        silent_for(running, connected, KEEP_ALIVE)
        connected.sendall(sent[20:])
        assert answer(connected) == (200, ANSWER, None)


def test_a_caller_whose_pipeline_is_broken_costs_nobody_else_the_answer(api: Api, clean: Databases) -> None:
    person = api.register("ada@example.com")
    request_bytes = request(api, _body(DECIDE, who={"id": person}, purpose="newsletter"))
    with ExitStack() as stack:
        first, second, broken, *others = [stack.enter_context(connection(api)) for _ in range(12)]
        asyncio.run(
            _answered_together(
                clean,
                [(first, request_bytes), (second, request_bytes)],
                [(broken, request_bytes * 2 + b"no HTTP")],
                others,
                request_bytes,
            )
        )
        for each in (first, second, *others):
            each.settimeout(5)
            assert answer(each)[0] == 200


async def _answered_together(
    clean: Databases,
    busy: list[tuple[socket.socket, bytes]],
    broken: list[tuple[socket.socket, bytes]],
    others: list[socket.socket],
    request_bytes: bytes,
) -> None:
    """Keep both connections of a read waiting for a lock, so that all who ask meanwhile are answered in one turn."""
    holder = await asyncpg.connect(clean.url)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE subjects IN ACCESS EXCLUSIVE MODE")
            for connected, sent in (*busy, *broken, *((other, request_bytes) for other in others)):
                connected.sendall(sent)
                await asyncio.sleep(0.05)
    finally:
        await holder.close()


def _body(document: str, **variables: Any) -> bytes:
    return json.dumps({"query": document, "variables": variables}).encode()


async def _stopped_amid(clean: Databases, connected: socket.socket, sent: bytes, running: Running) -> None:
    """Send a request that waits for a lock, have the service stop, and only then let go of the lock."""
    holder = await asyncpg.connect(clean.url)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE subjects IN ACCESS EXCLUSIVE MODE")
            connected.sendall(sent)
            await asyncio.sleep(0.5)
            running.server.should_exit = True
            await asyncio.sleep(0.5)
    finally:
        await holder.close()


def test_a_connection_keeps_few_bytes_of_heads(api: Api, running: Running) -> None:
    """Eight heads of eight kilobytes were kept for each connection: a gigabyte for ten thousand."""
    with connection(api) as connected:
        for number in [*range(8), 7]:
            connected.sendall(request(api, X_Number=f"{number}" * 3_000))
            assert answer(connected)[:2] == (200, ANSWER)
        connections = [*running.server.server_state.connections]
        sizes = [sum(map(len, each._heads)) for each in connections if isinstance(each, GraphQLProtocol)]
        assert 0 < max(sizes) <= MAX_CACHED_HEAD_BYTES
