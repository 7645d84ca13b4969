"""Traced requests: a span for each request, and one for the preparation of an operation."""

from time import time_ns

from api.graphql.endpoint import RequestExecution
from api.graphql.prepare import PreparedOperation
from api.http.request import Request
from models.actors import Actor
from models.storage import tracing
from models.storage.tracing import RequestSpan
from models.storage.turns import Steps


class TracedExecution(RequestExecution):
    """One request in the pipeline, with a span if it is traced."""

    __slots__ = ("_span",)
    _span: RequestSpan | None

    def start(self) -> None:
        tracer = tracing.installed()
        assert tracer, "requests are traced only with a tracer"  # noqa: S101
        with tracer.request(self._exchange.head.traceparent) as self._span:
            super().start()

    def _preparation_steps(self, actor: Actor, request: Request) -> Steps[tuple[PreparedOperation, int]]:
        started_at = time_ns()
        prepared = yield from super()._preparation_steps(actor, request)
        if tracer := tracing.installed():
            tracer.record("plan", started_at)
        return prepared

    def _log(self, code: str, trace_id: str = "") -> None:
        super()._log(code, trace_id or (self._span.trace_id if self._span else ""))
        if self._span:
            role = self._actor.role if self._actor else ""
            self._span.end(operation=self._operation or "", role=role, code=code or "OK")
