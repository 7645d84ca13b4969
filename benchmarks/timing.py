"""Timing: contestants take turns in short rounds, so that what else the machine does falls on all of them."""

import json
import os
import statistics
import subprocess
from itertools import count
from pathlib import Path
from typing import NamedTuple

from benchmarks.contestants import Checks, Running, WrongAnswerError
from benchmarks.environment import Place
from benchmarks.workloads import Work

SCRIPT = Path(__file__).with_name("load.lua")
_offsets = count(0, 7907)


class Round(NamedTuple):
    """What one round came to. ``cpu_us`` is what a request cost the core of the server under test."""

    per_second: float
    median_ms: float
    p99_ms: float
    cpu_us: float
    requests: int


class Figures(NamedTuple):
    """The medians of all rounds."""

    per_second: float
    median_ms: float
    p99_ms: float
    cpu_us: float

    @classmethod
    def of(cls, rounds: list[Round]) -> "Figures":
        return cls(*(statistics.median(getattr(each, name) for each in rounds) for name in cls._fields))


def timed(place: Place, running: Running, work: Work, *, connections: int, seconds: float) -> Round:
    """Time one round; raises WrongAnswerError for a wrong answer, an error, or answers that are too short."""
    running.check(place, work, 0)
    requests = work.written(running.contestant.dialect)
    headers = running.headers(work)
    # Opt-outs go on where the last round ended: one that is repeated writes nothing.
    offset = next(_offsets) if work.expected else running_offset(running, 0)
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
    with Checks(running, place, work) as checks:
        done = subprocess.run(
            [*command, "--script", str(SCRIPT), f"http://127.0.0.1:{running.port}/graphql"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    used = running.cpu_seconds - began
    found = json.loads(done.stdout.partition("RESULT ")[2])
    if not work.expected:
        running_offset(running, found["requests"])
    if checks.problem:
        raise checks.problem
    if found["errors"] or not found["requests"]:
        raise WrongAnswerError(running.contestant.name, work.name, found)
    if running.contestant.name != "floor":
        _demand_size(running, work, found)
    return Round(
        found["requests"] / found["seconds"],
        found["median_ms"],
        found["p99_ms"],
        used / found["requests"] * 1e6,
        found["requests"],
    )


_taken: dict[str, int] = {}


def running_offset(running: Running, more: int) -> int:
    """Remember how many opt-outs were sent."""
    _taken[running.contestant.name] = _taken.get(running.contestant.name, 0) + more
    return _taken[running.contestant.name]


def _demand_size(running: Running, work: Work, found: dict[str, float]) -> None:
    """Refuse a round whose answers were, on average, shorter than right ones are: an error page is fast."""
    least = min(len(json.dumps(running.ask(work, index), separators=(",", ":"))) for index in range(3)) * 0.8
    if found["bytes"] / found["requests"] < least:
        raise WrongAnswerError(running.contestant.name, work.name, "answers were too short", found)
