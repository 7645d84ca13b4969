"""The routes for operators, on databases of other versions and on servers that fail."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import httpx2
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from api.routes import component_checks
from api.routes.component_checks import SLOW, ComponentChecks
from migrations import head, required
from tests.conftest import Api, Databases
from tests.readiness import readiness
from workers.erasure_worker import ERASED
from workers.metrics import WORKER_METRICS


@contextmanager
def revision(url: str, history: str, number: str) -> Iterator[None]:
    async def write(value: str) -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("UPDATE alembic_version SET version_num = $1", value)
        await connection.close()

    asyncio.run(write(number))
    try:
        yield
    finally:
        asyncio.run(write(head(history)))


@pytest.mark.parametrize("history", ["privacy", "keyring"])
def test_a_database_of_a_newer_version_is_ready(api: Api, databases: Databases, history: str) -> None:
    with revision(databases.url if history == "privacy" else databases.keyring_url, history, "9999"):
        assert readiness(api.url).status_code == 200


def test_a_database_before_its_post_deployment_migrations_is_ready(api: Api, databases: Databases) -> None:
    assert required("privacy") < head("privacy")
    with revision(databases.url, "privacy", required("privacy")):
        assert readiness(api.url).status_code == 200


@pytest.mark.parametrize(("history", "component"), [("privacy", "database"), ("keyring", "keyring")])
@pytest.mark.parametrize("number", ["0001", "0000"])
def test_a_database_that_lacks_migrations_is_not_ready(
    api: Api, databases: Databases, history: str, component: str, number: str
) -> None:
    with revision(databases.url if history == "privacy" else databases.keyring_url, history, number):
        answer = readiness(api.url)
    assert (answer.status_code, answer.json()[component]) == (503, "migrations are missing: run `privacy migrate`")


def test_the_api_exports_no_metrics_of_the_worker(api: Api) -> None:
    text = httpx2.get(f"{api.url}/metrics", verify=False).text
    assert "privacy_operations_total" in text
    for name in ("privacy_letters", "privacy_webhooks", "privacy_erasures", "privacy_behind_ledger"):
        assert name not in text
    assert f"# HELP {ERASED._name}".encode() in generate_latest(WORKER_METRICS)


@pytest.mark.anyio
async def test_a_check_that_is_slow_and_then_times_out_is_one_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines for each question were logged, for each component, as long as a server was suspended."""
    monkeypatch.setattr(component_checks, "CHECK_TIMEOUT_SECONDS", 0.001)
    questions = [asyncio.Event() for _ in range(3)]
    pending = iter(questions)

    async def check() -> None:
        await next(pending).wait()
        raise TimeoutError

    checks = ComponentChecks({"a suspended server": check})
    with capture_logs() as lines:
        for question in questions:
            assert await checks.states() == {"a suspended server": SLOW}
            question.set()
            assert await checks._tasks["a suspended server"] == SLOW
    assert [line["problem"] for line in lines] == [SLOW]
