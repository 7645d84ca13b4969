"""Traces reach a collector over OTLP: request, plan, batch, statement and letter, without any value."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import pytest

from api.settings import UnsafeSettingError
from cli.otlp import OtlpTracer, RateLimit
from cli.tracing import REQUESTS_PER_SECOND, start_tracing
from models.outbox.emails import EmailKind
from models.storage import tracing
from tests.cli.trace_collector import Collector, attributes, collecting
from tests.conftest import Databases, Running, World, issued, settings_for
from tests.mailers.fake_smtp import FakeSmtpServer
from tests.people import DECIDE, REGISTER
from tests.workers.outbox_workers import email_worker, enqueue, register

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRETS = ("ada.lovelace@example.com", "Ada Lovelace", "user@example.com")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as server:
        yield server


@contextmanager
def traced_service(collector: Collector, databases: Databases) -> Iterator[Callable[..., None]]:
    """Run a service that sends traces; yield a function that sends it a document in a trace, with variables."""
    secret = asyncio.run(issued(databases))["STORE"]
    settings = settings_for(databases, otlp_endpoint=collector.url)
    start_tracing(settings, "privacy-api", REQUESTS_PER_SECOND)
    running = Running(settings)
    with running as url, httpx2.Client(base_url=url, verify=False) as client:

        def send(document: str, traceparent: str, **variables: object) -> None:
            headers = {"authorization": f"Bearer {secret}", "traceparent": traceparent}
            answer = client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
            assert "errors" not in answer.json()

        yield send
        running.flush_log()


PERSON = {"email": SECRETS[0], "displayName": SECRETS[1]}
QUESTION = {"who": {"email": SECRETS[0]}, "purpose": "newsletter"}


def test_a_request_is_traced_with_its_plan_batch_and_statements(
    collector: Collector, clean: Databases, capfd: pytest.CaptureFixture[str]
) -> None:
    with traced_service(collector, clean) as send:
        send(REGISTER, f"00-{TRACE}-{PARENT}-01", input=PERSON)
        for _ in range(2):
            send(DECIDE, f"00-{TRACE}-{PARENT}-01", **QUESTION)
        send(DECIDE, "00-secret-of-a-caller-01", **QUESTION)

    requests = collector.named("request")
    assert [attributes(span)["privacy.operation"] for span in requests] == ["Register", "Decide", "Decide", "Decide"]
    assert {attributes(span)["privacy.code"] for span in requests} == {"OK"}
    assert [span.trace_id.hex() == TRACE for span in requests] == [True, True, True, False]
    assert {span.parent_span_id.hex() for span in requests[:3]} == {PARENT}
    ids = {span.span_id for span in requests}
    assert [span.parent_span_id in ids for span in collector.named("plan")] == [True, True]
    batches = collector.named("batch")
    assert all(span.parent_span_id in ids for span in batches)
    assert {"privacy.read", "privacy.requests", "privacy.keys"} == set(attributes(batches[0]))
    batch_ids = {span.span_id for span in batches}
    of_batches = [span for span in collector.named("statement") if span.parent_span_id in batch_ids]
    assert any("$1" in str(attributes(span)["db.query.text"]) for span in of_batches)

    everything = b"".join(collector.bodies)
    assert not [secret for secret in SECRETS if secret.encode() in everything]
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if '"event":"operation"' in line]
    traces = [line["trace"] for line in lines if line["operation"] in {"Register", "Decide"}]
    assert traces == [span.trace_id.hex() for span in requests]


def test_a_caller_decides_whether_its_request_is_traced(
    collector: Collector, clean: Databases, capfd: pytest.CaptureFixture[str]
) -> None:
    with traced_service(collector, clean) as send:
        send(REGISTER, f"00-{TRACE}-{PARENT}-00", input=PERSON)
        send(DECIDE, f"00-{TRACE}-{PARENT}-01", **QUESTION)
    assert [attributes(span)["privacy.operation"] for span in collector.named("request")] == ["Decide"]
    assert not [span for span in collector.named("plan") if span.trace_id.hex() != TRACE]
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if '"event":"operation"' in line]
    assert {line["trace"] for line in lines} == {TRACE}, "the log has the caller's trace in any case"


def test_requests_over_the_limit_of_a_second_are_not_traced_and_nothing_that_belongs_to_them(
    collector: Collector,
) -> None:
    for most in (0, 1):
        tracer = OtlpTracer(collector.url, "privacy-api", requests_per_second=most)
        with tracer.request("") as request, tracer.span("batch", {}), tracer.statement("SELECT $1", None):
            tracer.record("plan", 1)
        assert (request is not None) == (most == 1)
        if request:
            request.end(code="OK")
        tracer.close()
        names = sorted(span.name for span in collector.spans)
        assert names == ([] if most == 0 else ["batch", "plan", "request", "statement"])


def test_the_statement_of_a_trace_names_the_class_of_its_error(collector: Collector) -> None:
    tracer = OtlpTracer(collector.url, "privacy-api", requests_per_second=1)
    with tracer.request(""), pytest.raises(ValueError, match=SECRETS[1]), tracer.statement("SELECT $1", None):
        raise ValueError(SECRETS[1])
    tracer.close()
    [span] = collector.named("statement")
    assert attributes(span)["error.type"] == "ValueError"
    assert SECRETS[1].encode() not in b"".join(collector.bodies)


def test_the_limit_begins_anew_with_each_second() -> None:
    limit = RateLimit(2)
    assert [limit.allows(time) for time in (7.0, 7.4, 7.9, 8.0, 8.1, 8.2, 10.5)] == [
        *(True, True, False),
        *(True, True, False),
        True,
    ]


@pytest.mark.anyio
async def test_a_letter_is_traced_by_its_kind(collector: Collector, world: World, clean: Databases) -> None:
    person = await register(world)
    await enqueue(world, person, EmailKind.ERASURE_SCHEDULED)
    start_tracing(settings_for(clean, otlp_endpoint=collector.url), "privacy-worker")
    async with email_worker(world, FakeSmtpServer()) as worker:
        await worker.drain()
    await asyncio.to_thread(tracing.close)
    assert [attributes(span) for span in collector.named("email")] == [{"privacy.letter": "erasure_scheduled"}]
    assert not [secret for secret in SECRETS if secret.encode() in b"".join(collector.bodies)]


def test_an_endpoint_without_the_packages_stops_the_start(clean: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cli.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(UnsafeSettingError, match="needs the packages of the extra otel"):
        start_tracing(settings_for(clean, otlp_endpoint="http://127.0.0.1:4318"), "privacy-api")
    start_tracing(settings_for(clean), "privacy-api")
    assert tracing.installed() is None
