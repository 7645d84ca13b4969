"""How many letters one worker sends a second to a mail server on this machine, and how its memory stays.

``python -m benchmarks.letters [COUNT]``: queues so many letters (20,000 unless told) to a thousand people, half of them
governed by a purpose, and lets one worker send them over SMTP to a sink in a process of its own. Every ten seconds
it prints the rate and the resident memory of the worker.
"""

import asyncio
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import orjson
import uvloop

import migrations
from cli.embedded import Cluster
from mailers.messages import Sender
from mailers.transports import transport_of
from models import registrations
from models.actors import Actor, Role
from models.base import new_id
from models.choices import grant
from models.consents import Channel
from models.database import Database
from models.deeds import deed
from models.keyring import Keyring
from models.letters import ADDRESS, CONTEXT
from models.masters import MasterKeys
from models.names import Name
from models.registrations import Registration
from models.seals import SubjectKey
from workers.letters import Letters
from workers.run import WRITERS

PEOPLE: Final = 1000
EVERY: Final = 10.0
"""Seconds between two lines."""
_COPIED: Final = ["subject_id", "id", "deed", "letter", "recipient", "purpose", "address", "context", "has_own_key"]
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Sink(asyncio.Protocol):
    """The least that a mail server can be: it says yes, and forgets."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""
        self._is_letter = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if self._is_letter:
                if line == b".":
                    self._is_letter = False
                    self._transport.write(b"250 taken\r\n")
            elif line == b"DATA":
                self._is_letter = True
                self._transport.write(b"354 go ahead\r\n")
            else:
                self._transport.write(b"250 yes\r\n")


async def _sink(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


async def queued(database: Database, keyring: Keyring, count: int) -> None:
    """Queue letters as deeds do, but by COPY: a million deeds are not what is measured here."""
    actor = Actor("benchmark", Role.STORE, (Role.STORE,))
    keys: list[SubjectKey] = []
    for number in range(PEOPLE):
        async with deed(database, keyring, actor, "registerSubject") as made:
            address = f"user{number}@example.com"
            keys.append(await keyring.key_of(await registrations.register(made, Registration(address))))
            await grant(made, Name.email(address), "newsletter", Channel.IMPORT, None)
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
                address = ADDRESS.seal(key, f"user{number % PEOPLE}@example.com")
                context = CONTEXT.seal(key, said[letter])
                deed_id = f"consent:{number:x}"
                rows.append(
                    (key.subject_id, new_id(), deed_id, letter, new_id(), purpose, address, context, False, at, at)
                )
            await connection.copy_records_to_table("letters", records=rows, columns=columns, timeout=300)
        await connection.execute("ANALYZE letters", timeout=300)


def _resident() -> float:
    """Give the memory of this process in use, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20


async def measured(database: Database, keyring: Keyring, port: int, count: int) -> None:
    """Send them all, and print how fast and with how much memory."""
    sender = Sender.read("Privacy <privacy@example.org>", None, "https://privacy.example.org")
    transport = transport_of(f"smtp://127.0.0.1:{port}?starttls=never", "example.org")
    letters = Letters(database, keyring, sender, transport)
    working = asyncio.create_task(letters.run())
    began = last = time.monotonic()
    used = time.process_time()
    done = 0
    print(f"{'sent':>9}  {'a second':>8}  {'memory':>8}")
    while done < count:
        await asyncio.sleep(1)
        async with database.readers.acquire() as connection:
            sent = await connection.fetchval("SELECT count(*) FROM letters WHERE state = 'SENT'", timeout=300)
        at = time.monotonic()
        if at - last >= EVERY or sent == count:
            resident = _resident()
            print(f"{sent:>9,}  {(sent - done) / (at - last):>8,.0f}  {resident:>5,.0f} MB", flush=True)
            done, last = sent, at
    seconds, processor = time.monotonic() - began, time.process_time() - used
    print(f"{count:,} letters in {seconds:,.1f} s: {count / seconds:,.0f} a second")
    print(f"processor time: {processor / count * 1000:.2f} ms a letter; load of the machine: {os.getloadavg()[0]:.1f}")
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def run(cluster: Cluster, count: int) -> None:
    """Migrate, queue, send."""
    for history in migrations.HISTORIES:
        cluster.create_database(history)
        await migrations.upgrade(history, cluster.url(history))
    database = await Database.open(
        cluster.url("privacy"), cluster.url("keyring"), readers=4, writers=WRITERS, timeout=60
    )
    keyring = Keyring(database.keyring, MasterKeys(MasterKeys.made()))
    await keyring.load()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sink = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.letters", "--sink", str(port))
    try:
        await queued(database, keyring, count)
        await measured(database, keyring, port, count)
    finally:
        sink.terminate()
        await sink.wait()
        await database.close()


def main() -> None:
    """Run the sink, or the benchmark."""
    if sys.argv[1:2] == ["--sink"]:
        asyncio.run(_sink(int(sys.argv[2])))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "postgres") as cluster:
        uvloop.run(run(cluster, count))


if __name__ == "__main__":
    main()
