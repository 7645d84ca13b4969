"""Sends traces to an OpenTelemetry collector over OTLP/HTTP: the optional extra ``otel``.

A process traces a number of requests a second, because a traced decision costs about twice the processor time. Callers
that sample their own traces decide for their requests (W3C Trace Context).

No attribute holds a value of a person: statements are sent as their text with placeholders, exceptions as their class.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import Any, Final

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from models.storage.tracing import address_of

SAMPLED: Final = 1
"""The flag of `traceparent` for a request whose caller traces it."""


class OtlpRequestSpan:
    """The span of one request."""

    def __init__(self, span: Any) -> None:
        self._span = span
        self.trace_id = format(span.get_span_context().trace_id, "032x")

    def end(self, **attributes: str) -> None:
        """End the span."""
        self._span.set_attributes({f"privacy.{name}": value for name, value in attributes.items()})
        self._span.end()


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

    def __init__(self, endpoint: str, service: str, *, requests_per_second: int | None = None) -> None:
        """Set how many requests to trace a second; None for a process without requests, whose work is all traced.

        ``OTEL_TRACES_SAMPLER`` overrides the number.
        """
        is_limited = requests_per_second is not None and not os.environ.get("OTEL_TRACES_SAMPLER")
        self._limit = RateLimit(requests_per_second or 0) if is_limited else None
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("privacy")
        self._propagator = TraceContextTextMapPropagator()

    def request(self, traceparent: str) -> AbstractContextManager[OtlpRequestSpan | None]:
        """Start the span of a request, which goes on after this context. It is None if the request is not traced."""
        if self._limit:
            is_traced = int(traceparent[-2:], 16) & SAMPLED if traceparent else self._limit.allows(monotonic())
            if not is_traced:
                return nullcontext()
        return self._traced_request(traceparent)

    @contextmanager
    def _traced_request(self, traceparent: str) -> Iterator[OtlpRequestSpan]:
        parent = self._propagator.extract({"traceparent": traceparent}, context.Context())
        span = self._tracer.start_span("request", parent, kind=trace.SpanKind.SERVER)
        with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            yield OtlpRequestSpan(span)

    @property
    def _is_recording(self) -> bool:
        """Whether spans of the context are recorded: all of them, or those of traced requests where these are few."""
        return self._limit is None or trace.get_current_span().is_recording()

    def span(self, name: str, attributes: dict[str, str | int]) -> AbstractContextManager[Any]:
        """Record a span that ends with the context, unless the request is not traced."""
        return self._traced_span(name, attributes) if self._is_recording else nullcontext()

    @contextmanager
    def _traced_span(self, name: str, attributes: dict[str, str | int]) -> Iterator[None]:
        named = {f"privacy.{key}": value for key, value in attributes.items()}
        with self._tracer.start_as_current_span(
            name, attributes=named, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                raise

    def record(self, name: str, started_at: int) -> None:
        """Record a span that ends now, unless the request is not traced."""
        if self._is_recording:
            self._tracer.start_span(name, start_time=started_at).end()

    def statement(self, sql: str, connection: Any) -> AbstractContextManager[Any]:
        """Record the span of a statement that ends with the context, as a part of a traced request or letter."""
        return self._traced_statement(sql, connection) if trace.get_current_span().is_recording() else nullcontext()

    @contextmanager
    def _traced_statement(self, sql: str, connection: Any) -> Iterator[None]:
        attributes = {"db.system.name": "postgresql", "db.query.text": sql.strip(), **address_of(connection)}
        span = self._tracer.start_span("statement", attributes=attributes)
        try:
            yield
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            raise
        finally:
            span.end()

    def close(self) -> None:
        """Send what is recorded, and stop."""
        self._provider.shutdown()
