"""Processes under measurement: a server on its own core until a block ends, and the processor time of a process."""

import http.client
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from benchmarks.environment import DATA_DIRECTORY, ROOT, pin_to_server_core

TICKS: Final = os.sysconf("SC_CLK_TCK")
START_SECONDS: Final = 60.0
"""Seconds that a server may take to start."""
STOP_SECONDS: Final = 20.0


@contextmanager
def run_pinned(  # noqa: PLR0913 -- all that a server depends on
    command: Sequence[str],
    port: int,
    environment: Mapping[str, str],
    log_name: str,
    directory: Path = ROOT,
    *,
    page: str = "/readyz",
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on the core of the server under test; yield its process when it is ready, and stop it at the end."""
    with (DATA_DIRECTORY / f"{log_name}.log").open("wb") as log:
        process = subprocess.Popen(pin_to_server_core(command), env=environment, cwd=directory, stderr=log, stdout=log)
    try:
        wait_until_ready(port, page)
        yield process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def wait_until_ready(port: int, page: str = "/readyz") -> None:
    """Wait until a server answers a page with another status than 503; peers have no such page. Raise TimeoutError."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", page)
            if connection.getresponse().status != http.client.SERVICE_UNAVAILABLE:
                return
        time.sleep(0.05)
    raise TimeoutError


def cpu_seconds(process_id: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    return sum(_ticks(process_id)) / TICKS


def backend_cpu_seconds(postmaster_id: int, databases: Iterable[str]) -> float:
    """Return the processor time of the sessions of some databases that are open, in seconds."""
    children = Path(f"/proc/{postmaster_id}/task/{postmaster_id}/children").read_text().split()
    names, ticks = {f" {name} " for name in databases}, 0
    for child in children:
        with suppress(FileNotFoundError):
            title = Path(f"/proc/{child}/cmdline").read_text()
            if any(name in title for name in names):
                ticks += sum(_ticks(int(child)))
    return ticks / TICKS


def _ticks(process_id: int) -> tuple[int, int]:
    """Return the user and system time of a process."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])
