"""The wire under POST /graphql: uvicorn's own protocol, with less between its parser and the application.

A request reaches the application when its body is whole. Its answer leaves in one write, at the end of the turn of the
loop, right after those of the other requests answered in that turn: whoever waits for them is woken once and not for
each. Whatever is not such a request (another path or method, a body of unknown or too great a length, pipelined
requests) takes uvicorn's road unchanged.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Self
from weakref import WeakKeyDictionary

from uvicorn._types import HTTPScope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

PATH: Final = b"/graphql"
FAILED: Final = STATUS_LINE[500] + b"content-length: 0\r\nconnection: close\r\n\r\n"


class Exchange:
    """One request and its answer: for uvicorn the cycle of a connection, for the application what it receives from."""

    def __init__(self, wire: "Wire", scope: HTTPScope, *, keep_alive: bool) -> None:
        self.wire = wire
        self.scope = scope
        self.keep_alive = keep_alive
        self.pieces: list[bytes] = []
        self.disconnected = False
        self.response_complete = False
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
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    async def run_asgi(self, app: Callable[..., Any]) -> None:
        """Have the application answer. For one that fails 500 is answered, and its connection is of no more use."""
        try:
            await app(self.scope, self.receive, self.send)
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
            body, self.pieces = b"".join(self.pieces), []
            return {"type": "http.request", "body": body, "more_body": False}
        if not self.disconnected and not self.response_complete:
            self._waiting = self.wire.loop.create_future()
            await self._waiting
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Take the head; with the body, put both down to be written."""
        if self._head is None:
            headers = (*self.wire.server_state.default_headers, *message["headers"])
            lines = [b"%b: %b\r\n" % header for header in headers]
            if not self.keep_alive:
                lines.append(b"connection: close\r\n")
            self._head = b"".join([STATUS_LINE[message["status"]], *lines, b"\r\n"])
            return
        if self.wire.flow.write_paused and not self.disconnected:
            await self.wire.flow.drain()
        self._answer = self._head + message["body"]
        self.wire.outbox.put(self)

    def leave(self) -> None:
        """Write the answer; nothing of it is left when this returns."""
        self.response_complete = True
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
            exchange.leave()


_OUTBOXES: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()


class Wire(HttpToolsProtocol):
    """A connection."""

    outbox: Outbox
    cycle: Any
    _answered_at = 0.0
    _is_silent = False
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.outbox = _OUTBOXES.get(self.loop) or _OUTBOXES.setdefault(self.loop, Outbox(self.loop))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # A connection and its exchange hold each other: without this they wait for the garbage collector.
        self.cycle = None
        if self._clock:
            self._clock.cancel()
            self._clock = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_silent = False

    def on_headers_complete(self) -> None:
        parser, before = self.parser, self.cycle
        if (
            self.url == PATH
            and parser.get_method() == b"POST"
            and (before is None or before.response_complete)
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and _is_of_known_length(self.headers)
        ):
            self.scope |= {"method": "POST", "path": "/graphql", "raw_path": PATH, "query_string": b""}
            self.cycle = Exchange(self, self.scope, keep_alive=parser.should_keep_alive())
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle.__class__ is Exchange:
            self.cycle.pieces.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.cycle.__class__ is Exchange:
            self._start_asgi_task(self.cycle, self.app)  # type: ignore[arg-type]  # it is what uvicorn asks of a cycle
        else:
            super().on_message_complete()

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


def _is_of_known_length(headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether a body's length is told, and is no more than uvicorn itself would hold before anybody reads it."""
    lengths = [value for name, value in headers if name == b"content-length"]
    return len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0]) <= HIGH_WATER_LIMIT
