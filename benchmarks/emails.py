"""How many letters one worker sends a second to a mail server on this machine, and how its memory stays.

``python -m benchmarks.emails [--queued COUNT] [--seconds SECONDS]``: queues so many letters (20,000 unless told) to a
thousand people, half of them governed by a purpose, and lets one worker send them over SMTP to a sink in a process of
its own, all of them or for so many seconds. Every ten seconds it prints the rate and the resident memory of the worker;
at the end what a letter cost each of the programs, which neighbours on the machine change less than the rate. What a
claim takes is told with the queue as full as it was and as it is.
"""

import argparse
import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import orjson
import uvloop

import migrations
from benchmarks.environment import SETTINGS
from cli.embedded import Cluster
from mailers.message import Sender
from mailers.transport_factory import create_transport_factory
from models.actors import Actor, Role
from models.consent.ledger import Channel
from models.consent.recording import grant_consent
from models.delivery.claims import CLAIM, LEASE_DURATION
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.outbox.emails import ADDRESS, CONTEXT
from models.registration import registering
from models.registration.registering import Registration
from models.storage.database import Database
from models.storage.ids import new_id
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work
from workers.email_delivery import EMAILS
from workers.email_worker import BATCH, EmailWorker
from workers.runner import WRITER_CONNECTIONS

PEOPLE: Final = 1000
EVERY: Final = 10.0
"""Seconds between two lines."""
CLAIMS: Final = 15
"""How many claims are timed; each is undone."""
_COPIED: Final = ["subject_id", "id", "deed", "letter", "recipient", "purpose", "address", "context", "has_own_key"]
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Machine(NamedTuple):
    """The programs that have a part in a letter, by the ids of their processes."""

    postmaster: int
    sink: int

    def used(self) -> dict[str, float]:
        """Give the seconds of processor time that each has used."""
        times = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        sessions = [used for parent, used, _ in times.values() if parent == self.postmaster]
        _, own, ended = times[self.postmaster]
        return {
            "the worker": times[os.getpid()][1],
            "PostgreSQL": own + ended + sum(sessions),
            "the sink": times[self.sink][1],
        }


def _stat(process: Path) -> tuple[int, float, float]:
    """Give a process's parent, the seconds that it used, and those of its children that ended."""
    try:
        fields = (process / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0, 0.0, 0.0
    own, children = (sum(map(int, fields[start : start + 2])) / _TICKS for start in (11, 13))
    return int(fields[1]), own, children


async def queued(database: Database, keyring: Keyring, count: int) -> None:
    """Queue letters as deeds do, but by COPY: a million deeds are not what is measured here."""
    actor = Actor("benchmark", Role.STORE, (Role.STORE,))
    keys: list[DataKey] = []
    for number in range(PEOPLE):
        async with unit_of_work(database, keyring, actor, "registerSubject") as made:
            address = f"user{number}@example.com"
            keys.append(await keyring.key_of(await registering.register_subject(made, Registration(address))))
            await grant_consent(made, SubjectIdentifier.email(address), "newsletter", Channel.IMPORT, None)
    said = {
        "consent_granted": orjson.dumps({"purpose": "Newsletter"}).decode(),
        "details_corrected": orjson.dumps({"changed": ["name"]}).decode(),
    }
    columns = [*_COPIED, "posted_at", "due_at"]
    async with database.writers.acquire() as connection:
        at = await connection.fetchval("SELECT clock_timestamp()")
        for start in range(0, count, 10_000):
            rows = []
            for number in range(start, min(count, start + 10_000)):
                key = keys[number % PEOPLE]
                letter, purpose = (("consent_granted", "newsletter"), ("details_corrected", None))[number % 2]
                address = ADDRESS.encrypt(key, f"user{number % PEOPLE}@example.com")
                context = CONTEXT.encrypt(key, said[letter])
                deed_id = f"consent:{number:x}"
                rows.append(
                    (key.owner_id, new_id(), deed_id, letter, new_id(), purpose, address, context, False, at, at)
                )
            await connection.copy_records_to_table("letters", records=rows, columns=columns, timeout=300)


async def claiming(database: Database) -> str:
    """Say how long claims take with the queue as it is, and how PostgreSQL goes about them; none of them stays."""
    seconds = []
    async with database.writers.acquire() as connection:
        waiting = await connection.fetchval("SELECT count(*) FROM letters WHERE state = 'QUEUED'", timeout=300)
        for _ in range(CLAIMS):
            transaction = connection.transaction()
            await transaction.start()
            began = time.perf_counter()
            await CLAIM.rows(connection, most=BATCH, lease=new_id(), lasts=LEASE_DURATION, domain="example.org")
            seconds.append(time.perf_counter() - began)
            await transaction.rollback()
        plan = await connection.fetch(f"EXPLAIN {CLAIM.sql}", BATCH, new_id(), LEASE_DURATION, "example.org")
    steps = [row[0].strip(" ->").partition("  (")[0] for row in plan if "(cost=" in row[0]]
    return (
        f"{BATCH} of {waiting:,} are claimed in {statistics.median(seconds) * 1000:.1f} ms at the median, "
        f"{max(seconds) * 1000:.1f} ms at most:\n  {'; '.join(steps)}"
    )


def _resident() -> float:
    """Give the memory of this process in use, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20


def _sent() -> int:
    samples = [sample for metric in EMAILS.collect() for sample in metric.samples]
    return int(sum(each.value for each in samples if each.name.endswith("_total") and each.labels["state"] == "SENT"))


async def measured(letters: EmailWorker, machine: Machine, count: int, limit: float) -> None:
    """Send them all, or for as long as the limit says, and print how fast and with how much memory."""
    before = machine.used()
    working = asyncio.create_task(letters.run())
    began = last = time.monotonic()
    done = 0
    print(f"{'sent':>9}  {'a second':>8}  {'memory':>8}\n{0:>9}  {'':>8}  {_resident():>5,.0f} MB", flush=True)
    while done < count and last - began < limit:
        while (sent := _sent()) < count and time.monotonic() < min(last + EVERY, began + limit):  # noqa: ASYNC110 -- no event
            await asyncio.sleep(0.2)
        at = time.monotonic()
        print(f"{sent:>9,}  {(sent - done) / (at - last):>8,.0f}  {_resident():>5,.0f} MB", flush=True)
        done, last = sent, at
    used = {name: (seconds - before[name]) / done * 1000 for name, seconds in machine.used().items()}
    print(f"{done:,} letters in {last - began:,.1f} s: {done / (last - began):,.0f} a second")
    print("processor time a letter: " + ", ".join(f"{each:.2f} ms for {name}" for name, each in used.items()))
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def run(cluster: Cluster, count: int, limit: float) -> None:
    """Migrate, queue, send."""
    for history in migrations.HISTORIES:
        cluster.create_database(history)
        await migrations.upgrade(history, cluster.url(history))
    database = await Database.open(
        cluster.url("privacy"), cluster.url("keyring"), readers=4, writers=WRITER_CONNECTIONS, timeout=60
    )
    keyring = Keyring(database.keyring, MasterKeys(MasterKeys.generate()))
    await keyring.load()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sink = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.smtp_sink", str(port))
    sender = Sender.read("Privacy <privacy@example.org>", None, "https://privacy.example.org")
    transport = create_transport_factory(f"smtp://127.0.0.1:{port}?starttls=never", "example.org")
    try:
        began = time.monotonic()
        await queued(database, keyring, count)
        print(f"{count:,} letters queued in {time.monotonic() - began:,.0f} s")
        print(await claiming(database))
        async with database.writers.acquire() as connection:
            session = await connection.fetchval("SELECT pg_backend_pid()")
        machine = Machine(_stat(Path(f"/proc/{session}"))[0], sink.pid)
        await measured(EmailWorker(database, keyring, sender, transport), machine, count, limit)
        print(await claiming(database))
    finally:
        sink.terminate()
        await sink.wait()
        await database.close()


def main() -> None:
    """Read what is asked for, and measure it on a PostgreSQL of its own."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--queued", type=int, default=20_000, help="how many letters wait at the beginning")
    asked.add_argument("--seconds", type=float, default=float("inf"), help="how long to send; until all are sent")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "postgres", settings=SETTINGS) as cluster:
        uvloop.run(run(cluster, given.queued, given.seconds))


if __name__ == "__main__":
    main()
