"""Closes connections so that clients can read the response to a request that is refused before it has arrived.

A socket that is closed with unread data resets the connection, and the client loses the response. The connection is
closed for writing instead, and read for a limited time.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.http.head_limits import refusal_response

LINGER_SECONDS: Final = 10
"""Seconds for which a connection is read after an early refusal."""
MAX_DROPPED_BYTES: Final = 16 * 1024 * 1024
"""The most bytes of a refused request that are read and dropped."""


class HeldFlow(FlowControl):
    """The flow of a connection that is not read while bytes of it are held: applications resume it at each read."""

    is_held = False

    def resume_reading(self) -> None:
        """Read the connection again, unless bytes are held."""
        if not self.is_held:
            super().resume_reading()


class LingeringProtocol(HttpToolsProtocol):
    """One connection."""

    cycle: Any
    flow: Any
    is_between_requests = True
    """Whether the parser has seen the end of a request, and nothing of the next."""
    is_in_head = False
    is_lingering = False
    refusal = 0
    """The status by which the rest is refused, once the requests before it are answered."""
    dropped = 0
    """The bytes of the refused request that were dropped."""
    _linger_timer: asyncio.TimerHandle | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether a request begins, or its head has begun, while one before it is not answered yet."""
        is_beginning = self.is_between_requests or self.is_in_head
        return is_beginning and self.cycle is not None and not self.cycle.response_complete

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.refusal = 0
        if self._linger_timer:
            self._linger_timer.cancel()
            self._linger_timer = None

    def refuse(self, status: int) -> None:
        """Answer a request that is not parsed to its end, and close the connection."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            is_other = self.is_between_requests or self.is_in_head or self.pipeline
            if is_other:
                self.refusal = status
                self.flow.pause_reading()
                return
            if getattr(cycle, "response_started", False):
                self.transport.close()
                return
            if cycle.__class__ is RequestResponseCycle:
                cycle.disconnected = True
                cycle.message_event.set()
        if not self.transport.is_closing():
            self.transport.write(refusal_response(status, self.server_state.default_headers))
            self.linger()

    def on_response_complete(self) -> None:
        """Refuse what followed the requests that are answered now."""
        super().on_response_complete()
        if self.refusal and self.cycle.response_complete and not self.pipeline:
            status, self.refusal = self.refusal, 0
            self.refuse(status)

    def linger(self) -> None:
        """Close the connection for writing, and read and drop what still arrives, for a limited time."""
        if self.is_lingering:
            return
        self.is_lingering = True
        self.is_between_requests = False
        if self.transport.can_write_eof():  # TLS cannot: there the client closes after the response.
            self.transport.write_eof()
        self.flow.is_held = False
        self.flow.resume_reading()
        self._linger_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def drop(self, count: int) -> None:
        """Count bytes that are dropped; close the connection when they are too many."""
        self.dropped += count
        if self.dropped > MAX_DROPPED_BYTES:
            self.transport.abort()


class LingeringTransport:
    """The transport of an ASGI response: when it closes before the request has arrived, the connection lingers."""

    def __init__(self, protocol: LingeringProtocol) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self.is_closing = protocol.transport.is_closing

    def write(self, data: bytes) -> None:
        """Send these bytes, unless the connection is closed.

        uvicorn tells only the last request of a connection that the client has gone, not the one before it.
        """
        if not self.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection, after the rest of the request."""
        if self._protocol.is_between_requests:
            self._transport.close()
        elif not self.is_closing():
            self._protocol.linger()
