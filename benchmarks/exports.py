"""Measure the export of one person: 5,000 files, 500 consent events and three parts of 20 MB, and kill its builder.

The builder is a process of its own, so that its memory is measured alone. It is killed with SIGKILL at random moments
first; after each, no text of the parts may be readable in the files of PostgreSQL or in temporary files.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from benchmarks.environment import DATA_DIRECTORY, console, run_postgresql
from benchmarks.erasure_databases import cluster_urls
from cli.embedded import Cluster
from models.actors import Actor, Role
from models.consent import opt_outs, recording
from models.consent.ledger import Channel
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.exports import handing_in, steps
from models.registration import registering
from models.registration.registering import Registration
from models.requests import opening
from models.requests.opening import RequestOptions
from models.requests.states import RequestKind
from models.requests.vocabulary import IdentityCheck
from models.storage.clock import now
from models.storage.database import Database
from models.subjects.identifiers import SubjectIdentifier
from models.sync import reports
from models.sync.file_lists import FileReport
from models.sync.reports import SyncReport
from models.unit_of_work import unit_of_work
from workers.export_worker import ExportWorker

NAMES = "export_benchmark", "export_benchmark_keyring"
ADA = SubjectIdentifier.email("ada@example.com")
SYSTEMS = ("forum", "store", "sync")
WORD = "readable-word-of-a-part"
FILES, CHOICES = 5_000, 500


def actor(role: Role, system: str | None = None) -> Actor:
    return Actor("benchmark", role, (role,), "case/1", system=system)


@asynccontextmanager
async def databases(environment: Mapping[str, str]) -> AsyncIterator[tuple[Database, Keyring]]:
    database = await Database.open(*cluster_urls(dict(environment)), readers=4, writers=6, timeout=60)
    try:
        keyring = Keyring(database.keyring, MasterKeys(environment["PRIVACY_MASTER_KEY"]))
        await keyring.load()
        yield database, keyring
    finally:
        await database.close()


def worker(database: Database, keyring: Keyring) -> ExportWorker:
    controller = {"name": "Example", "contact": "privacy@example.com"}
    return ExportWorker(database, keyring, issuer="https://privacy.example.com", controller=controller)


async def prepare(environment: Mapping[str, str], megabytes: int) -> None:
    """Register a person with data, request an export, and hand in the part of each system."""
    async with databases(environment) as (database, keyring):
        for system in SYSTEMS:
            async with unit_of_work(database, keyring, actor(Role.STORE), "register") as unit:
                account = (system, f"ada-{system}")
                await registering.register_or_complete(unit, Registration("ada@example.com", account=account))
        for start in range(0, FILES, 1000):
            files = [FileReport(f"Diary {number}.txt", number, now()) for number in range(start, start + 1000)]
            report = SyncReport(f"vault-{start}", FILES, len(files), now(), None, files)
            async with unit_of_work(database, keyring, actor(Role.SYNC), "sync") as unit:
                await reports.record_sync(unit, ADA, report)
        for number in range(CHOICES):
            async with unit_of_work(database, keyring, actor(Role.STORE), "choice") as unit:
                if number % 2:
                    await opt_outs.opt_out(unit, ADA, ["newsletter"], Channel.STORE)
                else:
                    await recording.grant_consent(unit, ADA, "newsletter", Channel.STORE, None)
        options = RequestOptions(RequestKind.ACCESS, Channel.SUPPORT, IdentityCheck.ATTESTED)
        async with unit_of_work(database, keyring, actor(Role.SUPPORT), "open") as unit:
            request_id = await opening.open_request(unit, ADA, options)
        await worker(database, keyring).drain()
        async with database.readers.acquire() as connection:
            own_steps = (await steps.of_requests(connection, [request_id]))[request_id]
        for step in own_steps:
            await hand_in(database, keyring, step.system, step.id, megabytes)


async def hand_in(database: Database, keyring: Keyring, system: str, step_id: UUID, megabytes: int) -> None:
    record = json.dumps({"order": "A-12", "note": f"{WORD} " * 20, "count": 3}).encode()

    async def content() -> AsyncIterator[bytes]:
        yield b"[" + record
        block = b"".join(b"," + record for _ in range(200))
        for _ in range(megabytes * 1_000_000 // len(block)):
            yield block
        yield b"]"

    await handing_in.hand_in_part(database, keyring, actor(Role.SERVICE, system), step_id, content())


def peak_mebibytes() -> float:
    """Return the most memory that this process had; that of getrusage includes the process which started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def build(environment: Mapping[str, str]) -> None:
    """Build the export in this process, and print the seconds and the mebibytes that it took."""
    async with databases(environment) as (database, keyring):
        print("building", flush=True)
        started_at = time.perf_counter()
        assert await worker(database, keyring).drain() == 1
        print(json.dumps({"seconds": time.perf_counter() - started_at, "mebibytes": peak_mebibytes()}), flush=True)


def start_builder(environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    builder = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.exports", "--build"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert builder.stdout
    assert builder.stdout.readline().strip() == "building"
    return builder


def readable_places(directories: list[Path], since: float) -> list[Path]:
    """Return the files in which a word of the parts stands, of those that changed since the parts were handed in."""
    places = []
    # Unlike Path.rglob, os.walk passes over folders that other programs remove meanwhile.
    for path in (
        Path(folder) / name for directory in directories for folder, _, names in os.walk(directory) for name in names
    ):
        try:
            if path.is_file() and path.stat().st_mtime >= since and WORD.encode() in path.read_bytes():
                places.append(path)
        except OSError:
            continue
    return places


def kill_builders(cluster: Cluster, environment: Mapping[str, str], kills: int, since: float) -> None:
    rng = random.Random(1)
    for _ in range(kills):
        builder = start_builder(environment)
        time.sleep(rng.uniform(0.05, 1))  # a whole build takes longer
        builder.kill()
        builder.wait()
        cluster.run("psql", "-d", NAMES[0], "-c", "UPDATE exports SET claimed_until = NULL", "-c", "CHECKPOINT")
        places = readable_places([DATA_DIRECTORY, Path(tempfile.gettempdir())], since)
        assert not places, places


def measure(kills: int, megabytes: int) -> None:
    with run_postgresql() as cluster:
        for name in NAMES:
            cluster.run("dropdb", "--if-exists", "--force", name)
            cluster.create_database(name)
        environment = os.environ | {
            "PRIVACY_DATABASE_URL": cluster.url(NAMES[0]),
            "PRIVACY_KEYRING_URL": cluster.url(NAMES[1]),
            "PRIVACY_MASTER_KEY": MasterKeys.generate(),
            "PRIVACY_ENVIRONMENT": "development",
        }
        subprocess.run([sys.executable, "-m", "cli", "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
        since = time.time()
        started_at = time.perf_counter()
        asyncio.run(prepare(environment, megabytes))
        console.print(f"prepared in {timedelta(seconds=round(time.perf_counter() - started_at))}")
        kill_builders(cluster, environment, kills, since)
        console.print(f"{kills} builders killed: no readable text of a part")
        builder = start_builder(environment)
        assert builder.stdout
        *_, last = builder.stdout.read().splitlines()  # log lines come before it
        builder.wait()
        result = json.loads(last)
        console.print(f"built in {result['seconds']:.1f} s with {result['mebibytes']:.0f} MiB")
        assert not readable_places([DATA_DIRECTORY, Path(tempfile.gettempdir())], since)
        for name in NAMES:
            cluster.run("dropdb", "--force", name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports", description=__doc__)
    parser.add_argument("--build", action="store_true", help="Build the export; the benchmark starts this itself.")
    parser.add_argument("--kills", type=int, default=8, help="Builders that are killed.")
    parser.add_argument("--megabytes", type=int, default=20, help="The size of each part.")
    options = parser.parse_args()
    if options.build:
        asyncio.run(build(os.environ))
    else:
        measure(options.kills, options.megabytes)


if __name__ == "__main__":
    main()
