"""Where the benchmarks run: one PostgreSQL, the people in it twice, and two cores, one for the server under test."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg
from rich.console import Console

from benchmarks import peer_tables
from cli.embedded import Cluster
from migrations import head
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys

ROOT = Path(__file__).parent.parent
HOME = ROOT / "var" / "bench"
SETTINGS = {"max_connections": "300", "shared_buffers": "3GB", "max_wal_size": "8GB"}
"""Everything else is as embedded by default: fsync and synchronous_commit are on."""
CORES = sorted(os.sched_getaffinity(0))
"""All that we may use, asked before this process keeps to some of them."""
ROLES = ("STORE", "SUPPORT")
console = Console(stderr=True, highlight=False)


def cores() -> tuple[set[int], set[int]]:
    """Give the core of the server under test, and those of PostgreSQL and the load."""
    first, *others = CORES
    return {first}, set(others) or {first}


class Place(NamedTuple):
    """The databases of one size, and what opens them."""

    cluster: Cluster
    subjects: int
    master_key: str

    @property
    def environment(self) -> dict[str, str]:
        """Give the environment of our service."""
        return os.environ | {
            "PRIVACY_DATABASE_URL": self.cluster.url(f"privacy_{self.subjects}"),
            "PRIVACY_KEYRING_URL": self.cluster.url(f"keyring_{self.subjects}"),
            "PRIVACY_MASTER_KEY": self.master_key,
            "PRIVACY_ENVIRONMENT": "development",
        }

    @property
    def peers_environment(self) -> dict[str, str]:
        """Give the environment of a peer."""
        sockets = (self.cluster.directory / "socket").resolve()
        return os.environ | {"PEER_SOCKET": str(sockets), "PEER_DATABASE": f"plain_{self.subjects}"}

    def command(self, *arguments: str) -> str:
        """Run a command of ours on the databases; give what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def token(self, role: str) -> str:
        """Give a new token."""
        name = f"benchmark {role.lower()}"
        return self.command("token", "issue", "--name", name, "--role", role).split()[-1]

    def rows(self, database: str, sql: str, *values: object) -> list[asyncpg.Record]:
        """Read from the first database, or from the plain one."""

        async def read() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.cluster.url(f"{database}_{self.subjects}"))
            try:
                found: list[asyncpg.Record] = await connection.fetch(sql, *values)
                return found
            finally:
                await connection.close()

        return asyncio.run(read())


@contextmanager
def started() -> Iterator[Cluster]:
    """Run PostgreSQL, and all that this process starts, on the cores of the load."""
    os.sched_setaffinity(0, cores()[1])
    HOME.mkdir(parents=True, exist_ok=True)
    with Cluster(HOME, settings=SETTINGS) as cluster:
        yield cluster


def populated(cluster: Cluster, subjects: int) -> Place:
    """Give the databases with that many people, made once and kept for as long as the migrations stay the same."""
    mark = HOME / f"people_{subjects}.json"
    made = {"privacy": head("privacy"), "keyring": head("keyring"), "plain": peer_tables.TABLES + peer_tables.DECISION}
    if mark.exists():
        known = json.loads(mark.read_text())
        if known["made"] == made:
            return Place(cluster, subjects, known["master_key"])
    mark.unlink(missing_ok=True)
    place = Place(cluster, subjects, MasterKeys.generate())
    for kind in ("privacy", "keyring", "plain"):
        cluster.run("dropdb", "--if-exists", "--force", f"{kind}_{subjects}")
        cluster.create_database(f"{kind}_{subjects}")
    place.command("migrate")
    place.command("seed", "--subjects", str(subjects))
    console.print(f"Copying {subjects:,} people for the peers ...")
    asyncio.run(_copied(place))
    for kind in ("privacy", "keyring", "plain"):
        cluster.run("psql", "--quiet", "--dbname", f"{kind}_{subjects}", "--command", "VACUUM (ANALYZE, FREEZE)")
    cluster.run("psql", "--quiet", "--command", "CHECKPOINT")
    mark.write_text(json.dumps({"made": made, "master_key": place.master_key}))
    return place


async def _copied(place: Place) -> None:
    source = await asyncpg.create_pool(place.cluster.url(f"privacy_{place.subjects}"), min_size=1, max_size=1)
    keys = await asyncpg.create_pool(place.cluster.url(f"keyring_{place.subjects}"), min_size=1, max_size=1)
    async with source, keys:
        await peer_tables.copy(
            source, Keyring(keys, MasterKeys(place.master_key)), place.cluster.url(f"plain_{place.subjects}")
        )


def pinned(command: Sequence[str]) -> list[str]:
    """Give the command on the core of the server under test."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(cores()[0]))), *command]
