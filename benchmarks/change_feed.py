"""Measure the change feed: ``python -m benchmarks.change_feed``.

1. Twenty writers make changes, five readers page through them over HTTP. Both and the sequencer are killed again and
   again. Each reader must have each change once, and all in one order.
2. One reader, then five, read all changes from the beginning. The target is 5,000 changes a second.
3. Mutations run with the feed and without its triggers, in alternating rounds. The target is a cost of at most 5 % of
   the processor time of PostgreSQL and of the process that makes them. Mutations a second depend on the disk and on
   other work of the machine, so that they are printed only.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from benchmarks import feed_load, feed_tasks
from benchmarks.environment import CORES, DATA_DIRECTORY, BenchmarkDatabases, console, create_databases, run_postgresql
from benchmarks.feed_tasks import FeedLoad
from benchmarks.processes import backend_cpu_seconds
from benchmarks.servers import OURS, run_server
from models.actors import Actor, Role
from models.consent import opt_outs, recording
from models.consent.ledger import Channel
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work
from workers.change_sequencer import POLL, ChangeSequencer

PORT: Final = 8791
CONCURRENCY: Final = 20
ACTOR: Final = Actor("benchmark", Role.STORE, (Role.STORE,))
TRIGGERS: Final = ("choices_of_new_subjects_are_noted", "current_choice_is_noted")
WARM_UP: Final = 10 * CONCURRENCY
"""Mutations before each round."""
RATE_AIM: Final = 5_000
COST_AIM: Final = 0.05


def read_everything(load: FeedLoad, readers: int, changes: int) -> float:
    """Return how many changes a second these readers get together, from the beginning of the feed."""

    def count(_number: int) -> int:
        pages = feed_tasks.pages_after(load.api_url, load.secret, None, lambda: True, start="BEGINNING")
        return sum(len(page["rows"]) for page in pages)

    began = time.perf_counter()
    with ThreadPoolExecutor(readers) as pool:
        counts = list(pool.map(count, range(readers)))
    assert all(each >= changes for each in counts), counts
    return sum(counts) / (time.perf_counter() - began)


class CostRound(NamedTuple):
    """The figures of one round: mutations a second, and the microseconds of processor time of one mutation."""

    per_second: float
    postgresql_us: float
    process_us: float

    @property
    def total_us(self) -> float:
        return self.postgresql_us + self.process_us


async def measure_cost(
    databases: BenchmarkDatabases, people: Sequence[UUID], rounds: int, count: int
) -> dict[str, list[CostRound]]:
    """Return the rounds with the feed (ENABLE) and without it (DISABLE), which alternate."""
    names = [f"{kind}_{databases.subjects}" for kind in ("privacy", "keyring")]
    urls = map(databases.cluster.url, names)
    database = await Database.open(*urls, readers=1, writers=CONCURRENCY + 2, timeout=30)
    owner = await asyncpg.connect(databases.cluster.url(f"privacy_{databases.subjects}"))
    postmaster = int((DATA_DIRECTORY / "data" / "postmaster.pid").read_text().partition("\n")[0])
    keyring = Keyring(database.keyring, MasterKeys(databases.master_key))
    await keyring.load()
    results: dict[str, list[CostRound]] = {"ENABLE": [], "DISABLE": []}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        stack.push_async_callback(owner.close)
        for number in range(rounds * 2):
            mode = ("ENABLE", "DISABLE", "DISABLE", "ENABLE")[number % 4]
            for trigger in TRIGGERS:
                await owner.execute(f"ALTER TABLE subjects {mode} TRIGGER {trigger}")
            # Each connection plans its statements anew after the triggers changed.
            await _mutate(database, keyring, people, WARM_UP)
            sequencer = asyncio.create_task(ChangeSequencer(database).run())
            began, used, own = time.perf_counter(), backend_cpu_seconds(postmaster, names), time.process_time()
            await _mutate(database, keyring, people, count)
            await asyncio.sleep(2 * POLL)  # the sequencer places the last changes
            used, own = backend_cpu_seconds(postmaster, names) - used, time.process_time() - own
            result = CostRound(count / (time.perf_counter() - began), used / count * 1e6, own / count * 1e6)
            results[mode].append(result)
            sequencer.cancel()
            await asyncio.gather(sequencer, return_exceptions=True)
        for trigger in TRIGGERS:
            await owner.execute(f"ALTER TABLE subjects ENABLE TRIGGER {trigger}")
    return results


def print_cost(results: dict[str, list[CostRound]]) -> None:
    """Print the medians of the rounds with and without the feed, and the cost by processor time."""
    medians = {mode: CostRound(*map(statistics.median, zip(*rounds, strict=True))) for mode, rounds in results.items()}
    for mode, name in (("ENABLE", "with the feed"), ("DISABLE", "without it")):
        each = medians[mode]
        console.print(
            f"{name}: {each.per_second:,.0f} mutations a second; {each.postgresql_us:,.0f} us of PostgreSQL and "
            f"{each.process_us:,.0f} us of the process for each"
        )
    pairs = zip(results["ENABLE"], results["DISABLE"], strict=True)
    ratios = sorted(with_feed.total_us / without.total_us - 1 for with_feed, without in pairs)
    cost = statistics.median(ratios)
    verdict = "reached" if cost <= COST_AIM else "missed"
    console.print(f"cost of the feed: {cost:.1%} ({ratios[0]:.1%} to {ratios[-1]:.1%}); {COST_AIM:.0%} {verdict}")


async def _mutate(database: Database, keyring: Keyring, people: Sequence[UUID], total: int) -> None:
    """Make this many mutations, many at a time."""

    async def mutate(number: int) -> None:
        for count in range(total // CONCURRENCY):
            who = SubjectIdentifier("id", people[(number + count // 2 * CONCURRENCY) % len(people)])
            field = "optOut" if count % 2 else "grantConsent"
            async with unit_of_work(database, keyring, ACTOR, field) as unit:
                if count % 2:
                    await opt_outs.opt_out(unit, who, ["newsletter"], Channel.WEBSITE)
                else:
                    await recording.grant_consent(unit, who, "newsletter", Channel.WEBSITE, None)

    await asyncio.gather(*map(mutate, range(CONCURRENCY)))


def measure_load(databases: BenchmarkDatabases, people: Sequence[UUID], options: argparse.Namespace) -> None:
    """Run the load, and read all changes."""
    directory = DATA_DIRECTORY / f"feed {os.getpid()}"
    tokens = {"STORE": databases.token("STORE")}
    directory.mkdir(parents=True)
    with run_server(OURS, databases, tokens, PORT):
        os.sched_setaffinity(0, CORES)  # writers and readers are more than one core can run
        load = FeedLoad(
            databases.environment["PRIVACY_DATABASE_URL"],
            databases.environment["PRIVACY_KEYRING_URL"],
            f"http://127.0.0.1:{PORT}",
            tokens["STORE"],
            directory,
            people,
            writers=20,
            readers=5,
            changes=options.changes,
            kills=options.kills,
        )
        seconds = feed_load.run(load)
        console.print(
            f"{options.changes:,} changes in {seconds:.0f} s, {options.kills} kills of each: every reader has each "
            "change once, in one order"
        )
        for readers in (1, 5):
            rate = read_everything(load, readers, options.changes)
            verdict = "reached" if rate >= RATE_AIM else "missed"
            console.print(f"{readers} reading: {rate:,.0f} changes a second; {RATE_AIM:,} {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.change_feed", description=__doc__)
    parser.add_argument("--subjects", type=int, default=2_000, help="Number of people.")
    parser.add_argument("--changes", type=int, default=200_000, help="Number of changes; 0 for the cost only.")
    parser.add_argument("--kills", type=int, default=20, help="How often a writer, a reader and the sequencer die.")
    parser.add_argument("--rounds", type=int, default=6, help="Rounds with the feed, and as many without it.")
    parser.add_argument("--mutations", type=int, default=1_000, help="Mutations of each round.")
    options = parser.parse_args()
    with run_postgresql() as cluster:
        databases = create_databases(cluster, options.subjects)
        people = [row[0] for row in databases.rows("privacy", "SELECT id FROM subjects ORDER BY id")]
        if options.changes:
            measure_load(databases, people, options)
        print_cost(asyncio.run(measure_cost(databases, people, options.rounds, options.mutations)))


if __name__ == "__main__":
    main()
