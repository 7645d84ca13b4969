"""The time that a client may take to send the parts of a request, and to read what is sent to it.

A long transfer may take any time while it goes on: the time begins anew with each step of it.
"""

from typing import Any, Final

from api.http.connection_limits import DEFAULT_LIMITS, ConnectionLimits
from api.http.lingering import LingeringProtocol

STEP_BYTES: Final = 256 * 1024
"""Bytes of a body that prolong the time for the rest of it."""


class DeadlineProtocol(LingeringProtocol):
    """One connection."""

    limits: ConnectionLimits = DEFAULT_LIMITS
    is_idle = False
    """Whether the connection waits for its next request, with a timer of its own."""
    body_bytes = 0
    """The bytes of the body that arrived."""
    _drained_count = 0
    """How often the client has read what was sent, after it did not for some time."""
    _pending: tuple[tuple[Any, ...], float] | None = None
    """The part that the client owes, by its seconds, the request before it and its progress, and since when."""

    @property
    def is_free(self) -> bool:
        """Whether the next byte is the first one of a request, and all requests before it are answered."""
        return self.is_between_requests and (self.cycle is None or self.cycle.response_complete)

    @property
    def is_waiting(self) -> bool:
        """Whether nothing of a request has arrived that is not handled yet."""
        return self.is_between_requests

    @property
    def _owes_reading(self) -> bool:
        """Whether the client has to read its responses before anything else happens."""
        return self.flow.write_paused or self.transport.is_closing()

    @property
    def pending_part(self) -> float:
        """The seconds that the part of a request or response may take that the client owes; 0 when it owes none."""
        if self._owes_reading:
            return self.limits.reader_seconds
        if self.is_blocked:
            return 0
        if not self.is_between_requests:
            if self.is_in_head:
                return self.limits.head_seconds
            # While the service does not read, the client owes nothing.
            return 0 if self.flow.read_paused else self.limits.body_seconds
        if self.is_free and not self.is_idle and self.timeout_keep_alive_task is None:
            return self.limits.head_seconds
        return 0

    def check_deadline(self, now: float) -> None:
        """Refuse a request that does not arrive in time: 408; close connections without a request.

        The time begins anew with each ``STEP_BYTES`` of a body, and each time that the client reads a response again.
        """
        seconds = 0 if self.is_lingering else self.pending_part
        part = (seconds, self.cycle, self.body_bytes // STEP_BYTES, self._drained_count)
        if not seconds:
            self._pending = None
        elif self._pending is None or self._pending[0] != part:
            self._pending = (part, now)
        elif now - self._pending[1] >= seconds:
            if self._owes_reading or self.is_waiting:
                self.transport.abort()
            else:
                self.refuse(408)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._pending = None

    def resume_writing(self) -> None:
        super().resume_writing()
        self._drained_count += 1
