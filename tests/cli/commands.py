"""The command ``privacy`` as a user runs it: a process of its own, on this worker's databases."""

import asyncio
import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

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


class Command:
    """A command that runs, its output in files."""

    def __init__(
        self, reply: asyncio.StreamReader, connection: asyncio.StreamWriter, out: IO[bytes], errors: IO[bytes]
    ) -> None:
        self.pid = 0
        self._reply = reply
        self._connection = connection
        self._out = out
        self._errors = errors

    async def begin(self) -> None:
        """Wait until the command runs."""
        self.pid = int(await self._reply.readline())

    def send_signal(self, number: int) -> None:
        """Send a signal to the command, which must not have been waited for."""
        os.kill(self.pid, number)

    async def kill(self) -> None:
        """Kill the command and wait for its end."""
        self.send_signal(signal.SIGKILL)
        assert (await self.wait()).code == -signal.SIGKILL

    async def wait(self) -> Ran:
        """Wait for the end of the command and return its output; a signal that ended it counts negative."""
        code = int(await self._reply.readline())
        self._connection.close()
        await self._connection.wait_closed()
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
    """Start the fork server of this process, which ends with it."""
    ours, its = socket.socketpair()
    with its:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.fork_server"],
            stdin=its.fileno(),
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            env=environment(),
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


async def start(
    *arguments: str,
    on: Databases | None = None,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
    at: Path,
) -> Command:
    """Start the command in the directory ``at`` and return once it runs."""
    ours, its = socket.socketpair()
    out, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 -- `wait` closes them
    reader, writer = os.pipe()
    request = {"arguments": arguments, "directory": str(at), "environment": environment(on) | dict(variables or {})}
    fork_server.send(_fork_server(), request, [reader, out.fileno(), errors.fileno(), its.fileno()])
    its.close()
    os.close(reader)
    started = Command(*await asyncio.open_connection(sock=ours), out, errors)
    await started.begin()
    await asyncio.to_thread(_feed, writer, stdin)
    return started


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
