"""Sends what is not HTTP, or hardly, to a service, and checks that healthy requests beside it are answered right."""

import gc
import json
import os
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

from tests.api.http.connections import HEALTH, connect
from tests.api.http.test_head_limits import graphql
from tests.conftest import Api, Running
from tests.loop_probe import LoopProbe

MAX_TURN_SECONDS = 0.05
MAX_GROWTH = 1.1
DOCUMENT = 'query Healthy($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { reason } }'
INSERTED = (
    *(b"\r\n", b"\n", b"\r", b"\0", b": ", b" ", b"\xff", b"0\r\n\r\n", b"a" * 9_000),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 7\r\n", b"Content-Length: 99999999999999999999\r\n"),
    *(b"Host: x\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\nConnection: upgrade\r\n"),
)
SIZES = (b"1", b"A", b"00001", b"-1", b"fffffffffffffffff", b"0x1", b"1;a=b", b"1;" + b"a" * 40_000)
TRAILERS = (b"", b"X: y\r\n", b"Authorization: Bearer x\r\n" * 200, b"a" * 50_000, b"Host: x\r\n")
UNITS = (b"\r\n", b"a" * 1000, b"GET /" + b"a" * 9000, b"X-A: b\r\n")
BODY = b'{"query": "{ viewer { role } }"}'


def resident_bytes() -> int:
    """Return the memory of this process, without what the collector would find."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _head(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a head, up to its end or to the end of the stream."""
    while (line := stream.readline()) not in {b"\r\n", b""}:
        yield line


class HealthyCaller:
    """Asks the same question all the time, on one connection, and counts answers and failures."""

    def __init__(self, api: Api, pause: float = 0.002) -> None:
        self._api = api
        self._pause = pause
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._call, daemon=True)
        self.answers = 0
        self.failures: list[str] = []

    def __enter__(self) -> "HealthyCaller":  # noqa: PYI034 -- it is never subclassed
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(60)

    def _call(self) -> None:
        body = json.dumps({"query": DOCUMENT, "variables": {"who": {"email": "nobody@example.com"}}})
        headers = {"authorization": f"Bearer {self._api.secrets['STORE']}", "content-type": "application/json"}
        connection = HTTPConnection(self._api.url.removeprefix("http://"), timeout=30)
        while not self._stopped.is_set():
            try:
                connection.request("POST", "/graphql", body, headers)
                response = connection.getresponse()
                answer = json.loads(response.read())
                assert answer == {"data": {"consentDecision": {"reason": "UNKNOWN_SUBJECT"}}}, answer
                self.answers += 1
            except (OSError, HTTPException, ValueError, AssertionError) as error:
                self.failures.append(repr(error))
                connection.close()
            self._stopped.wait(self._pause)
        connection.close()


class HttpFuzzer:
    """Writes and sends the connections of one seed."""

    def __init__(self, api: Api, seed: int) -> None:
        self._api = api
        self.random = random.Random(seed)
        self.statuses: Counter[str] = Counter()
        self.lost: list[str] = []

    def run(self, is_over: Callable[[int], bool]) -> int:
        """Send connections until it is over, which is asked with their number; return their number."""
        number = 0
        while not is_over(number):
            number += 1
            kind = self.random.choice(
                (self.mutated, self.mutated, self.pipeline, self.chunked, self.flood, self.abrupt)
            )
            kind()
        return number

    def request(self) -> bytes:
        """Return a request that is answered 200."""
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:])) + b"0\r\n\r\n"
        return self.random.choice(
            (
                HEALTH,
                graphql(self._api),
                graphql(self._api, body=BODY + b" " * self.random.randrange(70_000)),
                graphql(self._api, "Transfer-Encoding: chunked", body=chunks),
                graphql(self._api, "Upgrade: h2c", "Connection: Upgrade"),
                graphql(self._api, "Expect: 100-continue"),
                HEALTH.replace(b"Host", b"X-A: " + b"a" * self.random.randrange(9_000) + b"\r\nHost"),
            )
        )

    def mutated(self) -> None:
        """Change a few bytes of a request, or cut it, or repeat a part of it."""
        sent = bytearray(self.request())
        for _ in range(self.random.randrange(1, 6)):
            at = self.random.randrange(len(sent) + 1)
            end = at + self.random.randrange(40)
            kind = self.random.randrange(5)
            if kind == 0:
                sent[at:end] = b""
            elif kind == 1:
                sent[at:at] = sent[at:end] * self.random.randrange(1, 50)
            elif kind == 2:
                sent[at:at] = self.random.choice(INSERTED)
            elif kind == 3:
                sent[at:end] = self.random.randbytes(self.random.randrange(1, 40))
            else:
                sent[at:] = b""
        self._converse(bytes(sent))

    def pipeline(self) -> None:
        """Send several good requests at once, then something else: each good one is answered, in order."""
        requests = [self.request() for _ in range(self.random.randrange(1, 12))]
        end = self.random.choice((b"", b"", b"no HTTP\r\n\r\n", b"GET /healthz HTTP/1.1\r\n", b"\0" * 100))
        self._converse(b"".join(requests) + end, expected=len(requests))

    def chunked(self) -> None:
        """Send a chunked body with odd framing, extensions and trailers."""
        size = self.random.choice(
            (b"1", b"A", b"00001", b"-1", b"fffffffffffffffff", b"0x1", b"1;a=b", b"1;" + b"a" * 40_000)
        )
        trailer = self.random.choice(
            (b"", b"X: y\r\n", b"Authorization: Bearer x\r\n" * 200, b"a" * 50_000, b"Host: x\r\n")
        )
        body = size + b"\r\n" + b"{" * self.random.randrange(20) + b"\r\n0\r\n" + trailer + b"\r\n"
        self._converse(graphql(self._api, "Transfer-Encoding: chunked", body=body))

    def flood(self) -> None:
        """Send something without end, and read nothing."""
        unit = self.random.choice(
            (HEALTH, graphql(self._api), b"\r\n", b"a" * 1000, b"GET /" + b"a" * 9000, b"X-A: b\r\n")
        )
        with connect(self._api) as connection:
            connection.settimeout(0.05)
            with suppress(OSError):
                for _ in range(self.random.randrange(1, 60)):
                    connection.sendall(unit * (65_536 // len(unit) + 1))

    def abrupt(self) -> None:
        """Close, or reset, a connection in the middle of a request or of its response."""
        sent = self.request() * self.random.randrange(1, 4)
        with connect(self._api) as connection:
            if self.random.random() < 0.5:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with suppress(OSError):
                connection.sendall(sent[: self.random.randrange(len(sent) + 1)])

    def _pieces(self, sent: bytes) -> Iterator[bytes]:
        size = self.random.choice((1, 7, 100, 1460, 65_536, 1 << 20)) if len(sent) < 3_000 else 65_536
        yield from (sent[start : start + size] for start in range(0, len(sent), size))

    def _converse(self, sent: bytes, expected: int | None = None) -> None:
        """Send a connection's bytes and read what is answered; note an answer that is missing."""
        with connect(self._api) as connection:
            with suppress(ConnectionError):
                for piece in self._pieces(sent):
                    connection.sendall(piece)
                if expected is None and self.random.random() < 0.5:
                    connection.shutdown(socket.SHUT_WR)  # the end of what a client sends is its disconnect
            if expected is None:
                connection.settimeout(0.1)
            with connection.makefile("rb") as stream:
                for number in range(expected or 1):
                    status = self._status(stream)
                    self.statuses[status] += 1
                    if expected and status != "200":
                        self.lost.append(f"answer {number} of {expected}: {status}: {sent[:300]!r}")
                        return

    @staticmethod
    def _status(stream: IO[bytes]) -> str:
        """Read one response, and return its status, or what went wrong."""
        lines: list[bytes] = []
        try:
            lines = [line.lower() for line in _head(stream)]
            if lines and b" 100 " in lines[0]:
                lines = [line.lower() for line in _head(stream)]
            headers = dict(line.rstrip().split(b": ", 1) for line in lines[1:])
            stream.read(int(headers[b"content-length"]))
            return lines[0].split()[1].decode()
        except (OSError, LookupError, ValueError) as error:
            return f"{type(error).__name__} {lines[:3]!r}"


def fuzz(running: Running, api: Api, seed: int, is_over: Callable[[int], bool]) -> dict[str, object]:
    """Fuzz a service; return the figures."""
    HttpFuzzer(api, seed).run(lambda number: number >= 100)
    before = resident_bytes()
    fuzzer = HttpFuzzer(api, seed + 1)
    with LoopProbe(running.server.loop) as probe, HealthyCaller(api) as caller:
        connections = fuzzer.run(is_over)
        turns = probe.read()
    until = time.monotonic() + 30
    while running.server.server_state.connections and time.monotonic() < until:
        time.sleep(0.1)
    return {
        "seed": seed,
        "connections": connections,
        "statuses": dict(fuzzer.statuses),
        "lost": fuzzer.lost,
        "healthy answers": caller.answers,
        "healthy failures": caller.failures,
        "longest turn": turns.longest,
        "of it in collections": turns.collecting,
        "growth": resident_bytes() / before,
        "open connections": len(running.server.server_state.connections),
    }
