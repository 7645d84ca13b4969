"""Measure growth: more people, connections and requests; compare durable writes with pgbench."""

import os
import statistics
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import opt_outs
from benchmarks.environment import ROLES, BenchmarkDatabases, core_sets, create_databases
from benchmarks.servers import OURS, RunningServer, run_server
from benchmarks.timing import RoundResult, run_round
from benchmarks.workloads import Workload, create_workloads
from cli.embedded import Cluster

SIZES = (5_000, 50_000, 500_000)
CONNECTIONS = (1, 8, 32, 128, 512)
MILLION = 1_000_000
ROUNDS = 3


def _workloads_by_name(databases: BenchmarkDatabases) -> dict[str, Workload]:
    return {workload.name: workload for workload in create_workloads(databases)}


def _medians(rounds: Iterable[RoundResult]) -> dict[str, float]:
    """Return the median of each field."""
    results = list(rounds)
    return {name: round(statistics.median(getattr(each, name) for each in results), 2) for name in RoundResult._fields}


def growth(cluster: Cluster, seconds: float, most: int) -> dict[str, Any]:
    """Measure one decision and the person page with each number of people, in alternating rounds."""
    places = [create_databases(cluster, size) for size in SIZES if size <= most]
    results: dict[tuple[str, int], list[RoundResult]] = {}
    for _ in range(ROUNDS):
        for databases in places:
            workloads = _workloads_by_name(databases)
            with run_server(OURS, databases, {role: databases.token(role) for role in ROLES}) as ours:
                for name in ("one", "page"):
                    run_round(databases, ours, workloads[name], connections=32, seconds=1)
                    measured = run_round(databases, ours, workloads[name], connections=32, seconds=seconds)
                    results.setdefault((name, databases.subjects), []).append(measured)
    return {f"{name}, {size:,} people": _medians(each) for (name, size), each in sorted(results.items())}


def connections(databases: BenchmarkDatabases, ours: RunningServer, seconds: float) -> dict[str, Any]:
    """Measure one decision with each number of connections, in alternating rounds."""
    workload = _workloads_by_name(databases)["one"]
    results: dict[int, list[RoundResult]] = {}
    for _ in range(ROUNDS):
        for count in CONNECTIONS:
            results.setdefault(count, []).append(
                run_round(databases, ours, workload, connections=count, seconds=seconds)
            )
    return {str(count): _medians(each) for count, each in results.items()}


def memory(databases: BenchmarkDatabases, ours: RunningServer, requests: int) -> dict[str, Any]:
    """Send this number of requests; return the memory of the process after each part."""
    workloads = _workloads_by_name(databases)
    request_count = 0
    held: list[tuple[int, float]] = []
    while request_count < requests:
        for name in ("one", "page", "hundred"):
            request_count += run_round(
                databases, ours, workloads[name], connections=32, seconds=20 if name == "one" else 2
            ).requests
        held.append((request_count, round(ours.megabytes, 1)))
    return {"after requests, MB": held}


def start_up(databases: BenchmarkDatabases, tokens: dict[str, str]) -> float:
    """Return the seconds from the start of the process to its first response."""
    workload = _workloads_by_name(databases)["one"]
    began = time.perf_counter()
    with run_server(OURS, databases, tokens) as ours:
        ours.send(workload, 0)
        return round(time.perf_counter() - began, 2)


def profile(databases: BenchmarkDatabases, ours: RunningServer, seconds: float) -> dict[str, float]:
    """Return the share of samples for each function during one decision; empty without py-spy."""
    spy = os.environ.get("PY_SPY", "py-spy")
    raw = Path(databases.cluster.directory) / "profile.raw"
    workload = _workloads_by_name(databases)["one"]
    try:
        spying = subprocess.Popen(
            [
                *(spy, "record", "--pid", str(ours.process.pid), "--rate", "200"),
                *("--duration", f"{seconds:.0f}", "--nonblocking", "--format", "raw", "--output", str(raw)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return {}
    run_round(databases, ours, workload, connections=32, seconds=seconds + 6)
    spying.wait()
    shares: dict[str, int] = {}
    for line in raw.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        function = stack.rpartition(";")[2].partition(":")[0]
        shares[function] = shares.get(function, 0) + int(count)
    total = sum(shares.values())
    most = sorted(shares.items(), key=lambda each: -each[1])[:25]
    return {function: round(100 * count / total, 1) for function, count in most}


def measure_all(
    cluster: Cluster, databases: BenchmarkDatabases, *, seconds: float, requests: int = MILLION
) -> dict[str, Any]:
    """Run all measurements of this module."""
    tokens = {role: databases.token(role) for role in ROLES}
    results: dict[str, Any] = {"start-up, s": start_up(databases, tokens)}
    with run_server(OURS, databases, tokens) as ours:
        results["one decision over connections"] = connections(databases, ours, seconds)
        results["optOut beside pgbench"] = opt_outs.compare_with_pgbench(
            databases, ours, _workloads_by_name(databases)["out"], seconds
        )
        results["profile of one decision, %"] = profile(databases, ours, seconds)
        results["memory"] = memory(databases, ours, requests)
    results["growth"] = growth(cluster, seconds, databases.subjects)
    results["cores"] = {"server": sorted(core_sets()[0]), "load and PostgreSQL": sorted(core_sets()[1])}
    return results
