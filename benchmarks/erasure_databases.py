"""The databases of the erasure benchmark, with a number of seeded people."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from cli.embedded import Cluster
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database


class ErasureDatabases(NamedTuple):
    """The databases with a number of people."""

    environment: dict[str, str]
    database: Database
    keyring: Keyring


@asynccontextmanager
async def seeded_databases(cluster: Cluster, size: int) -> AsyncIterator[ErasureDatabases]:
    names = f"privacy_{size}", f"keyring_{size}"
    for name in names:
        cluster.create_database(name)
    settings = {
        "PRIVACY_DATABASE_URL": cluster.url(names[0]),
        "PRIVACY_KEYRING_URL": cluster.url(names[1]),
        "PRIVACY_MASTER_KEY": MasterKeys.generate(),
        "PRIVACY_ENVIRONMENT": "development",
        "PRIVACY_LOG_REQUESTS": "false",
    }
    environment = os.environ | settings
    for command in (["migrate"], ["seed", "--subjects", str(size)]):
        await asyncio.to_thread(_run, [sys.executable, "-m", "cli", *command], environment)
    # Otherwise autovacuum and a checkpoint would run during the measurement.
    for name in names:
        cluster.run("psql", "-d", name, "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT")
    database = await Database.open(*cluster_urls(settings), readers=4, writers=10, timeout=60)
    keyring = Keyring(database.keyring, MasterKeys(settings["PRIVACY_MASTER_KEY"]))
    await keyring.load()
    try:
        yield ErasureDatabases(environment, database, keyring)
    finally:
        await database.close()


def _run(command: list[str], environment: dict[str, str]) -> None:
    """Run a command without its standard output, which is reserved for the results."""
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def cluster_urls(environment: dict[str, str]) -> tuple[str, str]:
    return environment["PRIVACY_DATABASE_URL"], environment["PRIVACY_KEYRING_URL"]
