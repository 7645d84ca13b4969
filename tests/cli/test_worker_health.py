"""``privacy work --metrics-port`` answers /healthz, /readyz and /metrics, also about its mail server and backlog."""

import asyncio
import contextlib
import signal
import socket
from pathlib import Path

import anyio
import asyncpg
import httpx2
import pytest

from tests.cli.commands import start
from tests.conftest import Api, Databases
from tests.readiness import readiness

pytestmark = pytest.mark.anyio


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_worker_says_that_its_mail_server_is_away_and_what_waits(
    api: Api, clean: Databases, tmp_path: Path
) -> None:
    person = await asyncio.to_thread(api.register, "ada@example.com")
    out = "mutation($id: ID!) { optOutOfAll(subject: { id: $id }, channel: SUPPORT) { suppressed } }"
    assert (await asyncio.to_thread(lambda: api.ask("SUPPORT", out, id=person))).data
    port, nowhere = free_port(), free_port()
    variables = {"PRIVACY_SMTP_URL": f"smtp://127.0.0.1:{nowhere}?starttls=never"}
    worker = await start("work", "--metrics-port", str(port), on=clean, variables=variables, at=tmp_path)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False) as client:
            with anyio.fail_after(120):
                while True:
                    with contextlib.suppress(httpx2.HTTPError):
                        ready = await client.get("/readyz")
                        if "cannot be used" in ready.json()["mail"]:
                            break
                    await anyio.sleep(0.1)
            assert ready.status_code == 503
            assert (ready.json()["database"], ready.json()["keyring"]) == ("ok", "ok")
            assert (await client.get("/healthz")).json() == {"alive": True}
            metrics = (await client.get("/metrics")).text
    finally:
        with contextlib.suppress(ProcessLookupError):
            worker.send_signal(signal.SIGTERM)
        result = await worker.wait()
    assert result.code == 0, result.errors
    assert result.errors.count(f"mail server 127.0.0.1:{nowhere}") == 1
    assert 'privacy_letters_waiting{age="under 5 minutes"} 1.0' in metrics
    assert "privacy_letters_uncertain 0.0" in metrics
    assert "privacy_webhooks_waiting 0.0" in metrics
    assert "privacy_steps_overdue 0.0" in metrics
    assert "privacy_operations_total" not in metrics


async def test_letters_are_counted_by_the_reply_that_refused_them(api: Api, clean: Databases, tmp_path: Path) -> None:
    person = await asyncio.to_thread(api.register, "bo@example.com")
    out = "mutation($id: ID!) { optOutOfAll(subject: { id: $id }, channel: SUPPORT) { suppressed } }"
    assert (await asyncio.to_thread(lambda: api.ask("SUPPORT", out, id=person))).data
    connection = await asyncpg.connect(clean.url)
    await connection.execute("UPDATE letters SET state = 'FAILED', reason = 'LETTER_REFUSED', reply_code = 554")
    await connection.close()
    port = free_port()
    worker = await start("work", "--metrics-port", str(port), on=clean, at=tmp_path)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False) as client:
            with anyio.fail_after(120):
                while True:
                    with contextlib.suppress(httpx2.HTTPError):
                        if 'reply="554"' in (metrics := (await client.get("/metrics")).text):
                            break
                    await anyio.sleep(0.1)
            assert (await anyio.to_thread.run_sync(readiness, f"http://127.0.0.1:{port}")).json()["mail"] == "ok"
    finally:
        worker.send_signal(signal.SIGTERM)
        await worker.wait()
    assert 'privacy_letters_failed{reply="554"} 1.0' in metrics
    assert 'privacy_letters_waiting{age="under 5 minutes"} 0.0' in metrics
