"""Runs "First start" of docs/operating.md line by line, as printed, on two PostgreSQL servers that demand passwords."""

import asyncio
import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import anyio
import httpx2
import pytest

from cli.embedded import Cluster
from cli.embedded.data_dir import PORT, resolve_data_path
from tests.conftest import ROOT

HOSTS = {"db.internal": "127.0.71.1", "keys.internal": "127.0.71.2"}
"""The hosts of the document, and where the servers of this test listen."""
OWNER, LOGIN = "owner's word", "login's word"
PROGRAMS = ("privacy serve", "PRIVACY_AUDIT_KEY='…' privacy work")
"""How the lines begin that start a program, which runs until it is stopped."""


def printed_blocks() -> list[tuple[str, str]]:
    """Return the code blocks of the section with their languages."""
    text = (ROOT / "docs/operating.md").read_text()
    section = text[text.index("\n## First start\n") : text.index("\n## Upgrades\n")]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def servers(worker_id: str) -> Iterator[dict[str, Cluster]]:
    """Yield a server for each host, which accepts passwords only, like one of a company."""
    clusters = {}
    with contextlib.ExitStack() as stack:
        for host, address in HOSTS.items():
            home = ROOT / "var" / f"first-start-{worker_id}" / host
            cluster = clusters[host] = Cluster(home, settings={"fsync": "off", "listen_addresses": address})
            cluster.remove()
            stack.callback(cluster.remove)
            cluster.start()
            with (resolve_data_path(home) / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 127.0.0.0/8 scram-sha-256\n")
            cluster.run("psql", "-c", "SELECT pg_reload_conf()")
        yield clusters


class Shell(NamedTuple):
    """One bash session, in which the lines of the document run."""

    process: asyncio.subprocess.Process

    async def run(self, line: str) -> str:
        """Run one line; return what it printed. Raise AssertionError when it fails."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f'{line}\necho "=$?"\n'.encode())
        printed = ""
        with anyio.fail_after(120):
            while not (end := await self.process.stdout.readline()).startswith(b"="):
                assert end, f"the shell ended: {line}"
                printed += end.decode()
        assert end == b"=0\n", f"{line}: {printed}"
        return printed


@contextlib.asynccontextmanager
async def shell(directory: Path) -> AsyncIterator[Shell]:
    """Open a shell with the commands of the project on its path, and without any setting."""
    passwords = directory / "pgpass"
    passwords.write_text(f"*:*:*:owner:{OWNER}\n*:*:*:privacy_login:{LOGIN}\n")
    passwords.chmod(0o600)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PRIVACY_", "PG"))}
    environment |= {"PGPASSFILE": str(passwords), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        *("bash", "--norc"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=directory,
        start_new_session=True,
    )
    try:
        yield Shell(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.communicate()


async def ready(url: str, *components: str) -> None:
    """Wait until these components are ready."""
    async with httpx2.AsyncClient(verify=False) as client:
        with anyio.fail_after(120):
            while True:
                with contextlib.suppress(httpx2.HTTPError):
                    answer = (await client.get(f"{url}/readyz")).json()
                    if all(answer[component] == "ok" for component in components):
                        return
                await anyio.sleep(0.1)


class Placeholders:
    """What stands for the placeholders of the document: hosts and ports of the test, and secrets that were printed."""

    def __init__(self) -> None:
        self.ports = {"8000": str(free_port()), "9100": str(free_port())}
        self.secrets: dict[str, str] = {}

    def fill(self, line: str) -> str:
        """Return a printed line as a command."""
        command = line.partition("  #")[0].rstrip()
        for name, address in HOSTS.items():
            command = command.replace(f"@{name}/", f"@{address}:{PORT}/")
        for printed, port in self.ports.items():
            command = command.replace(f"port {printed}", f"port {port}")
        for name, secret in self.secrets.items():
            command = re.sub(rf"(?<={name}=)'(1:)?…'", shlex.quote(secret), command)
        assert "…" not in command, "the document does not say where this comes from"
        return command + (" 2>>errors.txt &" if line.startswith(PROGRAMS) else "")

    def read(self, line: str, output: str) -> None:
        """Keep the secret that a command printed."""
        if line.startswith("privacy keys new"):
            self.secrets["PRIVACY_MASTER_KEY"] = output.strip()
        elif line.startswith("privacy token issue"):
            [self.secrets["token"]] = re.findall(r"prv_[\w-]+", output)
        elif line.startswith("privacy audit key"):
            [self.secrets["PRIVACY_AUDIT_KEY"]] = re.findall(r"^PRIVACY_AUDIT_KEY=(\S+)", output, re.MULTILINE)


@pytest.mark.anyio
@pytest.mark.timeout(300)
async def test_the_first_start_works_as_printed(servers: dict[str, Cluster], tmp_path: Path) -> None:
    blocks, placeholders = printed_blocks(), Placeholders()
    assert [language for language, _ in blocks] == ["sql", "sh", "sh", "sql", "sh", "sh"]
    async with shell(tmp_path) as session:
        for language, block in blocks:
            if language == "sql":
                run_sql(servers, block)
            for line in block.splitlines() if language == "sh" else ():
                placeholders.read(line, await session.run(placeholders.fill(line)))
        url, worker_url = (f"http://127.0.0.1:{port}" for port in placeholders.ports.values())
        try:
            await ready(url, "database", "keyring")
            await ready(worker_url, "database", "keyring")
        except TimeoutError:
            raise AssertionError((tmp_path / "errors.txt").read_text()) from None
        headers = {"authorization": f"Bearer {placeholders.secrets['token']}"}
        async with httpx2.AsyncClient(verify=False, headers=headers) as client:
            answer = await client.post(f"{url}/graphql", json={"query": "{ viewer { name role } }"})
        assert answer.json() == {"data": {"viewer": {"name": "platform team", "role": "ADMIN"}}}


def run_sql(servers: dict[str, Cluster], block: str) -> None:
    """Run SQL of the administrator on both servers, and that of the owner as the owner."""
    for (host, cluster), database in zip(servers.items(), ("privacy", "keyring"), strict=True):
        statements = block.replace("CREATE DATABASE privacy", f"CREATE DATABASE {database}")
        quoted = (LOGIN if "privacy_login" in block else OWNER).replace("'", "''")
        statements = statements.replace("'…'", f"'{quoted}'")
        if "CREATE ROLE" in block:
            cluster.run("psql", "--set=ON_ERROR_STOP=1", text=statements)
        else:
            password = OWNER.replace("'", "%27").replace(" ", "%20")
            url = f"postgresql://owner:{password}@{HOSTS[host]}:{PORT}/{database}"
            cluster.run("psql", "--set=ON_ERROR_STOP=1", url, text=statements)
