"""The server process of a cluster: its files made, its settings written, started, found again and stopped."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from cli.embedded.config import configure
from cli.embedded.data_dir import PORT, DataDirectory, make_private, socket_directory
from cli.embedded.os_user import BARE_ENVIRONMENT, EmbeddedError

PATIENCE = 120.0
"""Seconds that a start, crash recovery included, or a shutdown may take."""

_HAS_PROCESSES = Path("/proc/self/cwd").exists()


def initialise(place: DataDirectory, settings: Mapping[str, str]) -> None:
    """Make the data directory unless it is there; EmbeddedError when another major version made it."""
    data = place.home / "data"
    if data.exists():
        made_by = (data / "PG_VERSION").read_text().strip()
        if made_by != str(place.version):
            message = (
                f"{place.home} was made by PostgreSQL {made_by} and this is {place.version}: "
                "move its databases with pg_dump of the old one, or use another directory."
            )
            raise EmbeddedError(message)
        return
    # initdb writes PG_VERSION early, so one that was killed halfway would pass for a cluster.
    unfinished = place.home / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private(unfinished, place.account)
    done = subprocess.run(
        [
            str(place.binaries / "initdb"),
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
        env=BARE_ENVIRONMENT,
        umask=0o077,
        **place.account.credentials,
    )
    if done.returncode:
        message = f"initdb failed in {place.home}: {done.stderr.strip()}"
        raise EmbeddedError(message)
    unfinished.rename(data)


def bring_up(place: DataDirectory, settings: Mapping[str, str]) -> None:
    """Return when the server answers: one that runs, one that is just starting, or a new one."""
    data = place.home / "data"
    sockets = socket_directory(place)
    ready = [str(place.binaries / "pg_isready"), "--quiet", f"--host={sockets}", f"--port={PORT}", "--timeout=3"]
    deadline = time.monotonic() + PATIENCE
    launched = None
    while subprocess.run(ready, check=False, env=BARE_ENVIRONMENT).returncode != 0:
        if time.monotonic() > deadline:
            message = f"PostgreSQL in {place.home} did not answer within {PATIENCE:.0f} s. {_last_words(place.home)}"
            raise EmbeddedError(message)
        if launched is None and _postmaster(data) is None:
            _clear_remains(data, sockets)
            configure(place, sockets, settings)
            launched = _launch(place)
        elif launched is not None and not _stands_in(launched, data):
            message = f"PostgreSQL in {place.home} did not start. {_last_words(place.home)}"
            raise EmbeddedError(message)
        time.sleep(0.02)


def shut_down(home: Path) -> None:
    """Stop the server of this place, if one runs: open transactions roll back, the rest is written, then return."""
    data = home / "data"
    postmaster = _postmaster(data)
    if postmaster is None:
        return
    os.kill(postmaster, signal.SIGINT)
    deadline = time.monotonic() + PATIENCE
    while _serves(postmaster, data):
        if time.monotonic() > deadline:
            message = f"PostgreSQL in {home}, process {postmaster}, did not stop."
            raise EmbeddedError(message)
        time.sleep(0.01)


def _launch(place: DataDirectory) -> int:
    """Start a postmaster and return its process id.

    It is nobody's child and in a session of its own: Ctrl-C in the terminal of a service does not reach it, and
    the service can end before it.
    """
    log = place.home / "start.log"
    log.unlink(missing_ok=True)
    with log.open("wb") as words:
        done = subprocess.run(
            [
                "/bin/sh",
                "-c",
                '"$@" >&2 & echo $!',
                "sh",
                str(place.binaries / "postgres"),
                "-D",
                str(place.home / "data"),
                "-c",
                f"config_file={place.home / 'postgresql.conf'}",
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            start_new_session=True,
            cwd=place.home / "data",
            env=BARE_ENVIRONMENT,
            umask=0o077,
            **place.account.credentials,
        )
    return int(done.stdout)


def _clear_remains(data: Path, sockets: Path) -> None:
    """Remove what a killed postmaster left, once nothing of it is alive.

    PostgreSQL does so itself unless the old process id was given to another program, as happens whenever
    a container starts again. Without /proc that cannot be told, and is left to PostgreSQL.
    """
    remains = data / "postmaster.pid"
    if not remains.exists() or not _HAS_PROCESSES:
        return
    deadline = time.monotonic() + PATIENCE
    while orphans := [pid for pid in _process_ids() if _serves(pid, data)]:
        if time.monotonic() > deadline:
            message = f"Processes {orphans} of a killed PostgreSQL still use {data}: end them."
            raise EmbeddedError(message)
        for orphan in orphans:
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGQUIT)
        time.sleep(0.05)
    for path in (remains, sockets / f".s.PGSQL.{PORT}.lock", sockets / f".s.PGSQL.{PORT}"):
        path.unlink(missing_ok=True)


def _postmaster(data: Path) -> int | None:
    try:
        pid = int((data / "postmaster.pid").read_text().partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _serves(pid, data) else None


def _serves(pid: int, data: Path) -> bool:
    """Say whether the process lives and is a server of this cluster, not another with a number used again."""
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name if _HAS_PROCESSES else "postgres"
    except OSError:
        return False
    return program.startswith("postgres") and _stands_in(pid, data)


def _stands_in(pid: int, data: Path) -> bool:
    """Say whether the process lives and has the data directory as its own, as every server process does."""
    try:
        if _HAS_PROCESSES:
            return data.samefile(f"/proc/{pid}/cwd")
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _process_ids() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())


def _last_words(home: Path) -> str:
    words = (home / "start.log").read_text(errors="replace").splitlines() if (home / "start.log").exists() else []
    fatal = [line for line in words if "FATAL" in line or "PANIC" in line]
    return fatal[-1] if fatal else f"Its last words are in {home / 'start.log'} or {home / 'data' / 'log'}."
