"""The command ``privacy`` as a user runs it: a process of its own, on this worker's databases."""

import asyncio
import atexit
import contextlib
import fcntl
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple
from uuid import uuid4

import typer

from cli.main import COMMANDS, app
from tests.cli import fork_server
from tests.conftest import ROOT, Databases


class Ran(NamedTuple):
    """What a command said."""

    code: int
    out: str
    errors: str

    def count(self, words: str) -> int:
        """Return the number that the summary puts before these words."""
        [line] = [line for line in self.out.splitlines() if line.strip().partition("  ")[2] == words]
        return int(line.strip().partition("  ")[0].replace(",", ""))


class Forked:
    """A process that the fork server has forked."""

    def __init__(self, reply: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        self.pid = 0
        self._reply = reply
        self._connection = connection

    async def begin(self) -> None:
        """Wait until the process runs."""
        self.pid = int(await self._reply.readline())

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, which must not have been waited for."""
        os.kill(self.pid, number)

    async def end(self) -> int:
        """Wait for the end of the process and return its exit code; a signal that ended it counts negative."""
        code = int(await self._reply.readline())
        self._connection.close()
        await self._connection.wait_closed()
        return code


class Command(Forked):
    """A command that runs, its output in files."""

    def __init__(
        self, reply: asyncio.StreamReader, connection: asyncio.StreamWriter, out: IO[bytes], errors: IO[bytes]
    ) -> None:
        super().__init__(reply, connection)
        self._out = out
        self._errors = errors

    async def kill(self) -> None:
        """Kill the command and wait for its end."""
        self.send_signal(signal.SIGKILL)
        assert (await self.wait()).code == -signal.SIGKILL

    async def wait(self) -> Ran:
        """Wait for the end of the command and return its output; a signal that ended it counts negative."""
        code = await self.end()
        with self._out as out, self._errors as errors:
            out.seek(0)
            errors.seek(0)
            return Ran(code, out.read().decode(), errors.read().decode())


def environment(databases: Databases | None = None) -> dict[str, str]:
    """Return the environment of a command on these databases."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PRIVACY_")}
    variables["PYTHONPATH"] = str(ROOT)
    if databases:
        variables |= {
            "PRIVACY_DATABASE_URL": databases.url,
            "PRIVACY_KEYRING_URL": databases.keyring_url,
            "PRIVACY_MASTER_KEY": databases.master_key,
            "PRIVACY_ENVIRONMENT": "development",
        }
    return variables


def command(*arguments: str) -> list[str]:
    """Return the words that run ``privacy`` from the code under test in a new Python."""
    return [sys.executable, "-m", "cli", *arguments]


def program() -> Any:
    """Return the command with all of its subcommands loaded."""
    group: Any = typer.main.get_command(app)
    for name in COMMANDS:
        group.load(name)
    return group


@cache
def _fork_server() -> socket.socket:
    """Connect to the fork server of all workers: the first one starts it, and it ends with the last connection."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)
    path = Path(tempfile.gettempdir(), f"privacy-{run}.socket")
    lock = ROOT / "var" / "fork_server.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        connection = _connected(path)
        if not connection:
            _start_fork_server(path)
            connection = _connected(path)
    assert connection
    atexit.register(connection.close)
    return connection


def _connected(path: Path) -> socket.socket | None:
    """Return a connection to the fork server, or None if there is none."""
    connection = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(OSError):
        connection.connect(str(path))
        if connection.recv(1):
            return connection
    connection.close()
    return None


def _start_fork_server(path: Path) -> None:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "tests.cli.fork_server", str(path)],
            environment(),
            file_actions=[
                (os.POSIX_SPAWN_DUP2, listener.fileno(), 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            ],
        )


async def _fork(
    module: str, *arguments: str, variables: Mapping[str, str], streams: Sequence[int], at: Path
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Fork a process that runs a module with these three streams; return both ends of its reply."""
    ours, its = socket.socketpair()
    request = {"module": module, "arguments": arguments, "directory": str(at), "environment": dict(variables)}
    with its:
        fork_server.send(_fork_server(), request, [*streams, its.fileno()])
    return await asyncio.open_connection(sock=ours)


async def start(
    *arguments: str,
    on: Databases | None = None,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
    at: Path,
) -> Command:
    """Start the command in the directory ``at`` and return once it runs."""
    out, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 -- `wait` closes them
    reader, writer = os.pipe()
    streams = reader, out.fileno(), errors.fileno()
    ends = await _fork("cli", *arguments, variables=environment(on) | dict(variables or {}), streams=streams, at=at)
    os.close(reader)
    started = Command(*ends, out, errors)
    await started.begin()
    await asyncio.to_thread(_feed, writer, stdin)
    return started


@contextlib.asynccontextmanager
async def conversation(
    module: str, *arguments: str, variables: Mapping[str, str]
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Run a module of the tests in a process of its own; yield its output and input, and kill it in the end."""
    ours, its = socket.socketpair()
    nothing = os.open(os.devnull, os.O_WRONLY)
    with its:
        streams = its.fileno(), its.fileno(), nothing
        process = Forked(*await _fork(module, *arguments, variables=variables, streams=streams, at=ROOT))
        await process.begin()
    os.close(nothing)
    output, entry = await asyncio.open_connection(sock=ours)
    try:
        yield output, entry
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.end()
        entry.close()
        with contextlib.suppress(ConnectionError):
            await entry.wait_closed()


async def privacy(
    *arguments: str,
    on: Databases | None = None,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
    at: Path,
) -> Ran:
    """Run the command to its end, in the directory ``at``."""
    return await (await start(*arguments, on=on, stdin=stdin, variables=variables, at=at)).wait()


def _feed(writer: int, stdin: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(writer, "wb") as stream:
        stream.write(stdin)
