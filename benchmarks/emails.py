"""Measure the rate and the memory of one email worker: ``python -m benchmarks.emails [--queued N] [--seconds N]``.

The benchmark enqueues emails to a thousand people, half of them with a purpose. One worker sends them over SMTP to a
sink in another process, until all are sent or the time is over. Every ten seconds it prints the rate and the resident
memory of the worker. At the end it prints the processor time for each email, which other load changes less than
the rate. It also prints the duration of a claim with the full queue and with the remaining queue.
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
REPORT_INTERVAL: Final = 10.0
"""Seconds between two printed lines."""
CLAIM_COUNT: Final = 15
"""Number of measured claims; each is rolled back."""
_COPIED: Final = ["subject_id", "id", "deed", "letter", "recipient", "purpose", "address", "context", "has_own_key"]
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class ProcessTimes(NamedTuple):
    """The process ids of the programs that take part in sending an email."""

    postmaster: int
    sink: int

    def used(self) -> dict[str, float]:
        """Return the processor time of each program in seconds."""
        times = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        sessions = [used for parent, used, _ in times.values() if parent == self.postmaster]
        _, own, ended = times[self.postmaster]
        return {
            "the worker": times[os.getpid()][1],
            "PostgreSQL": own + ended + sum(sessions),
            "the sink": times[self.sink][1],
        }


def _stat(process: Path) -> tuple[int, float, float]:
    """Return the parent of a process, its processor time in seconds, and that of its ended children."""
    try:
        fields = (process / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0, 0.0, 0.0
    own, children = (sum(map(int, fields[start : start + 2])) / _TICKS for start in (11, 13))
    return int(fields[1]), own, children


async def queue_emails(database: Database, keyring: Keyring, count: int) -> None:
    """Enqueue emails with COPY instead of units of work, whose time is not measured here."""
    actor = Actor("benchmark", Role.STORE, (Role.STORE,))
    keys: list[DataKey] = []
    for number in range(PEOPLE):
        async with unit_of_work(database, keyring, actor, "registerSubject") as unit:
            address = f"user{number}@example.com"
            keys.append(await keyring.key_of(await registering.register_or_complete(unit, Registration(address))))
            await grant_consent(unit, SubjectIdentifier.email(address), "newsletter", Channel.SCRIPT, None)
    contexts = {
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
                encrypted_address = ADDRESS.encrypt(key, f"user{number % PEOPLE}@example.com")
                context = CONTEXT.encrypt(key, contexts[letter])
                cause_id = f"consent:{number:x}"
                rows.append(
                    (
                        key.owner_id,
                        new_id(),
                        cause_id,
                        letter,
                        new_id(),
                        purpose,
                        encrypted_address,
                        context,
                        False,
                        at,
                        at,
                    )
                )
            await connection.copy_records_to_table("letters", records=rows, columns=columns, timeout=300)


async def measure_claims(database: Database) -> str:
    """Return the duration of claims and their query plan with the present queue; roll back each claim."""
    seconds = []
    async with database.writers.acquire() as connection:
        waiting = await connection.fetchval("SELECT count(*) FROM letters WHERE state = 'QUEUED'", timeout=300)
        for _ in range(CLAIM_COUNT):
            transaction = connection.transaction()
            await transaction.start()
            started_at = time.perf_counter()
            await CLAIM.rows(connection, most=BATCH, lease=new_id(), lasts=LEASE_DURATION, domain="example.org")
            seconds.append(time.perf_counter() - started_at)
            await transaction.rollback()
        plan = await connection.fetch(f"EXPLAIN {CLAIM.sql}", BATCH, new_id(), LEASE_DURATION, "example.org")
    steps = [row[0].strip(" ->").partition("  (")[0] for row in plan if "(cost=" in row[0]]
    return (
        f"{BATCH} of {waiting:,} are claimed in {statistics.median(seconds) * 1000:.1f} ms at the median, "
        f"{max(seconds) * 1000:.1f} ms at most:\n  {'; '.join(steps)}"
    )


def _resident_mebibytes() -> float:
    """Return the resident memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20


def _sent_count() -> int:
    samples = [sample for metric in EMAILS.collect() for sample in metric.samples]
    return int(sum(each.value for each in samples if each.name.endswith("_total") and each.labels["state"] == "SENT"))


async def measure_sending(letters: EmailWorker, processes: ProcessTimes, count: int, limit: float) -> None:
    """Send all emails, or for ``limit`` seconds; print the rate and the memory."""
    before = processes.used()
    working = asyncio.create_task(letters.run())
    started_at = last = time.monotonic()
    done = 0
    print(
        f"{'sent':>9}  {'a second':>8}  {'memory':>8}\n{0:>9}  {'':>8}  {_resident_mebibytes():>5,.0f} MB", flush=True
    )
    while done < count and last - started_at < limit:
        while (sent := _sent_count()) < count and time.monotonic() < min(last + REPORT_INTERVAL, started_at + limit):  # noqa: ASYNC110 -- no event
            await asyncio.sleep(0.2)
        at = time.monotonic()
        print(f"{sent:>9,}  {(sent - done) / (at - last):>8,.0f}  {_resident_mebibytes():>5,.0f} MB", flush=True)
        done, last = sent, at
    used = {name: (seconds - before[name]) / done * 1000 for name, seconds in processes.used().items()}
    print(f"{done:,} letters in {last - started_at:,.1f} s: {done / (last - started_at):,.0f} a second")
    print("processor time a letter: " + ", ".join(f"{each:.2f} ms for {name}" for name, each in used.items()))
    print(f"load of the processes: {os.getloadavg()[0]:.1f}")
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def run(cluster: Cluster, count: int, limit: float) -> None:
    """Migrate the databases, enqueue the emails, and measure claims and sending."""
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
        started_at = time.monotonic()
        await queue_emails(database, keyring, count)
        print(f"{count:,} letters queued in {time.monotonic() - started_at:,.0f} s")
        print(await measure_claims(database))
        async with database.writers.acquire() as connection:
            session = await connection.fetchval("SELECT pg_backend_pid()")
        processes = ProcessTimes(_stat(Path(f"/proc/{session}"))[0], sink.pid)
        await measure_sending(EmailWorker(database, keyring, sender, transport), processes, count, limit)
        print(await measure_claims(database))
    finally:
        sink.terminate()
        await sink.wait()
        await database.close()


def main() -> None:
    """Parse the options, and run the benchmark on a temporary PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queued", type=int, default=20_000, help="emails in the queue at the start")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="seconds to send; by default until all emails are sent"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "postgres", settings=SETTINGS) as cluster:
        uvloop.run(run(cluster, options.queued, options.seconds))


if __name__ == "__main__":
    main()
