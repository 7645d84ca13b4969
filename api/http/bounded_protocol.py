"""An HTTP protocol that bounds what a connection may send: uvicorn's httptools protocol with limits of our own.

Heads and trailers have a maximum size. One request of a connection is handled at a time, and the connection is not
read further until it is answered. A request that is refused early is answered, and what still arrives is dropped.
"""

from typing import Any

import httptools

from api.http.connection_limits import DEFAULT_LIMITS, HEALTH_TARGETS, monitor_of
from api.http.head_limits import (
    CHUNKED_PIECE_BYTES,
    HEAD_END,
    LINE_END,
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    MAX_TARGET_BYTES,
    RefusedHead,
    declared_length,
    head_size,
    require_valid_head,
    without_upgrade,
)
from api.http.lingering import HeldFlow, LingeringTransport
from api.http.transfer_deadlines import DeadlineProtocol

MAX_REQUESTS_OF_TURN = 16
"""Pipelined requests that one turn of the event loop handles: many are answered at once, without any wait."""


class BoundedProtocol(DeadlineProtocol):
    """One connection."""

    _head_tail = b""
    """The last three bytes given to the parser."""
    _framing = 0
    """The bytes given to the parser; 0 when a part of a body was among them."""
    _head_bytes = 0
    """The bytes of an incomplete head, or of a chunked body's framing and trailers, at the end of what was parsed."""
    _trailers = 0
    _body_left: int | None = 0
    """The bytes of the body that are still to come; None for a chunked body."""
    _is_upgrade = False
    _is_reserved = False
    """Whether the connection is beyond the maximum, and is served health checks only."""
    _unparsed = b""
    """What arrived after a request that is not answered yet, or after the last request of a turn."""
    _requests_of_turn = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.flow = HeldFlow(self.transport)
        self.limits = getattr(self.app, "connection_limits", DEFAULT_LIMITS)
        monitor = monitor_of(self.server_state, self.loop, self.limits)
        self._is_reserved = monitor.is_full
        if monitor.is_exhausted:
            self.transport.abort()
        monitor.watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.pipeline.clear()
        self._unparsed = b""

    def data_received(self, data: bytes) -> None:
        if self.is_lingering:
            self.drop(len(data))
        else:
            self._unset_keepalive_if_required()
            self._requests_of_turn = 0
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        """Parse what arrived, up to the end of the first request that is not answered at once, or of the turn."""
        view, start = memoryview(data), 0
        while start < len(data) and not self.is_lingering and not self.transport.is_closing():
            is_turn_over = self.is_between_requests and self._requests_of_turn >= MAX_REQUESTS_OF_TURN
            if self.is_blocked or is_turn_over:
                self._unparsed += data[start:]
                self.flow.is_held = True
                self.flow.pause_reading()
                if not self.is_blocked:
                    self.loop.call_soon(self._parse_in_next_turn)
                return
            if self.is_between_requests and data[start] in LINE_END:
                # Empty lines before a request are skipped (RFC 9112, 2.2).
                start = len(data) - len(data[start:].lstrip(LINE_END))
                continue
            end = self._piece_end(data, start)
            self._head_tail = (self._head_tail + data[max(end - 3, start) : end])[-3:]
            self._feed(view[start:end])
            start = end

    def _piece_end(self, data: bytes, start: int) -> int:
        """Return where the head or the body ends that the next byte belongs to: the parser cannot be stopped."""
        if self.is_between_requests:
            end = data.find(HEAD_END, start) + len(HEAD_END)
            return end if end >= start + len(HEAD_END) else len(data)
        if self.is_in_head:
            straddling = (self._head_tail + data[start : start + 3]).find(HEAD_END)
            if straddling >= 0:
                return start + straddling + len(HEAD_END) - len(self._head_tail)
            end = data.find(HEAD_END, start) + len(HEAD_END)
            return end if end >= start + len(HEAD_END) else len(data)
        return start + (CHUNKED_PIECE_BYTES if self._body_left is None else self._body_left or len(data))

    def _feed(self, data: memoryview) -> None:
        self._framing = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(bytes(data[upgrade.args[0] :]))
            return
        except httptools.HttpParserError as error:
            reason = error.__context__
            self.refuse(reason.status if isinstance(reason, RefusedHead) else 400)
            return
        if self.is_in_head:
            self._head_bytes += len(data)
        elif self._body_left is None:
            self._head_bytes = self._head_bytes + self._framing if self._framing else 0
        if self._head_bytes > MAX_HEAD_BYTES:
            self.refuse(431)

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Parse a request again without Upgrade, and what follows it as its body."""
        self._is_upgrade = False
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.refuse(501)
            return
        head = without_upgrade(method, self.url, self.parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(head + rest)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.is_between_requests = False
        self.is_in_head = True
        self._head_bytes = self._trailers = self.body_bytes = self.dropped = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_TARGET_BYTES:
            raise RefusedHead(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_in_head:
            # Trailers are dropped: proxies do not check them, and nothing here needs them.
            self._trailers += 1
            if self._trailers > MAX_FIELDS:
                raise RefusedHead(431)
            return
        if len(self.headers) >= MAX_FIELDS:
            raise RefusedHead(431)
        super().on_header(name, value.rstrip(b" \t"))  # the parser leaves white space at the end of a value

    def on_headers_complete(self) -> None:
        """Check the head, and start its request."""
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        if self._framing + self._head_bytes > MAX_HEAD_BYTES and head_size(self.url, self.headers) > MAX_HEAD_BYTES:
            raise RefusedHead(431)
        require_valid_head(self.parser.get_http_version(), self.headers)
        if self._is_reserved and self.url not in HEALTH_TARGETS:
            raise RefusedHead(503)
        self.is_in_head = False
        self._head_bytes = 0
        self._body_left = declared_length(self.headers)
        self.start_request()

    def start_request(self) -> None:
        """Start the request of the head that is complete."""
        super().on_headers_complete()
        self.cycle.transport = LingeringTransport(self)

    def on_body(self, body: bytes) -> None:
        self.count_body(len(body))
        super().on_body(body)

    def count_body(self, count: int) -> None:
        """Note a part of the body; a connection whose refused body is too long is closed."""
        self._framing = 0
        self.body_bytes += count
        if self._body_left is not None:
            self._body_left -= count
        if self.cycle.response_complete:
            self.drop(count)

    def on_message_complete(self) -> None:
        if not self._is_upgrade:
            self.is_between_requests = True
            self._requests_of_turn += 1
            self.complete_request()

    def complete_request(self) -> None:
        """Handle the end of a request's body."""
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.parse_held()

    def _parse_in_next_turn(self) -> None:
        self._requests_of_turn = 0
        self.parse_held()

    def parse_held(self) -> None:
        """Parse the next request, where it has arrived."""
        if self.transport.is_closing() or self.is_lingering:
            return
        if self._unparsed and not self.is_blocked:
            self.flow.is_held = False
            data, self._unparsed = self._unparsed, b""
            self._unset_keepalive_if_required()
            self._parse(data)
            if not self._unparsed:
                self.flow.resume_reading()
