"""``privacy serve --workers``: the processes share the port and divide the connections to PostgreSQL."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import asyncpg
import httpx2
import pytest

from cli.serve import divide_connections
from tests.conftest import Databases, settings_for

WORKERS = 2
OTHERS = 6
"""Connections at most that the service of the other tests, on the same database, may open meanwhile."""
CONNECTED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'privacy' AND backend_start > $2"
)


@pytest.fixture
def served_by_two(clean: Databases) -> Iterator[tuple[str, datetime]]:
    began = datetime.now(UTC)
    environment = os.environ | {
        "PRIVACY_DATABASE_URL": clean.url,
        "PRIVACY_KEYRING_URL": clean.keyring_url,
        "PRIVACY_MASTER_KEY": clean.master_key,
        "PRIVACY_ENVIRONMENT": "development",
        "PRIVACY_READ_CONNECTIONS": "4",
    }

    def start() -> tuple[subprocess.Popen[bytes], str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "cli", "serve", "--port", str(port), "--workers", str(WORKERS)]
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL), f"http://127.0.0.1:{port}"

    process, url = start()
    try:
        for _ in range(2400):
            if process.poll() is not None:  # a connection of another test has got the port meanwhile
                process, url = start()
            with suppress(httpx2.HTTPError):
                if httpx2.get(f"{url}/readyz", verify=False).is_success:
                    break
            time.sleep(0.1)
        yield url, began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


@pytest.mark.timeout(400)
def test_workers_together_keep_within_their_budgets(served_by_two: tuple[str, datetime], clean: Databases) -> None:
    url, began = served_by_two
    headers = {"authorization": "Bearer prv_nobody"}

    def ask(number: int) -> int:
        body = {"query": f"{{ viewer {{ name }} }} # {number}"}
        for _ in range(200):
            answer = httpx2.post(f"{url}/graphql", verify=False, json=body, headers=headers | {"x": str(number)})
            # One of the two is ready; the other may have begun to listen just now.
            if answer.status_code != 200 or answer.json()["errors"][0]["extensions"]["code"] != "UNAVAILABLE":
                break
            time.sleep(0.05)
        return answer.status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(100))) == {401}

    async def connected() -> int:
        connection = await asyncpg.connect(clean.url)
        try:
            return int(await connection.fetchval(CONNECTED, clean.url.rpartition("/")[2].partition("?")[0], began))
        finally:
            await connection.close()

    assert 1 <= asyncio.run(connected()) <= 2 * (3 + 3) + OTHERS


def test_the_connections_are_divided_among_the_workers(clean: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY_READ_CONNECTIONS", "6")
    monkeypatch.setenv("PRIVACY_WRITE_CONNECTIONS", "6")
    divide_connections(settings_for(clean), 4)
    assert (os.environ["PRIVACY_READ_CONNECTIONS"], os.environ["PRIVACY_WRITE_CONNECTIONS"]) == ("3", "1")
    divide_connections(settings_for(clean, read_connections=12, write_connections=9), 3)
    assert (os.environ["PRIVACY_READ_CONNECTIONS"], os.environ["PRIVACY_WRITE_CONNECTIONS"]) == ("4", "3")
    divide_connections(settings_for(clean, read_connections=2), 3)
    assert os.environ["PRIVACY_READ_CONNECTIONS"] == "2"
