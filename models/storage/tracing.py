"""Traces of what this process does. Nothing is traced, at no cost, until a tracer is installed (``cli/otlp.py``)."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol


class RequestSpan(Protocol):
    """The span of one request, which ends with its response."""

    trace_id: str

    def end(self, **attributes: str) -> None:
        """End the span, with attributes that hold no value of a person."""


class Tracer(Protocol):
    """What records spans and sends them on."""

    def request(self, traceparent: str) -> AbstractContextManager[RequestSpan | None]:
        """Start the span of a request as a part of its caller's trace; spans of the context belong to it.

        The span is None if the request is not traced.
        """

    def span(self, name: str, attributes: dict[str, str | int]) -> AbstractContextManager[Any]:
        """Record a span that ends with the context."""

    def record(self, name: str, started_at: int) -> None:
        """Record a span that ends now; its start is in nanoseconds since 1970."""

    def statement(self, sql: str, connection: Any) -> AbstractContextManager[Any]:
        """Record the span of a statement, with its text and its server, that ends with the context."""

    def close(self) -> None:
        """Send what is recorded, and stop."""


_NOTHING: Final = nullcontext()


class _Installed:
    """The tracer of this process."""

    tracer: Tracer | None = None


def install(tracer: Tracer | None) -> None:
    """Trace with this tracer from now on."""
    _Installed.tracer = tracer


def installed() -> Tracer | None:
    """Return the tracer of this process, or None."""
    return _Installed.tracer


def close() -> None:
    """Send what is recorded, and trace no more. This waits for the collector."""
    tracer, _Installed.tracer = _Installed.tracer, None
    if tracer:
        tracer.close()


def span(name: str, **attributes: str | int) -> AbstractContextManager[Any]:
    """Return the context of a span; without a tracer it does nothing."""
    tracer = _Installed.tracer
    return tracer.span(name, attributes) if tracer else _NOTHING


def statement(sql: str, connection: Any) -> AbstractContextManager[Any]:
    """Return the context of the span of a statement on a connection; without a tracer it does nothing."""
    tracer = _Installed.tracer
    return tracer.statement(sql, connection) if tracer else _NOTHING


def address_of(connection: Any) -> dict[str, str | int]:
    """Return the address of the server of a connection, by the names of OpenTelemetry's conventions."""
    address = getattr(connection, "_addr", None)  # asyncpg shows it to loggers of queries alone
    if isinstance(address, tuple):
        return {"server.address": address[0], "server.port": address[1]}
    return {"server.address": address} if address else {}
