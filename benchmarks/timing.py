"""Run load rounds. Servers run short alternating rounds, so that other load on the machine affects all of them."""

import json
import os
import statistics
import subprocess
from itertools import count
from pathlib import Path
from typing import NamedTuple

from benchmarks.environment import BenchmarkDatabases
from benchmarks.servers import CheckThread, RunningServer, WrongResponseError
from benchmarks.workloads import Workload

SCRIPT = Path(__file__).with_name("load.lua")
_offsets = count(0, 7907)


class RoundResult(NamedTuple):
    """The result of one round; ``cpu_us`` is the processor time of the server for one request, in microseconds."""

    per_second: float
    median_ms: float
    p99_ms: float
    cpu_us: float
    requests: int


class MedianResult(NamedTuple):
    """The medians over all rounds."""

    per_second: float
    median_ms: float
    p99_ms: float
    cpu_us: float

    @classmethod
    def of(cls, rounds: list[RoundResult]) -> "MedianResult":
        return cls(*(statistics.median(getattr(each, name) for each in rounds) for name in cls._fields))


def run_round(
    databases: BenchmarkDatabases, running: RunningServer, workload: Workload, *, connections: int, seconds: float
) -> RoundResult:
    """Run one round; raise WrongResponseError for a wrong response, an error, or too short responses."""
    running.check(databases, workload, 0)
    requests = workload.write_requests(running.spec.dialect)
    headers = running.headers(workload)
    # Opt-outs continue after those of the last round, because a repeated opt-out writes nothing.
    offset = next(_offsets) if workload.expected else sent_count(running, 0)
    environment = os.environ | {"BENCH_REQUESTS": str(requests), "BENCH_OFFSET": str(offset)}
    environment |= {"BENCH_TOKEN": headers["Authorization"].removeprefix("Bearer ")} if headers else {}
    environment |= {"BENCH_CASE": headers["X-Case"]} if "X-Case" in headers else {}
    command = [
        "wrk",
        "--threads",
        "1",
        "--connections",
        str(connections),
        "--duration",
        f"{seconds:g}s",
        "--timeout",
        "10s",
    ]
    began = running.cpu_seconds
    with CheckThread(running, databases, workload) as checks:
        process = subprocess.run(
            [*command, "--script", str(SCRIPT), f"http://127.0.0.1:{running.port}/graphql"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    used = running.cpu_seconds - began
    result = json.loads(process.stdout.partition("RESULT ")[2])
    if not workload.expected:
        sent_count(running, result["requests"])
    if checks.problem:
        raise checks.problem
    if result["errors"] or not result["requests"]:
        raise WrongResponseError(running.spec.name, workload.name, result)
    if running.spec.name != "floor":
        _check_response_size(running, workload, result)
    return RoundResult(
        result["requests"] / result["seconds"],
        result["median_ms"],
        result["p99_ms"],
        used / result["requests"] * 1e6,
        result["requests"],
    )


_sent_counts: dict[str, int] = {}


def sent_count(running: RunningServer, more: int) -> int:
    """Add to the number of opt-outs sent to a server, and return it."""
    _sent_counts[running.spec.name] = _sent_counts.get(running.spec.name, 0) + more
    return _sent_counts[running.spec.name]


def _check_response_size(running: RunningServer, workload: Workload, result: dict[str, float]) -> None:
    """Raise WrongResponseError when the average response is shorter than correct ones, like an error page."""
    least = min(len(json.dumps(running.send(workload, index), separators=(",", ":"))) for index in range(3)) * 0.8
    if result["bytes"] / result["requests"] < least:
        raise WrongResponseError(running.spec.name, workload.name, "answers were too short", result)
