"""Sends traces to an OpenTelemetry collector over OTLP/HTTP: the optional extra ``otel``.

A process traces a number of requests a second, because a traced decision costs about twice the processor time. Callers
that sample their own traces decide for their requests (W3C Trace Context).

No attribute holds a value of a person: statements are sent as their text with placeholders, exceptions as their class.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from time import monotonic, time_ns
from types import TracebackType
from typing import Any, Final, Self

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

NANOSECONDS: Final = 1_000_000_000
REQUESTS_PER_SECOND: Final = 50
"""The most requests that are traced a second, where neither their callers nor ``OTEL_TRACES_SAMPLER`` decide."""
SAMPLED: Final = 1
"""The flag of `traceparent` for a request whose caller traces it."""
_is_untraced: Final = ContextVar("is_untraced", default=False)
"""Whether the current request is not traced. Work without a request is traced."""


class OtlpRequestSpan:
    """The span of one request."""

    def __init__(self, span: Any) -> None:
        self._span = span
        self.trace_id = format(span.get_span_context().trace_id, "032x")

    def end(self, **attributes: str) -> None:
        """End the span."""
        self._span.set_attributes({f"privacy.{name}": value for name, value in attributes.items()})
        self._span.end()


class UntracedRequest:
    """A request that is not traced: nothing within its context is recorded."""

    __slots__ = ("_token",)
    trace_id = ""
    _token: Token[bool]

    def __enter__(self) -> Self:
        self._token = _is_untraced.set(True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _is_untraced.reset(self._token)

    def end(self, **attributes: str) -> None:
        """Do nothing."""


class RateLimit:
    """Allows a number of requests in each second."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second = 0
        self._count = 0

    def allows(self, time: float) -> bool:
        """Count a request at a time, in seconds; return whether it is within the limit."""
        if int(time) != self._second:
            self._second, self._count = int(time), 0
        self._count += 1
        return self._count <= self._per_second


class OtlpTracer:
    """Records spans and sends them to a collector in the background."""

    def __init__(self, endpoint: str, service: str, *, requests_per_second: int = REQUESTS_PER_SECOND) -> None:
        """Set how many requests to trace a second. ``OTEL_TRACES_SAMPLER`` overrides it."""
        self._limit = None if os.environ.get("OTEL_TRACES_SAMPLER") else RateLimit(requests_per_second)
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("privacy")
        self._propagator = TraceContextTextMapPropagator()

    def request(self, traceparent: str) -> AbstractContextManager[OtlpRequestSpan | UntracedRequest]:
        """Start the span of a request, if it is to be traced; it goes on after this context."""
        if self._limit:
            is_traced = int(traceparent[-2:], 16) & SAMPLED if traceparent else self._limit.allows(monotonic())
            if not is_traced:
                return UntracedRequest()
        return self._traced_request(traceparent)

    @contextmanager
    def _traced_request(self, traceparent: str) -> Iterator[OtlpRequestSpan]:
        parent = self._propagator.extract({"traceparent": traceparent}, context.Context())
        span = self._tracer.start_span("request", parent, kind=trace.SpanKind.SERVER)
        with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            yield OtlpRequestSpan(span)

    def span(self, name: str, attributes: dict[str, str | int]) -> AbstractContextManager[Any]:
        """Record a span that ends with the context, unless the request is not traced."""
        if _is_untraced.get():
            return nullcontext()
        return self._tracer.start_as_current_span(
            name,
            attributes={f"privacy.{key}": value for key, value in attributes.items()},
            record_exception=False,
            set_status_on_exception=False,
        )

    def record(self, name: str, started_at: int) -> None:
        """Record a span that ends now, unless the request is not traced."""
        if not _is_untraced.get():
            self._tracer.start_span(name, start_time=started_at).end()

    def record_query(self, query: Any) -> None:
        """Record the span of a statement that has ended, as a part of a traced request or letter."""
        if not trace.get_current_span().is_recording():
            return
        ended_at = time_ns()
        attributes = {"db.system.name": "postgresql", "db.query.text": query.query.strip()}
        if query.exception:
            attributes["error.type"] = type(query.exception).__name__
        started_at = ended_at - int(query.elapsed * NANOSECONDS)
        self._tracer.start_span("statement", start_time=started_at, attributes=attributes).end(ended_at)

    def close(self) -> None:
        """Send what is recorded, and stop."""
        self._provider.shutdown()
