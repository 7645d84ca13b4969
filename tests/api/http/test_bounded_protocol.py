"""A connection is read no further than its next request: pipelines that are not read cost next to no memory."""

import asyncio
import gc
import json
import threading
import time
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.http.bounded_protocol import MAX_REQUESTS_OF_TURN
from tests.api.http.connections import HEALTH, connect, next_body
from tests.api.http.test_head_limits import graphql
from tests.conftest import Api, Databases, Running, issued, settings_for

MOST_HELD = 1024 * 1024


def _cycles() -> int:
    return sum(type(each) is RequestResponseCycle for each in gc.get_objects())


@pytest.mark.parametrize("kind", ["health", "graphql", "bare", "chunked"])
def test_a_pipeline_that_is_not_read_is_not_taken(clean: Databases, kind: str) -> None:
    running = Running(settings_for(clean))
    with running as url:
        here = Api(url, asyncio.run(issued(clean)))
        requests = {"health": HEALTH, "graphql": graphql(here), "bare": b"GET /x HTTP/1.1\r\nHost:\r\n\r\n"}
        requests["chunked"] = graphql(here, "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n")
        request = requests[kind]
        gc.collect()
        gc.disable()
        try:
            before = _cycles()
            with connect(here) as connection:
                connection.setblocking(False)
                flood = request * (MOST_HELD // len(request))
                sent = 0
                for _ in range(400):
                    with suppress(BlockingIOError):
                        sent += connection.send(flood)
                    time.sleep(0.002)
                wire: Any = next(iter(running.server.server_state.connections))
                assert len(wire._unparsed) < MOST_HELD
                assert len(wire.pipeline) < 5
                assert wire.transport.get_write_buffer_size() < MOST_HELD
                assert _cycles() - before < 20
            until = time.monotonic() + 60
            while (running.server.server_state.connections or _cycles() > before) and time.monotonic() < until:
                time.sleep(0.05)
                gc.collect()  # what was being answered when the connection ended refers to its exception
            assert _cycles() <= before
        finally:
            gc.enable()


@pytest.mark.parametrize("size", [7, 40, 100_000])
def test_a_pipeline_of_every_kind_is_answered_in_order(api: Api, size: int) -> None:
    body = b'{"query": "{ viewer { role } }"}'
    chunked = graphql(api, "Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    blank = graphql(api, body=b'\r\n\r\n\r\n{"query": "{ viewer { role } }"}\r\n\r\n\r\n')
    sent = (HEALTH + graphql(api) + b"\r\n\r\n" + chunked + blank + HEALTH) * 4
    with connect(api) as connection:
        for start in range(0, len(sent), size):
            connection.sendall(sent[start : start + size])
        with connection.makefile("rb") as stream:
            for expected in ("alive", "STORE", "STORE", "STORE", "alive") * 4:
                assert expected in json.dumps(json.loads(next_body(stream)))


@pytest.mark.parametrize("kind", ["health", "graphql", "mixed"])
def test_a_turn_of_the_loop_handles_few_requests_of_a_pipeline(api: Api, running: Running, kind: str) -> None:
    counts: list[int] = []
    loop, ended = running.server.loop, threading.Event()

    def count() -> None:
        counts.append(running.server.server_state.total_requests)
        if not ended.is_set():
            loop.call_soon(count)

    requests = {"health": [HEALTH], "graphql": [graphql(api)], "mixed": [HEALTH, graphql(api)]}[kind]
    requests *= 1000 // len(requests)
    loop.call_soon_threadsafe(count)
    try:
        with connect(api) as connection, connection.makefile("rb") as stream:
            connection.sendall(b"".join(requests))
            for request in requests:
                assert (b"alive" if request == HEALTH else b"STORE") in next_body(stream)
    finally:
        ended.set()
    handled = [after - before for before, after in pairwise(counts)]
    assert sum(handled) >= 900
    assert max(handled) <= 2 * MAX_REQUESTS_OF_TURN, "what was held, and what is read after it"


def test_a_broken_request_is_refused_after_the_answers_before_it(api: Api) -> None:
    with connect(api) as connection:
        connection.sendall(graphql(api) + HEALTH + b"no HTTP\r\n\r\n")
        with connection.makefile("rb") as stream:
            assert b"STORE" in next_body(stream)
            assert b"alive" in next_body(stream)
            assert b" 400 " in stream.readline()


def test_empty_lines_without_end_cost_nothing(api: Api) -> None:
    with connect(api) as connection:
        connection.sendall(b"\r\n" * 2_000_000 + HEALTH)
        with connection.makefile("rb") as stream:
            assert b"alive" in next_body(stream)
