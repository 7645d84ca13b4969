"""People of the benchmarks of ``benchmarks.keeping``, written with COPY, in databases that are dropped afterwards.

They are like those of `privacy seed`, with the rows that the measured work reads: an encrypted address, six choices,
and two sync accounts with a client each, with its blind indexes. Triggers and foreign keys are off meanwhile.
"""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import cache, partial
from typing import Any, Final, NamedTuple

from benchmarks.environment import console, run_postgresql
from benchmarks.erasure_databases import cluster_urls
from cli.embedded import Cluster
from cli.seed import PLATFORMS, PURPOSES
from models.consent.stored_choices import StoredChoice, encode_all
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.outbox.emails import SUBJECT_ADDRESS
from models.payments.fragments import EXPIRY_MONTH, EXPIRY_YEAR
from models.storage.clock import now
from models.storage.database import Database
from models.storage.ids import new_id
from models.storage.statement import Connection
from models.sync.accounts import APP, PLATFORM, VERSION
from models.sync.client_indexes import ClientIndex, index_client

NAMES: Final = "keeping_benchmark", "keeping_benchmark_keyring"
BATCH: Final = 10_000
WITHOUT_TRIGGERS: Final = "SET session_replication_role = replica"
POLICY_VERSION: Final = "2018-05-24"
COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "subjects": ("id", "registered_at", "regime", "choices"),
    "email_addresses": ("subject_id", "id", "address", "lookup_version", "lookup_hash", "is_primary", "added_at"),
    "sync_accounts": (
        *("subject_id", "id", "reference", "lookup_version", "lookup_hash"),
        *("storage_bytes", "file_count", "last_synced_at"),
    ),
    "sync_clients": (
        *("subject_id", "sync_account_id", "lookup_hash"),
        *("app", "version", "platform", "user_agent", "last_seen_at"),
        *ClientIndex._fields,
    ),
    "payment_fragments": (
        *("subject_id", "id", "reference", "lookup_version", "lookup_hash"),
        *("last_digits", "expiry_month", "expiry_year", "stored_at"),
    ),
}
Rows = dict[str, list[tuple[Any, ...]]]
IndexClient = Callable[[str, str, str], ClientIndex]


class KeepingDatabases(NamedTuple):
    """The databases of one measure."""

    cluster: Cluster
    environment: dict[str, str]

    def command(self, *arguments: str) -> str:
        """Run a `privacy` command on the databases; return its output."""
        command = [sys.executable, "-m", "cli", *arguments]
        return subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=True).stdout

    def execute(self, *statements: str) -> str:
        """Run SQL statements as the owner of the database; return what they print."""
        words = [word for statement in statements for word in ("-c", statement)]
        return self.cluster.run("psql", "-q", "-At", "--set=ON_ERROR_STOP=1", "-d", NAMES[0], *words)


@contextmanager
def run_databases(people: int) -> Iterator[KeepingDatabases]:
    """Yield databases with this number of people, and drop them afterwards."""
    with run_postgresql() as cluster:
        for name in NAMES:
            cluster.run("dropdb", "--if-exists", "--force", name)
            cluster.create_database(name)
        environment = os.environ | {
            "PRIVACY_DATABASE_URL": cluster.url(NAMES[0]),
            "PRIVACY_KEYRING_URL": cluster.url(NAMES[1]),
            "PRIVACY_MASTER_KEY": MasterKeys.generate(),
            "PRIVACY_ENVIRONMENT": "development",
            "PRIVACY_LOG_REQUESTS": "false",
        }
        databases = KeepingDatabases(cluster, environment)
        try:
            databases.command("migrate")
            console.print(f"Copying {people:,} people ...")
            asyncio.run(_copy_people(environment, people))
            for name in NAMES:
                cluster.run("psql", "-q", "-d", name, "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT")
            yield databases
        finally:
            for name in NAMES:
                cluster.run("dropdb", "--force", name)


@asynccontextmanager
async def open_databases(environment: Mapping[str, str], timeout: float) -> AsyncIterator[tuple[Database, Keyring]]:  # noqa: ASYNC109 -- of each statement
    """Open both databases in this process, with as many connections as `privacy work` has."""
    database = await Database.open(*cluster_urls(dict(environment)), readers=2, writers=4, timeout=timeout)
    try:
        keyring = Keyring(database.keyring, MasterKeys(environment["PRIVACY_MASTER_KEY"]))
        await keyring.load()
        yield database, keyring
    finally:
        await database.close()


async def copy_rows(connection: Connection, rows: Rows, columns: Mapping[str, Sequence[str]] = COLUMNS) -> None:
    """Copy rows into their tables."""
    for table, records in rows.items():
        await connection.copy_records_to_table(table, records=records, columns=list(columns[table]))


async def _copy_people(environment: Mapping[str, str], count: int) -> None:
    rng = random.Random(1)
    async with open_databases(environment, 300) as (database, keyring), database.writers.acquire() as connection:
        indexed = cache(partial(index_client, keyring))
        await connection.execute(WITHOUT_TRIGGERS)
        for start in range(0, count, BATCH):
            keys = await keyring.create_many([new_id() for _ in range(min(BATCH, count - start))])
            rows: Rows = {table: [] for table in COLUMNS if table != "payment_fragments"}
            for key in keys.values():
                _add_person(rows, key, indexed, rng)
            await copy_rows(connection, rows)


def _add_person(rows: Rows, key: DataKey, indexed: IndexClient, rng: random.Random) -> None:
    subject_id, at = key.owner_id, now() - timedelta(days=rng.randrange(1, 700))
    choices = {
        purpose: StoredChoice(("WITHDRAWN", "GRANTED")[rng.random() < 0.75], at, "WEBSITE", POLICY_VERSION)
        for purpose in PURPOSES
    }
    rows["subjects"].append((subject_id, at, "GDPR", encode_all(choices)))
    address = SUBJECT_ADDRESS.encrypt(key, f"{subject_id.hex}@example.com")
    rows["email_addresses"].append((subject_id, new_id(), address, 1, rng.randbytes(32), True, at))
    for _ in range(2):
        account_id, seen_at = new_id(), now() - timedelta(days=rng.randrange(20))
        rows["sync_accounts"].append(
            (subject_id, account_id, b"", 1, rng.randbytes(32), rng.randrange(2**34), 10, seen_at)
        )
        texts = "Planner", f"4.{rng.randrange(10)}", rng.choice(PLATFORMS)
        encrypted = (column.encrypt(key, text) for column, text in zip((APP, VERSION, PLATFORM), texts, strict=True))
        rows["sync_clients"].append(
            (subject_id, account_id, rng.randbytes(32), *encrypted, b"", seen_at, *indexed(*texts))
        )


async def copy_fragments(environment: Mapping[str, str], count: int) -> None:
    """Copy payment fragments of all people, stored three years ago. The card of each hundredth expired long ago."""
    async with open_databases(environment, 300) as (database, keyring), database.writers.acquire() as connection:
        ids = [row[0] for row in await connection.fetch("SELECT id FROM subjects ORDER BY id")]
        async with keyring.pool.acquire() as keyring_connection:
            keys = await keyring.of_subjects(keyring_connection, ids)
        await connection.execute(WITHOUT_TRIGGERS)
        stored_at = now() - timedelta(days=3 * 365)
        for start in range(0, count, BATCH):
            rows = []
            for number in range(start, min(start + BATCH, count)):
                subject_id = ids[number % len(ids)]
                key = keys[subject_id]
                assert key
                year = now().year + (-4 if number % 100 == 0 else 1)
                expiry = EXPIRY_MONTH.encrypt(key, "12"), EXPIRY_YEAR.encrypt(key, str(year))
                rows.append(
                    (subject_id, new_id(), b"", 1, random.randbytes(32), random.randbytes(33), *expiry, stored_at)
                )
            await copy_rows(connection, {"payment_fragments": rows})
        await connection.execute("ANALYZE payment_fragments")
