"""The benchmark environment: one PostgreSQL, two copies of the people, and a core for the server under test."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

import asyncpg
from rich.console import Console

from benchmarks import lean_tables, peer_tables
from cli.embedded import Cluster
from migrations import head
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys

ROOT = Path(__file__).parent.parent
DATA_DIRECTORY = ROOT / "var" / "bench"
SETTINGS = {"max_connections": "300", "shared_buffers": "3GB", "max_wal_size": "8GB"}
"""All other settings are those of the embedded PostgreSQL: fsync and synchronous_commit are on."""
CORES = sorted(os.sched_getaffinity(0))
"""The cores that this process may use, before it limits itself to some of them."""
ROLES = ("STORE", "SUPPORT")
console = Console(stderr=True, highlight=False)


def core_sets() -> tuple[set[int], set[int]]:
    """Return the core of the server under test, and the cores of PostgreSQL and the load generator."""
    first, *others = CORES
    return {first}, set(others) or {first}


class BenchmarkDatabases(NamedTuple):
    """The databases with a number of people, and their master key."""

    cluster: Cluster
    subjects: int
    master_key: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables of this service."""
        return os.environ | {
            "PRIVACY_DATABASE_URL": self.cluster.url(f"privacy_{self.subjects}"),
            "PRIVACY_KEYRING_URL": self.cluster.url(f"keyring_{self.subjects}"),
            "PRIVACY_MASTER_KEY": self.master_key,
            "PRIVACY_ENVIRONMENT": "development",
            "PRIVACY_TOKEN_RATES": "SUPPORT=0,BILLING=0,PRIVACY=0",
        }

    @property
    def peers_environment(self) -> dict[str, str]:
        """Return the environment variables of a peer."""
        sockets = (self.cluster.directory / "socket").resolve()
        return os.environ | {"PEER_SOCKET": str(sockets), "PEER_DATABASE": f"plain_{self.subjects}"}

    def command(self, *arguments: str) -> str:
        """Run a `privacy` command on the databases; return its output."""
        process = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return process.stdout

    def token(self, role: str) -> str:
        """Issue a token for a role; return its secret."""
        name = f"benchmark {role.lower()} {token_hex(4)}"  # the tokens of earlier runs live on with their databases
        return self.command("token", "issue", "--name", name, "--role", role).split()[-1]

    def rows(self, database: str, sql: str, *values: object) -> list[asyncpg.Record]:
        """Fetch rows from the main database (privacy) or from the unencrypted one (plain)."""

        async def read() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.cluster.url(f"{database}_{self.subjects}"))
            try:
                rows: list[asyncpg.Record] = await connection.fetch(sql, *values)
                return rows
            finally:
                await connection.close()

        return asyncio.run(read())


@contextmanager
def run_postgresql() -> Iterator[Cluster]:
    """Run PostgreSQL on the cores of the load generator; child processes inherit these cores."""
    os.sched_setaffinity(0, core_sets()[1])
    DATA_DIRECTORY.mkdir(parents=True, exist_ok=True)
    with Cluster(DATA_DIRECTORY, settings=SETTINGS) as cluster:
        yield cluster


def create_databases(cluster: Cluster, subjects: int) -> BenchmarkDatabases:
    """Return databases with this number of people; reuse existing ones while the migrations are the same."""
    mark = DATA_DIRECTORY / f"people_{subjects}.json"
    versions = {
        "privacy": head("privacy"),
        "keyring": head("keyring"),
        "plain": peer_tables.TABLES + peer_tables.DECISION + lean_tables.TABLES,
    }
    if mark.exists():
        stored = json.loads(mark.read_text())
        if stored["made"] == versions:
            return BenchmarkDatabases(cluster, subjects, stored["master_key"])
    mark.unlink(missing_ok=True)
    databases = BenchmarkDatabases(cluster, subjects, MasterKeys.generate())
    for kind in ("privacy", "keyring", "plain"):
        cluster.run("dropdb", "--if-exists", "--force", f"{kind}_{subjects}")
        cluster.create_database(f"{kind}_{subjects}")
    databases.command("migrate")
    databases.command("seed", "--subjects", str(subjects))
    console.print(f"Copying {subjects:,} people for the peers ...")
    asyncio.run(_copy_people(databases))
    for kind in ("privacy", "keyring", "plain"):
        cluster.run("psql", "--quiet", "--dbname", f"{kind}_{subjects}", "--command", "VACUUM (ANALYZE, FREEZE)")
    cluster.run("psql", "--quiet", "--command", "CHECKPOINT")
    mark.write_text(json.dumps({"made": versions, "master_key": databases.master_key}))
    return databases


async def _copy_people(databases: BenchmarkDatabases) -> None:
    source = await asyncpg.create_pool(databases.cluster.url(f"privacy_{databases.subjects}"), min_size=1, max_size=1)
    keys = await asyncpg.create_pool(databases.cluster.url(f"keyring_{databases.subjects}"), min_size=1, max_size=1)
    async with source, keys:
        await peer_tables.copy_people(
            source,
            Keyring(keys, MasterKeys(databases.master_key)),
            databases.cluster.url(f"plain_{databases.subjects}"),
        )


def pin_to_server_core(command: Sequence[str]) -> list[str]:
    """Return the command that runs on the core of the server under test."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(core_sets()[0]))), *command]
