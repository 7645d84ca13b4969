"""The wire under POST /graphql: uvicorn's own protocol, with less between its parser and the application.

A request reaches the application when its body is whole; a head that comes again on a connection, octet for octet, is
not parsed again. Its answer leaves in one write, at the end of the turn of the loop, right after those of the other
requests answered in that turn: whoever waits for them is woken once and not for each. Whatever is not such a request
(another path or method, a body of unknown or too great a length, pipelined requests) takes uvicorn's road unchanged.
"""

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping, Sequence
from typing import Any, Final, Protocol, Self, TypeAlias
from weakref import WeakKeyDictionary

from uvicorn._types import HTTPScope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

PATH: Final = b"/graphql"
MOST_HEADS: Final = 8
"""How many heads are kept for a connection: those of one caller differ in the length of the body, if in anything."""
LONGEST_HEAD: Final = 8192
"""Octets of a head that is kept."""
CLOSE: Final = b"connection: close\r\n"
END: Final = b"\r\n\r\n"
FAILED: Final = STATUS_LINE[500] + b"content-length: 0\r\nconnection: close\r\n\r\n"

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]


class Promise(Protocol):
    """What an answer waits for."""

    def cancel(self) -> object:
        """Wait for it no longer."""


class Lines:
    """The first lines of many answers: a status, and the headers that all of them share."""

    def __init__(self, status: int, headers: Headers) -> None:
        self._status = status
        self._headers = headers
        self._defaults: Headers | None = None
        self._octets = b""

    def beside(self, defaults: Headers) -> bytes:
        """Write them down, with the headers that uvicorn adds to every answer, which it makes anew now and then."""
        if defaults is not self._defaults:
            self._defaults = defaults
            self._octets = STATUS_LINE[self._status] + _written((*defaults, *self._headers))
        return self._octets


def _written(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


class Head:
    """All that stands before the body of a request. Callers repeat theirs, so each connection keeps the last ones."""

    __slots__ = ("keep_alive", "length", "meaning", "scope")

    def __init__(self, scope: HTTPScope, length: int, *, keep_alive: bool) -> None:
        self.scope = scope
        self.length = length
        """How many octets the body has."""
        self.keep_alive = keep_alive
        self.meaning: Any = None
        """What the application found in it."""


class Exchange:
    """One request and its answer: for uvicorn the cycle of a connection, for the application what it receives from."""

    __slots__ = (
        *("_answer", "_head", "_is_received", "_waiting", "body", "disconnected", "head", "keep_alive", "promise"),
        *("response_complete", "wire"),
    )

    def __init__(self, wire: "Wire", head: Head, body: bytes = b"") -> None:
        self.wire = wire
        self.head = head
        self.body = body
        self.keep_alive = head.keep_alive
        self.disconnected = False
        self.response_complete = False
        self.promise: Promise | None = None
        """What the answer waits for; it is cancelled, once, when the caller hangs up."""
        self._is_received = False
        self._head: bytes | None = None
        self._answer = b""
        self._waiting: asyncio.Future[None] | None = None

    @property
    def message_event(self) -> Self:
        """What uvicorn sets when something has happened: this."""
        return self

    def set(self) -> None:
        """Wake whoever waits for the caller to hang up."""
        if self.promise and self.disconnected:
            promise, self.promise = self.promise, None
            promise.cancel()
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run what will answer this, or do a deed even if nobody waits for the answer; uvicorn waits for it to end."""
        tasks = self.wire.server_state.tasks
        task = self.wire.loop.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    async def run_asgi(self, app: Callable[..., Any]) -> None:
        """Have the application answer. For one that fails 500 is answered, and its connection is of no more use."""
        try:
            await app({**self.head.scope}, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 -- the last net; the application has one of its own
            # The class and nothing else: libraries quote values in their messages.
            self.wire.logger.error("The application failed: %s", type(error).__name__)  # noqa: TRY400 -- as said
            if not (self._answer or self.response_complete):
                self.keep_alive = False
                self._answer = FAILED
                self.wire.outbox.put(self)

    async def receive(self) -> dict[str, Any]:
        """Give the whole body; asked again, wait until the caller has hung up, or is answered."""
        if not self._is_received:
            self._is_received = True
            body, self.body = self.body, b""
            return {"type": "http.request", "body": body, "more_body": False}
        if not self.disconnected and not self.response_complete:
            self._waiting = self.wire.loop.create_future()
            await self._waiting
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Take the head; with the body, put both down to be written."""
        if self._head is None:
            lines = _written((*self.wire.server_state.default_headers, *message["headers"]))
            self._head = b"%b%b%b\r\n" % (STATUS_LINE[message["status"]], lines, b"" if self.keep_alive else CLOSE)
            return
        if self.wire.flow.write_paused and not self.disconnected:
            await self.wire.flow.drain()
        self._answer = self._head + message["body"]
        self.wire.outbox.put(self)

    def answer(self, lines: Lines, own: bytes, body: bytes) -> None:
        """Put an answer down to be written; ``own`` are the lines that no other answer has."""
        shared = lines.beside(self.wire.server_state.default_headers)
        closing = b"" if self.keep_alive else CLOSE
        self._answer = b"%bcontent-length: %d\r\n%b%b\r\n%b" % (shared, len(body), own, closing, body)
        self.wire.outbox.put(self)

    def leave(self) -> None:
        """Write the answer; nothing of it is left when this returns."""
        self.response_complete = True
        self.promise = None
        self.body = b""
        self.set()
        answer, self._answer = self._answer, b""
        # A caller with more requests in the pipeline may be gone without this one being told.
        if self.disconnected or self.wire.transport.is_closing():
            return
        self.wire.transport.write(answer)
        if not self.keep_alive:
            self.wire.transport.close()
        self.wire.on_response_complete()


class Outbox:
    """The answers of one turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._answered: list[Exchange] = []

    def put(self, exchange: Exchange) -> None:
        """Have an answer written at the end of the turn."""
        if not self._answered:
            self._loop.call_soon(self._write)
        self._answered.append(exchange)

    def _write(self) -> None:
        answered, self._answered = self._answered, []
        for exchange in answered:
            try:
                exchange.leave()
            except Exception as error:  # noqa: BLE001 -- the others of this turn are to have their answers
                exchange.wire.logger.error("An answer was lost: %s", type(error).__name__)  # noqa: TRY400
                exchange.wire.transport.close()


_OUTBOXES: WeakKeyDictionary[ServerState, Outbox] = WeakKeyDictionary()


class Wire(HttpToolsProtocol):
    """A connection."""

    outbox: Outbox
    cycle: Any
    _heads: dict[bytes, Head]
    """The last heads, each by its octets, that arrived in one piece, alone or with the whole body."""
    _kept = b""
    """Such a head, arrived again, whose body is still to come."""
    _is_between = True
    """Whether the parser has seen the end of a request, and nothing of the next."""
    _chunk = b""
    """The piece that begins with the request which the parser is at, if its head is no longer than that piece."""
    _pieces: list[bytes]
    _answered_at = 0.0
    _is_silent = False
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        state = self.server_state
        self.outbox = _OUTBOXES.get(state) or _OUTBOXES.setdefault(state, Outbox(self.loop))
        self._heads = {}
        self._pieces = []
        self._begins = getattr(self.app, "begin", _never)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # A connection and its exchange hold each other: without this they wait for the garbage collector.
        self.cycle = None
        if self._clock:
            self._clock.cancel()
            self._clock = None

    def shutdown(self) -> None:
        """Close the connection, once what has begun to arrive on it is answered."""
        if self._kept:
            self._chunk, self._kept = self._kept, b""
            super().data_received(self._chunk)
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        self._is_silent = False
        if self._kept:
            data, self._kept = self._kept + data, b""
        elif data.endswith(END) and data in self._heads and self._is_free:
            # The body comes apart from its head, as many clients send it.
            self._kept = data
            return
        end = data.find(END) + len(END)
        head = self._heads.get(data[:end])
        if head and len(data) == end + head.length and self._is_free:
            # The head of a request before, octet for octet, and one body: there is nothing new to parse.
            self._begin(Exchange(self, head, data[end:]))
            return
        if self._is_between:
            self._chunk = data
        elif self._pieces:
            self._chunk = b""
        super().data_received(data)

    @property
    def _is_free(self) -> bool:
        """Whether the next octet is the first one of a request, and all before it are answered."""
        return self._is_between and self.cycle.response_complete

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_between = False

    def on_headers_complete(self) -> None:
        parser, before = self.parser, self.cycle
        length = _length_of(self.headers)
        if (
            self.url == PATH
            and parser.get_method() == b"POST"
            and (before is None or before.response_complete)
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and length is not None
        ):
            self.scope |= {"method": "POST", "path": "/graphql", "raw_path": PATH, "query_string": b""}
            self.cycle = Exchange(self, Head(self.scope, length, keep_alive=parser.should_keep_alive()))
            self._pieces = []
        else:
            self._heads.clear()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle.__class__ is Exchange:
            self._pieces.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_between = True
        exchange, chunk, self._chunk = self.cycle, self._chunk, b""
        if exchange.__class__ is not Exchange:
            super().on_message_complete()
            return
        exchange.body, self._pieces = b"".join(self._pieces), []
        start, length = chunk.find(END), exchange.head.length
        end = start + len(END)
        if chunk.startswith(b"POST ") and length and 0 < start < LONGEST_HEAD and len(chunk) - end in {0, length}:
            if len(self._heads) >= MOST_HEADS:
                self._heads.clear()
            self._heads[chunk[:end]] = exchange.head
        self._begin(exchange)

    def _begin(self, exchange: Exchange) -> None:
        self.cycle = exchange
        # A caller who does not read its answers has to wait: that is what the long road does.
        if self.flow.write_paused or not self._begins(exchange):
            self._start_asgi_task(exchange, self.app)  # type: ignore[arg-type]  # it is what uvicorn asks of a cycle

    def on_response_complete(self) -> None:
        """Go on: with a request that waits in the pipeline, or until the caller has been silent for too long.

        One timer does for a connection: to set one after each answer costs more than to look at the clock.
        """
        if self.pipeline or self.cycle.__class__ is not Exchange:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self._is_silent = True
        self._answered_at = self.loop.time()
        if self._clock is None:
            self._clock = self.loop.call_later(self.timeout_keep_alive, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        silent = self.loop.time() - self._answered_at if self._is_silent else 0.0
        if silent < self.timeout_keep_alive:
            self._clock = self.loop.call_later(self.timeout_keep_alive - silent, self._look_at_the_clock)
        else:
            self._clock = None
            self.timeout_keep_alive_handler()


def _never(_exchange: Exchange) -> bool:
    return False


def _length_of(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Give a body's length, where it is told, and no more than uvicorn itself would hold before anybody reads it."""
    lengths = [value for name, value in headers if name == b"content-length"]
    if len(lengths) == 1 and lengths[0].isdigit() and (length := int(lengths[0])) <= HIGH_WATER_LIMIT:
        return length
    return None


SERVED: Final[dict[str, Any]] = {
    "http": Wire,
    "ws": "none",
    "access_log": False,
    "log_level": "warning",
    "server_header": False,
    "proxy_headers": False,
}
"""How uvicorn serves the application, wherever it does: nothing stands between this wire and that."""
