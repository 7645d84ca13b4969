"""The embedded PostgreSQL is started again when it dies, and the service stops with a sentence when that fails."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.embedded import Cluster
from cli.embedded.data_dir import resolve_data_path
from cli.embedded.watcher import watched
from tests.clusters import initialised

UNUSABLE = """
import signal, sys, time
from pathlib import Path
from cli.embedded import Cluster
from cli.embedded.watcher import watched
with watched(Cluster(Path(sys.argv[1]), binaries=Path("/nowhere")), poll=0.01):
    time.sleep(60)
"""


def kill(cluster: Cluster) -> None:
    """Kill the server as the kernel does when memory is short."""
    pid_file = resolve_data_path(cluster.directory) / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text().partition("\n")[0]), signal.SIGKILL)


def test_a_server_that_dies_is_started_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    is_running = threading.Event()

    class Watched(Cluster):
        def start(self) -> None:
            super().start()
            is_running.set()

    with Watched(initialised(tmp_path / "db"), settings={"fsync": "off"}) as cluster, watched(cluster, poll=0.05):
        cluster.run("psql", "--command=CREATE TABLE kept (id int)")
        for _ in range(2):
            is_running.clear()
            kill(cluster)
            assert is_running.wait(120)
            assert "kept" in cluster.run("psql", "--command=SELECT 1 AS kept FROM kept UNION ALL SELECT 1")
    assert capfd.readouterr().err.count("privacy: the embedded PostgreSQL had ended and runs again") == 2


def test_a_server_that_does_not_start_again_stops_the_process_with_a_sentence(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", UNUSABLE, str(tmp_path / "db")], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == -signal.SIGTERM
    assert "privacy: the embedded PostgreSQL ended and does not start again: " in result.stderr
