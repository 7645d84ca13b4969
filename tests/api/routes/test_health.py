"""The routes for operators, on databases of other versions and on servers that fail."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import httpx2
import pytest
from prometheus_client import generate_latest

from migrations import head
from tests.conftest import Api, Databases
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
        assert httpx2.get(f"{api.url}/readyz", verify=False).status_code == 200


@pytest.mark.parametrize(("history", "component"), [("privacy", "database"), ("keyring", "keyring")])
@pytest.mark.parametrize("number", ["0001", "0000"])
def test_a_database_that_lacks_migrations_is_not_ready(
    api: Api, databases: Databases, history: str, component: str, number: str
) -> None:
    with revision(databases.url if history == "privacy" else databases.keyring_url, history, number):
        answer = httpx2.get(f"{api.url}/readyz", verify=False)
    assert (answer.status_code, answer.json()[component]) == (503, "migrations are missing: run `privacy migrate`")


def test_the_api_exports_no_metrics_of_the_worker(api: Api) -> None:
    text = httpx2.get(f"{api.url}/metrics", verify=False).text
    assert "privacy_operations_total" in text
    for name in ("privacy_letters", "privacy_webhooks", "privacy_erasures", "privacy_behind_ledger"):
        assert name not in text
    assert generate_latest(WORKER_METRICS).count(b"# HELP privacy_erasures") >= 1
