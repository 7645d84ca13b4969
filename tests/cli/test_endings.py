"""The demonstration stops its PostgreSQL, however the process ends."""

import contextlib
import signal
import socket
import subprocess
from pathlib import Path

import anyio
import httpx2
import pytest

from cli.embedded import Cluster
from cli.embedded.data_dir import resolve_data_path
from cli.embedded.memory import memory_bytes, shared_buffers
from tests.cli.commands import command, environment


@pytest.mark.anyio
@pytest.mark.timeout(300)
async def test_its_postgresql_ends_with_it(tmp_path: Path) -> None:
    """End it in three ways, one after another: the second and the third start continue with the data of the first."""
    try:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            await _run_and_end(number, tmp_path)
    finally:
        Cluster(tmp_path / "var" / "postgres").remove()


async def _run_and_end(number: signal.Signals, directory: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        desk_port = probe.getsockname()[1]
    running = await anyio.open_process(
        command("serve", "--demo", "--port", str(port), "--desk-port", str(desk_port)),
        cwd=directory,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await _ready(port)
        async with httpx2.AsyncClient(verify=False) as client:
            metrics = ""
            with anyio.fail_after(60):  # the workers start beside the API, in the same process
                while "privacy_letters_waiting" not in metrics:
                    metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            sign_in = (await client.get(f"http://127.0.0.1:{desk_port}/sign-in")).text
        assert "privacy_erasures_total" in metrics
        assert "Privacy officer" in sign_in
        sized = f"SELECT setting::bigint * 8192 = pg_size_bytes('{shared_buffers(memory_bytes())}') FROM pg_settings"
        sized += " WHERE name = 'shared_buffers'"
        assert Cluster(directory / "var" / "postgres").run("psql", "-Atc", sized) == "t\n"
        postmaster = resolve_data_path(directory / "var" / "postgres") / "data" / "postmaster.pid"
        assert postmaster.exists()
        running.send_signal(number)
        with anyio.fail_after(60):
            await running.wait()
        assert not postmaster.exists()
    finally:
        if running.returncode is None:
            running.kill()
        await running.aclose()


async def _ready(port: int) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False) as client:
        with anyio.fail_after(120):
            while True:
                with contextlib.suppress(httpx2.HTTPError):
                    if (await client.get("/readyz")).is_success:
                        return
                await anyio.sleep(0.1)
