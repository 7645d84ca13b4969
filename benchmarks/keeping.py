"""Measure notices to many people, retention, statistics and disclosure decisions: ``python -m benchmarks.keeping``.

Each measure has people of its own, in databases that are dropped afterwards. The worker is a process of its own, so
that its time and its memory are measured alone.
"""

import argparse
import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks.environment import console
from benchmarks.keeping_load import ConsentLoad, serve
from benchmarks.keeping_locks import LockSampler
from benchmarks.keeping_people import KeepingDatabases, copy_fragments, open_databases, run_databases
from benchmarks.keeping_rows import CREATE_ROWS, DUE_RULE, START_NOTICES
from benchmarks.processes import cpu_seconds
from cli.work import GC_THRESHOLDS
from models.retention.runs import RetentionRuns
from models.statistics import computing
from models.storage.clock import now
from models.storage.database import Database
from workers.policy_worker import RETENTION_BATCH, PolicyWorker

STATEMENT_TIMEOUT: Final = 5.0
"""Seconds, as by default."""
MAX_RATE: Final = 10_000
"""The largest rate of policy notices that the settings permit."""
SAMPLE_INTERVAL: Final = 0.2


async def work(kind: str) -> None:
    """Do the work of one measure in this process, and print the seconds and the processor seconds that it took."""
    async with open_databases(os.environ, STATEMENT_TIMEOUT) as (database, keyring):
        print("working", flush=True)
        started_at, began = time.perf_counter(), time.process_time()
        if kind == "notices":
            await PolicyWorker(database, keyring, rate=MAX_RATE).drain()
        elif kind == "retention":
            runs = RetentionRuns(database, keyring, batch=RETENTION_BATCH)
            while await runs.run_next(now().date()):
                pass
        else:
            assert await computing.compute_day(database, keyring, date.fromisoformat(kind))
        seconds, processor = time.perf_counter() - started_at, time.process_time() - began
        backends = await _backend_seconds(database)
    print(json.dumps({"seconds": seconds, "processor": processor, "backends": backends}), flush=True)


async def _backend_seconds(database: Database) -> float:
    """Return the processor seconds of the open sessions of PostgreSQL, since they began."""
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(pool.acquire())
            for pool in (database.readers, database.writers, database.keyring)
            for _ in range(pool.get_idle_size())
        ]
        return sum(cpu_seconds(connection.get_server_pid()) for connection in connections)


class WorkerProcess:
    """A process that does the work of one measure."""

    def __init__(self, databases: KeepingDatabases, kind: str) -> None:
        command = [sys.executable, "-m", "benchmarks.keeping", "--work", kind]
        self._process = subprocess.Popen(command, env=databases.environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline().strip() == "working"

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def mebibytes(self) -> float:
        """Return the resident memory of the process; 0 when it has ended."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except FileNotFoundError:
            return 0
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024 if "VmRSS:" in status else 0

    def result(self) -> dict[str, float]:
        """Wait for the end; return what the process printed last."""
        assert self._process.stdout
        *_, last = self._process.stdout.read().splitlines()
        assert self._process.wait() == 0
        result: dict[str, float] = json.loads(last)
        return result


def measure_notices(options: argparse.Namespace) -> None:
    """Measure letters about a new policy and about an incident to each person."""
    with run_databases(options.people or 100_000) as databases:
        databases.execute(*START_NOTICES)
        worker = WorkerProcess(databases, "notices")
        samples = []
        while worker.is_running:
            samples.append(worker.mebibytes())
            time.sleep(SAMPLE_INTERVAL)
        result = worker.result()
        counts = databases.execute("SELECT letter, count(*) FROM letters GROUP BY letter ORDER BY letter").split()
        early = max(samples[: max(1, len(samples) // 10)])
        print(f"letters enqueued: {', '.join(counts)} in {result['seconds']:.1f} s")
        print(f"memory: {early:.0f} MiB in the first tenth, at most {max(samples):.0f} MiB")


def measure_retention(options: argparse.Namespace) -> None:
    """Measure a run of each rule over many rows, with the age of its transactions and the waits of a writer."""
    rows = options.rows
    with run_databases(options.people or 10_000) as databases:
        for category, statements in CREATE_ROWS.items():
            console.print(f"Creating {rows:,} rows of {category} ...")
            databases.execute(*(statement.format(rows=rows, due=rows // 100) for statement in statements))
        console.print(f"Creating {rows:,} rows of PAYMENT_FRAGMENTS ...")
        asyncio.run(copy_fragments(databases.environment, rows))
        for category in (*CREATE_ROWS, "PAYMENT_FRAGMENTS"):
            databases.execute(*(statement.format(category=category) for statement in DUE_RULE), "CHECKPOINT")
            with LockSampler(databases, category) as sampler:
                result = WorkerProcess(databases, "retention").result()
            [removed] = databases.execute(
                f"SELECT last_run_removed FROM retention_rules WHERE category = '{category}'"
            ).split()
            print(
                f"{category}: {int(removed):,} of {rows:,} rows removed in {result['seconds']:.1f} s "
                f"({result['processor']:.1f} s of the worker's core); longest write transaction "
                f"{sampler.transaction_ms:.0f} ms, longest wait of a writer {sampler.wait_ms:.0f} ms "
                f"of {sampler.writes:,}, without the run {sampler.idle_wait_ms:.0f} ms",
                flush=True,
            )


def measure_statistics(options: argparse.Namespace) -> None:
    """Measure the computation of a day's figures: alone, then beside consent decisions, in alternating rounds."""
    with run_databases(options.people or 1_000_000) as databases, serve(databases) as server:
        print("refreshed alone", _refreshed(WorkerProcess(databases, "2029-12-31").result()), flush=True)
        load = ConsentLoad(databases, server)
        load.round("consent", 2)
        alone, beside, results = [], [], []
        for number in range(options.rounds):
            alone.append(load.round("consent", options.seconds))
            worker = WorkerProcess(databases, f"2030-01-{number + 1:02}")
            windows = []
            while worker.is_running:
                windows.append(load.round("consent", options.seconds))
            results.append(worker.result())
            beside += windows[:-1] or windows
            alone.append(load.round("consent", options.seconds))
            print("refreshed beside decisions", _refreshed(results[-1]), flush=True)
        rates = [statistics.median(each.per_second for each in windows) for windows in (alone, beside)]
        slow = [statistics.median(each.p99_ms for each in windows) for windows in (alone, beside)]
        costs = [statistics.median(each.cpu_us for each in windows) for windows in (alone, beside)]
        print(
            f"decisions a second: {rates[0]:,.0f} alone, {rates[1]:,.0f} beside ({rates[1] / rates[0]:.0%}); "
            f"99th percentiles {slow[0]:.1f} and {slow[1]:.1f} ms; "
            f"{costs[0]:.0f} and {costs[1]:.0f} us of the server's core"
        )


def _refreshed(result: dict[str, float]) -> str:
    return (
        f"in {result['seconds']:.1f} s (processor time of the worker {result['processor']:.1f} s, "
        f"of its sessions {result['backends']:.1f} s)"
    )


def measure_disclosures(options: argparse.Namespace) -> None:
    """Measure disclosure decisions against consent decisions, in alternating rounds."""
    with run_databases(options.people or 50_000) as databases, serve(databases) as server:
        load = ConsentLoad(databases, server)
        rounds: dict[str, list[Any]] = {"consent": [], "disclosure": []}
        for number in range(options.rounds + 1):
            for kind in sorted(rounds, reverse=number % 2 == 0):
                result = load.round(kind, options.seconds)
                if number:  # the first round fills the caches
                    rounds[kind].append(result)
        for kind, results in rounds.items():
            rate, cpu = (
                statistics.median(getattr(each, name) for each in results) for name in ("per_second", "cpu_us")
            )
            print(f"{kind} decisions: {rate:,.0f} a second, {cpu:.0f} us of the server's core")
        pairs = list(zip(rounds["disclosure"], rounds["consent"], strict=True))
        print(
            f"ratio: {statistics.median(a.per_second / b.per_second for a, b in pairs):.2f} by decisions a second, "
            f"{statistics.median(b.cpu_us / a.cpu_us for a, b in pairs):.2f} by processor time"
        )


MEASURES: Final[dict[str, Callable[[argparse.Namespace], None]]] = {
    "notices": measure_notices,
    "retention": measure_retention,
    "statistics": measure_statistics,
    "disclosures": measure_disclosures,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.keeping", description=__doc__)
    parser.add_argument("measures", nargs="*", default=[*MEASURES], help="The measures: " + ", ".join(MEASURES))
    parser.add_argument("--people", type=int, help="The number of people.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="Rows of each table for retention.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="Seconds of each round of decisions.")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--work", help="Do the work of a measure; the benchmark starts this itself.")
    options = parser.parse_args()
    if options.work:
        gc.set_threshold(*GC_THRESHOLDS)
        uvloop.run(work(options.work))
        return
    for name in options.measures:
        MEASURES[name](options)


if __name__ == "__main__":
    main()
