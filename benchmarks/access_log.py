"""``python -m benchmarks.access_log``: what the record of looks costs those who read a person's page.

The service and the service without its record (``benchmarks/without_access_log.py``) take turns on the same core, with
`privacy work` beside them, which seals. The record is empty when this begins. Whether events were written, one for each
answer or none, is counted after each round.

The aim is a ratio of 85 % or more: of the most that each reaches, with as many callers as it takes to keep it busy, and
with the number of connections that all other comparisons use, which is the first. With few callers, each of whom waits
for an answer before asking again, the ratio is lower: what PostgreSQL needs to write and commit is time in which they
ask for nothing. Both are printed.
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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environment import HOME, ROOT, Place, console, pinned, populated, started
from benchmarks.workloads import PAGE

PROGRAMS = {"recorded": "cli", "unrecorded": "benchmarks.without_access_log"}
PORT = 8790
CASE = "#4711"
CHECKED = 20
ASKED = 20_000
AIM = 0.85
TICKS = os.sysconf("SC_CLK_TCK")
READS = "SELECT count(*) FROM access_events WHERE action = 'READ' AND operation = 'Page'"
EMPTIED = "TRUNCATE access_events, audit_segments"


class Round(NamedTuple):
    """What one round came to; ``cpu_us`` is what a page cost the core of the service."""

    per_second: float
    median_ms: float
    p99_ms: float
    cpu_us: float


class Service:
    """One of the two, running."""

    def __init__(self, name: str, place: Place, secret: str, port: int) -> None:
        self.name = name
        self.port = port
        self._place = place
        self._secret = secret
        command = [sys.executable, "-m", PROGRAMS[name], "serve", "--port", str(port)]
        with (HOME / f"{name}.log").open("wb") as log:
            self.process = subprocess.Popen(pinned(command), env=place.environment, cwd=ROOT, stderr=log, stdout=log)

    @property
    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def ask(self, body: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self._secret}", "X-Case": CASE, "Content-Type": "application/json"}
        try:
            connection.request("POST", "/graphql", body, headers)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def timed(self, requests: Path, connections: int, seconds: float) -> Round:
        """Time one round, and demand an event for each answer, or none."""
        lines = requests.read_text().splitlines()
        for body in random.sample(lines, CHECKED):
            answer = self.ask(body)
            assert answer["data"]["subject"]["emails"], answer
        before, began = self._place.rows("privacy", READS)[0][0], self.cpu_seconds
        given = {"BENCH_REQUESTS": str(requests), "BENCH_OFFSET": str(random.randrange(len(lines)))}
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:g}s"]
        done = subprocess.run(
            [*command, "--script", str(ROOT / "benchmarks" / "load.lua"), f"http://127.0.0.1:{self.port}/graphql"],
            env=os.environ | given | {"BENCH_TOKEN": self._secret, "BENCH_CASE": CASE},
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout.partition("RESULT ")[2])
        used = self.cpu_seconds - began
        assert found["requests"] > found["errors"] == 0, found
        time.sleep(0.5)
        events = self._place.rows("privacy", READS)[0][0] - before
        # Those that were under way when the load ended were answered to nobody, and are on the record.
        most = found["requests"] + connections
        assert (found["requests"] <= events <= most) if self.name == "recorded" else events == 0, (found, events)
        return Round(
            found["requests"] / found["seconds"], found["median_ms"], found["p99_ms"], used / found["requests"] * 1e6
        )


@contextmanager
def running(name: str, place: Place, secret: str, port: int) -> Iterator[Service]:
    """Start one of the two and wait until it is ready."""
    service = Service(name, place, secret, port)
    try:
        for _ in range(600):
            with suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == http.client.OK:
                    break
            time.sleep(0.05)
        yield service
    finally:
        service.process.terminate()
        service.process.wait(20)


@contextmanager
def sealing(place: Place) -> Iterator[None]:
    """Run `privacy work` beside, in a directory of its own."""
    (HOME / "work").mkdir(exist_ok=True)
    environment = place.environment | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "work"], env=environment, cwd=HOME / "work", stderr=subprocess.DEVNULL
    ) as worker:
        try:
            yield
        finally:
            worker.terminate()


def written(place: Place) -> Path:
    """Write the requests, one a line, about people in no order."""
    path = HOME / f"recording_{place.subjects}.jsonl"
    numbers = random.Random(1).choices(range(1, place.subjects + 1), k=ASKED)
    bodies = ({"query": PAGE, "variables": {"email": f"user{number}@example.com"}} for number in numbers)
    path.write_text("\n".join(json.dumps(body) for body in bodies))
    return path


def measured(place: Place, rounds: int, counts: Sequence[int], seconds: float) -> None:
    """Time both with each number of connections; print what each came to, and the ratio of the best."""
    place.cluster.run("psql", "--quiet", "--dbname", f"privacy_{place.subjects}", "--command", EMPTIED)
    requests, secret = written(place), place.token("SUPPORT")
    best = dict.fromkeys(PROGRAMS, 0.0)
    ratios = []
    print("| connections | recorded, a second | unrecorded | ratio | us of its core | p99 ms |")
    print("|---|---|---|---|---|---|")
    with ExitStack() as stack:
        stack.enter_context(sealing(place))
        services = [
            stack.enter_context(running(name, place, secret, PORT + number)) for number, name in enumerate(PROGRAMS)
        ]
        for connections in counts:
            for service in services:
                service.timed(requests, connections, seconds)
            timed = [[service.timed(requests, connections, seconds) for service in services] for _ in range(rounds)]
            ratios.append(statistics.median(on.per_second / off.per_second for on, off in timed))
            recorded, unrecorded = (
                Round(*map(statistics.median, zip(*each, strict=True))) for each in zip(*timed, strict=True)
            )
            for name, found in zip(PROGRAMS, (recorded, unrecorded), strict=True):
                best[name] = max(best[name], found.per_second)
            rates = f"{recorded.per_second:,.0f} | {unrecorded.per_second:,.0f} | {ratios[-1]:.1%}"
            core = f"{recorded.cpu_us:.0f}, {unrecorded.cpu_us:.0f}"
            print(f"| {connections} | {rates} | {core} | {recorded.p99_ms:.1f}, {unrecorded.p99_ms:.1f} |", flush=True)
    most = best["recorded"] / best["unrecorded"]
    print(f"With its record it reaches {ratios[0]:.1%} of what it reaches without, with {counts[0]} connections,")
    print(f"and {most:.1%} of the most that it reaches without (aim: {AIM:.0%} or more).")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access_log", description=__doc__)
    parser.add_argument("--subjects", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=numbers, default=[32, 64, 128, 256])
    parser.add_argument("--seconds", type=float, default=3)
    given = parser.parse_args()
    with started() as cluster:
        place = populated(cluster, given.subjects)
        console.print(f"{given.rounds} rounds of {given.seconds:g} s each, in turns ...")
        measured(place, given.rounds, given.connections, given.seconds)


if __name__ == "__main__":
    main()
