"""The server process of a cluster: initialise its data, start it, find it and stop it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from cli.embedded.config import configure
from cli.embedded.data_dir import PORT, DataDirectory, create_private_directory, socket_directory
from cli.embedded.os_user import SERVER_ENVIRONMENT, EmbeddedError

TIMEOUT = 120.0
"""Seconds that a start with crash recovery, or a stop, may take."""

_HAS_PROC = Path("/proc/self/cwd").exists()


def initialise(data_dir: DataDirectory, settings: Mapping[str, str]) -> None:
    """Run initdb unless the data exists; raise EmbeddedError when another major version created the data."""
    data = data_dir.root / "data"
    if data.exists():
        data_version = (data / "PG_VERSION").read_text().strip()
        if data_version != str(data_dir.version):
            message = (
                f"{data_dir.root} was created by PostgreSQL {data_version} and this is {data_dir.version}: "
                "move the databases with pg_dump of the old version, or use another directory."
            )
            raise EmbeddedError(message)
        return
    # initdb writes PG_VERSION early: the rename shows that it has completed.
    unfinished = data_dir.root / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    create_private_directory(unfinished, data_dir.user)
    process = subprocess.run(
        [
            str(data_dir.binaries / "initdb"),
            f"--pgdata={unfinished}",
            "--username=privacy",
            "--encoding=UTF8",
            "--no-locale",
            "--data-checksums",
            "--auth-local=peer",
            "--auth-host=reject",
            "--no-instructions",
            *(["--no-sync"] if settings.get("fsync") == "off" else []),
        ],
        capture_output=True,
        check=False,
        text=True,
        cwd=unfinished,
        env=SERVER_ENVIRONMENT,
        umask=0o077,
        **data_dir.user.credentials,
    )
    if process.returncode:
        message = f"initdb failed in {data_dir.root}: {process.stderr.strip()}"
        raise EmbeddedError(message)
    unfinished.rename(data)


def start(data_dir: DataDirectory, settings: Mapping[str, str]) -> None:
    """Start the server unless it runs or is starting, and wait until it accepts connections."""
    data = data_dir.root / "data"
    sockets = socket_directory(data_dir)
    ready = [str(data_dir.binaries / "pg_isready"), "--quiet", f"--host={sockets}", f"--port={PORT}", "--timeout=3"]
    deadline = time.monotonic() + TIMEOUT
    started_pid = None
    while subprocess.run(ready, check=False, env=SERVER_ENVIRONMENT).returncode != 0:
        if time.monotonic() > deadline:
            message = (
                f"PostgreSQL in {data_dir.root} did not answer within {TIMEOUT:.0f} s. {_last_log_line(data_dir.root)}"
            )
            raise EmbeddedError(message)
        if started_pid is None and _postmaster_pid(data) is None:
            _remove_stale_files(data, sockets)
            configure(data_dir, sockets, settings)
            started_pid = _spawn_postmaster(data_dir)
        elif started_pid is not None and not _works_in(started_pid, data):
            message = f"PostgreSQL in {data_dir.root} did not start. {_last_log_line(data_dir.root)}"
            raise EmbeddedError(message)
        time.sleep(0.02)


def stop(root: Path) -> None:
    """Stop the server, if it runs: roll back open transactions, write all data, and wait for its end."""
    data = root / "data"
    postmaster_pid = _postmaster_pid(data)
    if postmaster_pid is None:
        return
    os.kill(postmaster_pid, signal.SIGINT)
    deadline = time.monotonic() + TIMEOUT
    while _is_server_process(postmaster_pid, data):
        if time.monotonic() > deadline:
            message = f"PostgreSQL in {root}, process {postmaster_pid}, did not stop."
            raise EmbeddedError(message)
        time.sleep(0.01)


def _spawn_postmaster(data_dir: DataDirectory) -> int:
    """Start a postmaster and return its process id.

    It is a daemon in its own session: Ctrl-C in the terminal does not reach it, and it can outlive this process.
    """
    log = data_dir.root / "start.log"
    log.unlink(missing_ok=True)
    with log.open("wb") as log_file:
        process = subprocess.run(
            [
                "/bin/sh",
                "-c",
                '"$@" >&2 & echo $!',
                "sh",
                str(data_dir.binaries / "postgres"),
                "-D",
                str(data_dir.root / "data"),
                "-c",
                f"config_file={data_dir.root / 'postgresql.conf'}",
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log_file,
            start_new_session=True,
            cwd=data_dir.root / "data",
            env=SERVER_ENVIRONMENT,
            umask=0o077,
            **data_dir.user.credentials,
        )
    return int(process.stdout)


def _remove_stale_files(data: Path, sockets: Path) -> None:
    """Remove the files of a killed postmaster, after ending its remaining processes.

    PostgreSQL removes them itself unless another program has the old process id, which is usual after a container
    restarts. That case needs /proc to be detected; without /proc this function does nothing.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists() or not _HAS_PROC:
        return
    deadline = time.monotonic() + TIMEOUT
    while orphans := [pid for pid in _process_ids() if _is_server_process(pid, data)]:
        if time.monotonic() > deadline:
            message = f"Processes {orphans} of a killed PostgreSQL still use {data}: end these processes."
            raise EmbeddedError(message)
        for orphan in orphans:
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGQUIT)
        time.sleep(0.05)
    for path in (pid_file, sockets / f".s.PGSQL.{PORT}.lock", sockets / f".s.PGSQL.{PORT}"):
        path.unlink(missing_ok=True)


def _postmaster_pid(data: Path) -> int | None:
    """Return the process id of the running postmaster, or None."""
    try:
        pid = int((data / "postmaster.pid").read_text().partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _is_server_process(pid, data) else None


def _is_server_process(pid: int, data: Path) -> bool:
    """Return whether a process is a server process of this cluster, and not a program with a reused id."""
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name if _HAS_PROC else "postgres"
    except OSError:
        return False
    return program.startswith("postgres") and _works_in(pid, data)


def _works_in(pid: int, data: Path) -> bool:
    """Return whether a process runs in the data directory, as every PostgreSQL process does."""
    try:
        if _HAS_PROC:
            return data.samefile(f"/proc/{pid}/cwd")
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _process_ids() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())


def _last_log_line(root: Path) -> str:
    """Return the last fatal line of the start log, or the paths of the logs."""
    lines = (root / "start.log").read_text(errors="replace").splitlines() if (root / "start.log").exists() else []
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return fatal[-1] if fatal else f"See {root / 'start.log'} and {root / 'data' / 'log'}."
