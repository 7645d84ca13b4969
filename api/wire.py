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
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api import limits

PATH: Final = b"/graphql"


class Exchange:
    """One request and its answer: for uvicorn the cycle of a connection, for the application what it receives from."""

    def __init__(self, wire: "Wire", scope: HTTPScope, *, keep_alive: bool) -> None:
        self.wire = wire
        self.scope = scope
        self.keep_alive = keep_alive
        self.body = b""
        self.disconnected = False
        self.response_complete = False
        self._is_received = False
        self._head: bytes | None = None
        self._answer: bytes | None = None
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
        """Have the application answer; a connection on which it does not is of no more use."""
        try:
            await app(self.scope, self.receive, self.send)
        finally:
            if self._answer is None:
                self.wire.transport.close()

    async def receive(self) -> dict[str, Any]:
        """Give the whole body; asked again, wait until the caller has hung up, or is answered."""
        if not self._is_received:
            self._is_received = True
            return {"type": "http.request", "body": self.body, "more_body": False}
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
        if self._answer is None or self.disconnected:
            return
        self.wire.transport.write(self._answer)
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
    _is_timed = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.outbox = _OUTBOXES.get(self.loop) or _OUTBOXES.setdefault(self.loop, Outbox(self.loop))

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
            self.cycle.body += body
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
        self._answered_at = self.loop.time()
        if not self._is_timed:
            self._is_timed = True
            self.loop.call_later(self.timeout_keep_alive, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._is_timed = False
        if self.transport.is_closing() or self.cycle.__class__ is not Exchange:
            return
        left: float = self.timeout_keep_alive
        if self.cycle.response_complete:
            left -= self.loop.time() - self._answered_at
        if left > 0:
            self._is_timed = True
            self.loop.call_later(left, self._look_at_the_clock)
        else:
            self.timeout_keep_alive_handler()


def _is_of_known_length(headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether a body's length is told, and is one that may be read at once."""
    lengths = [value for name, value in headers if name == b"content-length"]
    return len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0]) <= limits.BODY
