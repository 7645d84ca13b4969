"""Measure how much the access log costs readers of a person page: ``python -m benchmarks.access_log``.

The service and the service without its access log (``benchmarks/without_access_log.py``) run alternating rounds on
one core. `privacy work` runs at the same time and seals events. The access log is empty at the start. After each
round the events are counted: one for each response, or none.

The target is a ratio of at least 85 %, both at the highest rate of each and with the first number of connections.
All other comparisons use that number. With few connections the ratio is lower: each client waits for its response
before the next request, so that the time to write and commit an event is idle time.
"""

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environment import (
    DATA_DIRECTORY,
    ROOT,
    BenchmarkDatabases,
    console,
    create_databases,
    run_postgresql,
)
from benchmarks.processes import cpu_seconds, run_pinned
from benchmarks.workloads import PAGE

PROGRAMS = {"recorded": "cli", "unrecorded": "benchmarks.without_access_log"}
PORT = 8790
CASE = "#4711"
CHECKED_REQUESTS = 20
REQUEST_COUNT = 20_000
AIM = 0.85
READS = "SELECT count(*) FROM access_events WHERE action = 'READ' AND operation = 'Page'"
EMPTIED = "TRUNCATE access_events, audit_segments"


class PageRoundResult(NamedTuple):
    """The result of one round; ``cpu_us`` is the processor time of the server for one page, in microseconds."""

    per_second: float
    median_ms: float
    p99_ms: float
    cpu_us: float


class PageServer:
    """A running server, with or without the access log."""

    def __init__(self, name: str, databases: BenchmarkDatabases, secret: str, port: int, process_id: int) -> None:
        self.name = name
        self.port = port
        self._place = databases
        self._secret = secret
        self._process_id = process_id

    def ask(self, body: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self._secret}", "X-Case": CASE, "Content-Type": "application/json"}
        try:
            connection.request("POST", "/graphql", body, headers)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def run_round(self, requests: Path, connections: int, seconds: float) -> PageRoundResult:
        """Run one round, and assert that it wrote an event for each response, or none."""
        lines = requests.read_text().splitlines()
        for body in random.sample(lines, CHECKED_REQUESTS):
            answer = self.ask(body)
            assert answer["data"]["subject"]["emails"], answer
        before, began = self._place.rows("privacy", READS)[0][0], cpu_seconds(self._process_id)
        environment = {"BENCH_REQUESTS": str(requests), "BENCH_OFFSET": str(random.randrange(len(lines)))}
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:g}s"]
        process = subprocess.run(
            [*command, "--script", str(ROOT / "benchmarks" / "load.lua"), f"http://127.0.0.1:{self.port}/graphql"],
            env=os.environ | environment | {"BENCH_TOKEN": self._secret, "BENCH_CASE": CASE},
            capture_output=True,
            text=True,
            check=True,
        )
        result = json.loads(process.stdout.partition("RESULT ")[2])
        used = cpu_seconds(self._process_id) - began
        assert result["requests"] > result["errors"] == 0, result
        time.sleep(0.5)
        events = self._place.rows("privacy", READS)[0][0] - before
        # Requests in flight at the end of the load have an event, but no counted response.
        most = result["requests"] + connections
        assert (result["requests"] <= events <= most) if self.name == "recorded" else events == 0, (result, events)
        return PageRoundResult(
            result["requests"] / result["seconds"],
            result["median_ms"],
            result["p99_ms"],
            used / result["requests"] * 1e6,
        )


@contextmanager
def run_page_server(name: str, databases: BenchmarkDatabases, secret: str, port: int) -> Iterator[PageServer]:
    """Start one of the two servers, and wait until it is ready."""
    command = [sys.executable, "-m", PROGRAMS[name], "serve", "--port", str(port)]
    with run_pinned(command, port, databases.environment, name) as process:
        yield PageServer(name, databases, secret, port, process.pid)


@contextmanager
def run_workers(databases: BenchmarkDatabases) -> Iterator[None]:
    """Run `privacy work` in its own directory until the context ends."""
    (DATA_DIRECTORY / "work").mkdir(exist_ok=True)
    environment = databases.environment | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "work"], env=environment, cwd=DATA_DIRECTORY / "work", stderr=subprocess.DEVNULL
    ) as worker:
        try:
            yield
        finally:
            worker.terminate()


def write_requests(databases: BenchmarkDatabases) -> Path:
    """Write the requests of random people into a file, one a line."""
    path = DATA_DIRECTORY / f"recording_{databases.subjects}.jsonl"
    numbers = random.Random(1).choices(range(1, databases.subjects + 1), k=REQUEST_COUNT)
    bodies = ({"query": PAGE, "variables": {"email": f"user{number}@example.com"}} for number in numbers)
    path.write_text("\n".join(json.dumps(body) for body in bodies))
    return path


def measure(databases: BenchmarkDatabases, rounds: int, counts: Sequence[int], seconds: float) -> None:
    """Run both servers with each number of connections; print the results and the ratio of the highest rates."""
    databases.cluster.run("psql", "--quiet", "--dbname", f"privacy_{databases.subjects}", "--command", EMPTIED)
    requests, secret = write_requests(databases), databases.token("SUPPORT")
    best = dict.fromkeys(PROGRAMS, 0.0)
    ratios = []
    print("| connections | recorded, a second | unrecorded | ratio | us of its core | p99 ms |")
    print("|---|---|---|---|---|---|")
    with ExitStack() as stack:
        stack.enter_context(run_workers(databases))
        servers = [
            stack.enter_context(run_page_server(name, databases, secret, PORT + number))
            for number, name in enumerate(PROGRAMS)
        ]
        for connections in counts:
            for server in servers:
                server.run_round(requests, connections, seconds)
            run_round = [
                [server.run_round(requests, connections, seconds) for server in servers] for _ in range(rounds)
            ]
            ratios.append(statistics.median(on.per_second / off.per_second for on, off in run_round))
            recorded, unrecorded = (
                PageRoundResult(*map(statistics.median, zip(*each, strict=True)))
                for each in zip(*run_round, strict=True)
            )
            for name, medians in zip(PROGRAMS, (recorded, unrecorded), strict=True):
                best[name] = max(best[name], medians.per_second)
            rates = f"{recorded.per_second:,.0f} | {unrecorded.per_second:,.0f} | {ratios[-1]:.1%}"
            core = f"{recorded.cpu_us:.0f}, {unrecorded.cpu_us:.0f}"
            print(f"| {connections} | {rates} | {core} | {recorded.p99_ms:.1f}, {unrecorded.p99_ms:.1f} |", flush=True)
    most = best["recorded"] / best["unrecorded"]
    print(f"With the access log, the rate is {ratios[0]:.1%} of the rate without it, with {counts[0]} connections,")
    print(f"and {most:.1%} of the highest rate without it (aim: {AIM:.0%} or more).")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access_log", description=__doc__)
    parser.add_argument("--subjects", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=numbers, default=[32, 64, 128, 256])
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    with run_postgresql() as cluster:
        databases = create_databases(cluster, options.subjects)
        console.print(f"{options.rounds} rounds of {options.seconds:g} s each, in turns ...")
        measure(databases, options.rounds, options.connections, options.seconds)


if __name__ == "__main__":
    main()
