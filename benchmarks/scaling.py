"""What changes as things grow: people, connections, time; and what a durable write costs beside pgbench."""

import os
import statistics
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import opt_outs
from benchmarks.contestants import OURS, Running, running
from benchmarks.environment import ROLES, Place, cores, populated
from benchmarks.timing import Round, timed
from benchmarks.workloads import Work, works
from cli.embedded import Cluster

SIZES = (5_000, 50_000, 500_000)
CONNECTIONS = (1, 8, 32, 128, 512)
MILLION = 1_000_000
ROUNDS = 3


def _named(place: Place) -> dict[str, Work]:
    return {work.name: work for work in works(place)}


def _figures(rounds: Iterable[Round]) -> dict[str, float]:
    """Give the median of each figure."""
    found = list(rounds)
    return {name: round(statistics.median(getattr(each, name) for each in found), 2) for name in Round._fields}


def growth(cluster: Cluster, seconds: float, most: int) -> dict[str, Any]:
    """Time one decision and the person page among more and more people, taking turns."""
    places = [populated(cluster, size) for size in SIZES if size <= most]
    found: dict[tuple[str, int], list[Round]] = {}
    for _ in range(ROUNDS):
        for place in places:
            wanted = _named(place)
            with running(OURS, place, {role: place.token(role) for role in ROLES}) as ours:
                for name in ("one", "page"):
                    timed(place, ours, wanted[name], connections=32, seconds=1)
                    measured = timed(place, ours, wanted[name], connections=32, seconds=seconds)
                    found.setdefault((name, place.subjects), []).append(measured)
    return {f"{name}, {size:,} people": _figures(each) for (name, size), each in sorted(found.items())}


def connections(place: Place, ours: Running, seconds: float) -> dict[str, Any]:
    """Time one decision over more and more connections, taking turns."""
    work = _named(place)["one"]
    found: dict[int, list[Round]] = {}
    for _ in range(ROUNDS):
        for count in CONNECTIONS:
            found.setdefault(count, []).append(timed(place, ours, work, connections=count, seconds=seconds))
    return {str(count): _figures(each) for count, each in found.items()}


def memory(place: Place, ours: Running, requests: int) -> dict[str, Any]:
    """Ask until so many requests are answered; give what the process holds along the way."""
    wanted = _named(place)
    asked = 0
    held: list[tuple[int, float]] = []
    while asked < requests:
        for name in ("one", "page", "hundred"):
            asked += timed(place, ours, wanted[name], connections=32, seconds=20 if name == "one" else 2).requests
        held.append((asked, round(ours.megabytes, 1)))
    return {"after requests, MB": held}


def start_up(place: Place, tokens: dict[str, str]) -> float:
    """Give the seconds from the start of the process to its first answer."""
    work = _named(place)["one"]
    began = time.perf_counter()
    with running(OURS, place, tokens) as ours:
        ours.ask(work, 0)
        return round(time.perf_counter() - began, 2)


def profile(place: Place, ours: Running, seconds: float) -> dict[str, float]:
    """Say in which functions the time of one decision goes (share of samples), where py-spy is installed."""
    spy = os.environ.get("PY_SPY", "py-spy")
    raw = Path(place.cluster.directory) / "profile.raw"
    work = _named(place)["one"]
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
    timed(place, ours, work, connections=32, seconds=seconds + 6)
    spying.wait()
    shares: dict[str, int] = {}
    for line in raw.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        function = stack.rpartition(";")[2].partition(":")[0]
        shares[function] = shares.get(function, 0) + int(count)
    total = sum(shares.values())
    most = sorted(shares.items(), key=lambda each: -each[1])[:25]
    return {function: round(100 * count / total, 1) for function, count in most}


def all_of(cluster: Cluster, place: Place, *, seconds: float, requests: int = MILLION) -> dict[str, Any]:
    """Measure everything that has to do with growing."""
    tokens = {role: place.token(role) for role in ROLES}
    found: dict[str, Any] = {"start-up, s": start_up(place, tokens)}
    with running(OURS, place, tokens) as ours:
        found["one decision over connections"] = connections(place, ours, seconds)
        found["optOut beside pgbench"] = opt_outs.beside_pgbench(place, ours, _named(place)["out"], seconds)
        found["profile of one decision, %"] = profile(place, ours, seconds)
        found["memory"] = memory(place, ours, requests)
    found["growth"] = growth(cluster, seconds, place.subjects)
    found["cores"] = {"server": sorted(cores()[0]), "load and PostgreSQL": sorted(cores()[1])}
    return found
