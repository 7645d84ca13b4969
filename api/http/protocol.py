"""The HTTP protocol for POST /graphql: uvicorn's httptools protocol with a shorter path to the GraphQL endpoint.

A request reaches the endpoint when its body is complete. A head that repeats on a connection, byte for byte, is not
parsed again. A response is one write.
Other requests (another path or method, a body of unknown or large size, pipelined requests) are handled by uvicorn.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from api.http.bounded_protocol import BoundedProtocol
from api.http.client_address import client_address
from api.http.draining import NO_DRAIN, Drain
from api.http.exchange import Exchange, Headers, HttpExchange
from api.http.head_limits import HEAD_END
from api.http.request import RequestHead

PATH: Final = b"/graphql"
MAX_CACHED_HEADS: Final = 8
"""How many parsed heads are cached for a connection: those of one client differ in the body's length, if at all."""
MAX_CACHED_HEAD_BYTES: Final = 8192
"""The bytes of all cached heads of a connection: with ten thousand connections each of them counts."""
MAX_BODY_BYTES: Final = 65536
"""The largest body that is collected before the endpoint sees the request; uvicorn streams larger ones to it."""


class ParsedHead(NamedTuple):
    """Everything that precedes the body of a request, parsed, with what the endpoint reads from it."""

    request: RequestHead
    client: str
    body_length: int
    keep_alive: bool


class GraphQLProtocol(BoundedProtocol):
    """One connection."""

    _heads: dict[bytes, ParsedHead]
    """The last heads by their bytes, of those that arrived in one piece, alone or with the whole body."""
    _cached_bytes = 0
    """The bytes of these heads."""
    _repeated_head = b""
    """A cached head that arrived again, and whose body is still to come."""
    _chunk = b""
    """The bytes received with the start of the current request, if its whole head is among them."""
    _head: ParsedHead
    _exchange: HttpExchange | None = None
    """The exchange under way."""
    _body: list[bytes]
    _idle_since = 0.0
    _idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._heads = {}
        self._body = []
        self._handle: Callable[[Exchange], None] | None = getattr(self.app, "handle", None)
        self._is_proxied: bool = getattr(self.app, "is_proxied", False)
        self._drain: Drain = getattr(self.app, "drain", NO_DRAIN)

    @property
    def default_headers(self) -> Headers:
        return self.server_state.default_headers

    @property
    def background_tasks(self) -> set[asyncio.Task[None]]:
        return self.server_state.tasks

    @property
    def is_waiting(self) -> bool:
        return super().is_waiting and not self._repeated_head

    @property
    def pending_part(self) -> float:
        return self.limits.body_seconds if self._repeated_head else super().pending_part

    def connection_lost(self, exc: Exception | None) -> None:
        exchange, self._exchange = self._exchange, None
        if self.cycle is exchange:
            # A connection and its exchange refer to each other: without this they wait for the garbage collector.
            self.cycle = None
        super().connection_lost(exc)
        self.cycle = None
        if exchange and not exchange.response_complete:
            exchange.disconnect()
        if self._idle_timer:
            self._idle_timer.cancel()
            self._idle_timer = None

    def shutdown(self) -> None:
        """Close the connection, once the requests that have begun to arrive are answered."""
        if self._repeated_head:
            self._chunk, self._repeated_head = self._repeated_head, b""
            super().data_received(self._chunk)
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        self.is_idle = False
        if self._repeated_head:
            data, self._repeated_head = self._repeated_head + data, b""
        elif data.endswith(HEAD_END) and data in self._heads and self.is_free:
            # The body arrives apart from its head, as many clients send it.
            self._repeated_head = data
            return
        end = data.find(HEAD_END) + len(HEAD_END)
        head = self._heads.get(data[:end])
        if head and len(data) == end + head.body_length and self.is_free:
            # A cached head, byte for byte, and one whole body: there is nothing to parse.
            self._start(head, data[end:])
            return
        super().data_received(data)

    def _parse(self, data: bytes) -> None:
        if self.is_between_requests:
            self._chunk = data
        elif self._body:
            self._chunk = b""
        super()._parse(data)

    def start_request(self) -> None:
        parser, before = self.parser, self.cycle
        length = _body_length(self.headers)
        if (
            self._handle
            and self.url == PATH
            and parser.get_method() == b"POST"
            and (before is None or before.response_complete)
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and length is not None
        ):
            keep_alive = parser.should_keep_alive() and not self._drain.is_active
            client = client_address(self.scope, is_proxied=self._is_proxied)
            self._head = ParsedHead(
                RequestHead.parse("POST", dict(self.headers)), client, length, keep_alive=keep_alive
            )
            self._body = []
            self.cycle = self._exchange = HttpExchange(self, self._head.request, client, keep_alive=keep_alive)
        else:
            self._heads.clear()
            super().start_request()
            if self._drain.is_active:
                self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        if self.cycle.__class__ is HttpExchange:
            self.count_body(len(body))
            self._body.append(body)
        else:
            super().on_body(body)

    def complete_request(self) -> None:
        chunk, self._chunk = self._chunk, b""
        if self.cycle.__class__ is not HttpExchange:
            super().complete_request()
            return
        head, body, self._body = self._head, b"".join(self._body), []
        start, length = chunk.find(HEAD_END), head.body_length
        end = start + len(HEAD_END)
        is_whole = chunk.startswith(b"POST ") and start > 0 and len(chunk) - end in {0, length}
        if is_whole and length and end <= MAX_CACHED_HEAD_BYTES:
            self._cached_bytes += end
            if len(self._heads) >= MAX_CACHED_HEADS or self._cached_bytes > MAX_CACHED_HEAD_BYTES:
                self._heads.clear()
                self._cached_bytes = end
            self._heads[chunk[:end]] = head
        self._start(head, body, self.cycle)

    def _start(self, head: ParsedHead, body: bytes, exchange: HttpExchange | None = None) -> None:
        if exchange is None:
            keep_alive = head.keep_alive and not self._drain.is_active
            exchange = HttpExchange(self, head.request, head.client, keep_alive=keep_alive)
            self.cycle = self._exchange = exchange
        exchange.body = body
        self.is_idle = False
        assert self._handle  # noqa: S101 -- there is no such exchange without it
        if self.flow.write_paused:
            exchange.spawn(self._start_when_drained(exchange))
        else:
            self._handle(exchange)

    async def _start_when_drained(self, exchange: HttpExchange) -> None:
        """Handle the request of a client that does not read its responses, once it has."""
        await self.flow.drain()
        if self._handle and not exchange.is_disconnected:
            self._handle(exchange)

    def on_response_complete(self) -> None:
        """Continue with a pipelined request, or wait for the next one until the keep-alive timeout.

        A connection keeps one timer: setting one after each response costs more than reading the clock.
        """
        if self.pipeline or self.refusal or self.cycle.__class__ is not HttpExchange:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.is_idle = not self._unparsed
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)
        if self._unparsed:
            self.parse_held()

    def _close_if_idle(self) -> None:
        idle = self.loop.time() - self._idle_since if self.is_idle else 0.0
        if idle < self.timeout_keep_alive:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive - idle, self._close_if_idle)
        else:
            self._idle_timer = None
            self.timeout_keep_alive_handler()


def _body_length(headers: Headers) -> int | None:
    """Return the length of a body, where it is declared and small enough to be collected."""
    lengths = [value for name, value in headers if name == b"content-length"]
    if len(lengths) == 1 and lengths[0].isdigit() and (length := int(lengths[0])) <= MAX_BODY_BYTES:
        return length
    return None


SERVER_OPTIONS: Final[dict[str, Any]] = {
    "http": GraphQLProtocol,
    "ws": "none",
    "access_log": False,
    "log_level": "warning",
    "log_config": None,
    "server_header": False,
    "proxy_headers": False,
}
"""The options with which uvicorn serves the application: no middleware stands between the protocol and it."""
