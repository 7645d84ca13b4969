"""The journal: one log line an operation, and its count; names, roles, codes and times, never a value."""

import asyncio
import sys
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from operator import add
from time import gmtime, strftime, time

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from models.actors import Actor

DELAY = 0.2
"""Seconds after which lines are written at the latest."""
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""What the durations are sorted into, in seconds."""


class OperationCounter(Collector):
    """The number and the durations of the operations of this process, collected by Prometheus."""

    def __init__(self) -> None:
        self._durations: dict[tuple[str, str], list[int]] = {}
        self._seconds: dict[tuple[str, str], float] = {}

    def add(self, role: str, code: str, seconds: float) -> None:
        key = role, code
        durations = self._durations.get(key)
        if durations is None:
            durations = self._durations[key] = [0] * (len(BOUNDS) + 1)
            self._seconds[key] = 0.0
        durations[bisect_left(BOUNDS, seconds)] += 1
        self._seconds[key] += seconds

    def collect(self) -> Iterator[Metric]:
        operations = CounterMetricFamily("privacy_operations", "Operations answered.", labels=["role", "code"])
        by_role: dict[str, list[int]] = {}
        for (role, code), counts in [*self._durations.items()]:
            operations.add_metric([role, code], sum(counts))
            by_role[role] = [*map(add, counts, by_role[role])] if role in by_role else counts
        yield operations
        seconds = HistogramMetricFamily("privacy_operation_seconds", "How long operations took.", labels=["role"])
        for role, counts in by_role.items():
            buckets = zip([*map(str, BOUNDS), "+Inf"], map(float, accumulate(counts)), strict=True)
            spent = sum(seconds for (each, _), seconds in [*self._seconds.items()] if each == role)
            seconds.add_metric([role], [*buckets], spent)
        yield seconds


COUNTS = OperationCounter()
REGISTRY.register(COUNTS)


class RequestLog:
    """Writes lines together, so that a busy service does not write for each operation."""

    def __init__(self, *, lines: bool) -> None:
        self._writes = lines
        self._lines: list[str] = []
        self._second = 0
        self._stamp = ""

    def note(  # noqa: PLR0913, PLR0917 -- the parts of a line
        self, request_id: str, actor: Actor | None, operation: str | None, code: str, seconds: float, trace_id: str = ""
    ) -> None:
        """Note one operation; ``code`` is empty when it was answered without an error."""
        role = actor.role if actor else "NONE"
        code = code or "OK"
        COUNTS.add(role, code, seconds)
        if self._writes:
            # Every part is of a known alphabet (ids, enums, GraphQL names), so the line is JSON as it stands.
            at = time()
            if int(at) != self._second:
                self._second = int(at)
                self._stamp = strftime("%Y-%m-%dT%H:%M:%S", gmtime(at))
            if not self._lines:
                asyncio.get_running_loop().call_later(DELAY, self.flush)
            self._lines.append(
                f'{{"at":"{self._stamp}.{int(at % 1 * 1000):03}Z","event":"operation","request":"{request_id}"'
                f"{_outcome(operation, role, code)}{seconds * 1000:.2f}{_trace(trace_id) if trace_id else ''}}}\n"
            )

    def flush(self) -> None:
        """Write what is noted."""
        if self._lines:
            sys.stderr.write("".join(self._lines))
            sys.stderr.flush()
            self._lines.clear()


@lru_cache(1000)
def _outcome(operation: str | None, role: str, code: str) -> str:
    """Return the part of a line that many operations share."""
    name = f'"{operation}"' if operation and operation.isidentifier() and operation.isascii() else "null"
    return f',"operation":{name},"role":"{role}","code":"{code}","ms":'


def _trace(trace_id: str) -> str:
    return f',"trace":"{trace_id}"'
