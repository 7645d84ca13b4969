"""Sends traces to an OpenTelemetry collector over OTLP/HTTP: the optional extra ``otel``.

No attribute holds a value of a person: statements are sent as their text with placeholders, exceptions as their class.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import time_ns
from typing import Any

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

NANOSECONDS = 1_000_000_000


class OtlpRequestSpan:
    """The span of one request."""

    def __init__(self, span: Any) -> None:
        self._span = span
        self.trace_id = format(span.get_span_context().trace_id, "032x")

    def end(self, **attributes: str) -> None:
        """End the span."""
        self._span.set_attributes({f"privacy.{name}": value for name, value in attributes.items()})
        self._span.end()


class OtlpTracer:
    """Records spans and sends them to a collector in the background."""

    def __init__(self, endpoint: str, service: str) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("privacy")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, traceparent: str) -> Iterator[OtlpRequestSpan]:
        """Start the span of a request; it goes on after this context."""
        parent = self._propagator.extract({"traceparent": traceparent}, context.Context())
        span = self._tracer.start_span("request", parent, kind=trace.SpanKind.SERVER)
        with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            yield OtlpRequestSpan(span)

    def span(self, name: str, attributes: dict[str, str | int]) -> AbstractContextManager[Any]:
        """Record a span that ends with the context."""
        return self._tracer.start_as_current_span(
            name,
            attributes={f"privacy.{key}": value for key, value in attributes.items()},
            record_exception=False,
            set_status_on_exception=False,
        )

    def record(self, name: str, started_at: int) -> None:
        """Record a span that ends now."""
        self._tracer.start_span(name, start_time=started_at).end()

    def record_query(self, query: Any) -> None:
        """Record the span of a statement that has ended."""
        ended_at = time_ns()
        attributes = {"db.system.name": "postgresql", "db.query.text": query.query.strip()}
        if query.exception:
            attributes["error.type"] = type(query.exception).__name__
        started_at = ended_at - int(query.elapsed * NANOSECONDS)
        self._tracer.start_span("statement", start_time=started_at, attributes=attributes).end(ended_at)

    def close(self) -> None:
        """Send what is recorded, and stop."""
        self._provider.shutdown()
