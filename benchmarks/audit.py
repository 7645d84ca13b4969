"""Measure how fast audit segments are sealed and verified, and how far sealing lags under load."""

import argparse
import asyncio
import time

import migrations
from benchmarks.environment import console, run_postgresql
from models.actors import Actor, Role
from models.audit import events as audit_events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.audit.sealing import seal_segment
from models.audit.segments import SegmentSigner, TrustedKeys
from models.audit.verification import Verifier
from models.storage.database import Database
from models.storage.ids import new_id
from workers.audit_sealer import AuditSealer

NAME = "audit_benchmark"
AGENT = Actor("an agent", Role.SUPPORT, (Role.SUPPORT,), "case/1")
FIELDS = ("EmailAddress.address", "Subject.country", "Subject.displayName", "Subject.emails")
READ_TEMPLATE = EventTemplate(AGENT, AccessAction.READ, FIELDS, "Page", bytes(32))
TICK = 0.02
"""Seconds between two INSERT statements of the load."""

LAG = """
SELECT COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - min(at)), 0)
FROM access_events
WHERE written_in >= COALESCE((SELECT max(until_transaction) FROM audit_segments), 0)
"""


def event_groups(count: int) -> list[EventGroup]:
    """Return read events, each of another person."""
    return [EventGroup(READ_TEMPLATE, [new_id()]) for _ in range(count)]


async def measure_sealing(database: Database, signer: SegmentSigner, count: int) -> float:
    """Write events, then seal them all; return the events sealed per second."""
    for _ in range(count // 1000):
        async with database.transaction() as connection:
            await audit_events.append(connection, event_groups(1000))
    started_at = time.perf_counter()
    async with database.writers.acquire() as connection:
        while await seal_segment(connection, signer):
            pass
    return count / (time.perf_counter() - started_at)


async def measure_verification(database: Database, signer: SegmentSigner) -> float:
    verifier = Verifier(TrustedKeys.from_public_keys([signer.public]))
    started_at = time.perf_counter()
    async with database.transaction() as connection:
        result = await verifier.verify(connection)
    assert not verifier.findings
    return result.events / (time.perf_counter() - started_at)


async def measure_lag(database: Database, signer: SegmentSigner, rate: int, seconds: float) -> tuple[float, float]:
    """Write events at a rate while a worker seals; return the reached rate and the longest lag in seconds."""
    worker = asyncio.create_task(AuditSealer(database, signer).run())
    lags: list[float] = []
    started_at = time.perf_counter()
    count = 0
    while (passed := time.perf_counter() - started_at) < seconds:
        if (due := int(passed * rate) - count) > 0:
            async with database.transaction() as connection:
                await audit_events.append(connection, event_groups(due))
            count += due
        lags.append(float(await database.readers.fetchval(LAG)))
        await asyncio.sleep(TICK)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    return count / (time.perf_counter() - started_at), max(lags)


async def measure(url: str, count: int, rate: int, seconds: float) -> None:
    await migrations.upgrade("privacy", url)
    database = await Database.open(url, url, readers=2, writers=4, timeout=60)
    signer = SegmentSigner(SegmentSigner.generate())
    try:
        console.print(f"sealing    {await measure_sealing(database, signer, count):9,.0f} events/s")
        console.print(f"verifying  {await measure_verification(database, signer):9,.0f} events/s")
        reached, lag = await measure_lag(database, signer, rate, seconds)
        console.print(f"measure_lag     {lag:9.2f} s at most, while {reached:,.0f} events/s were written")
    finally:
        await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rate", type=int, default=5_000, help="Events a second, for the lag.")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    with run_postgresql() as cluster:
        cluster.run("dropdb", "--if-exists", "--force", NAME)
        cluster.create_database(NAME)
        asyncio.run(measure(cluster.url(NAME), options.events, options.rate, options.seconds))
        cluster.run("dropdb", "--force", NAME)


if __name__ == "__main__":
    main()
