"""The journal: one log line an operation, and its count; names, roles, codes and times, never a value."""

import asyncio
import sys
from time import gmtime, strftime, time

from prometheus_client import Counter, Histogram

from models.actors import Actor

DELAY = 0.2
"""Seconds after which lines are written at the latest."""

OPERATIONS = Counter("privacy_operations", "Operations answered.", ["role", "code"])
SECONDS = Histogram(
    "privacy_operation_seconds",
    "How long operations took.",
    ["role"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


class Journal:
    """Writes lines together, so that a busy service does not write for each operation."""

    def __init__(self, *, lines: bool) -> None:
        self._writes = lines
        self._lines: list[str] = []
        self._counts: dict[tuple[str, str], Counter] = {}
        self._seconds: dict[str, Histogram] = {}

    def note(self, request_id: str, actor: Actor | None, operation: str | None, code: str, seconds: float) -> None:
        """Note one operation; ``code`` is empty when it was answered without an error."""
        role = actor.role if actor else "NONE"
        count = self._counts.get((role, code))
        if count is None:
            count = self._counts[role, code] = OPERATIONS.labels(role, code or "OK")
            self._seconds.setdefault(role, SECONDS.labels(role))
        count.inc()
        self._seconds[role].observe(seconds)
        if self._writes:
            # Every part is of a known alphabet (ids, enums, GraphQL names), so the line is JSON as it stands.
            at = time()
            stamp = f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(at))}.{int(at % 1 * 1000):03}Z"
            named = f'"{operation}"' if operation and operation.isidentifier() and operation.isascii() else "null"
            if not self._lines:
                asyncio.get_running_loop().call_later(DELAY, self.flush)
            self._lines.append(
                f'{{"at":"{stamp}","event":"operation","request":"{request_id}","operation":{named},'
                f'"role":"{role}","code":"{code or "OK"}","ms":{seconds * 1000:.2f}}}\n'
            )

    def flush(self) -> None:
        """Write what is noted."""
        if self._lines:
            sys.stderr.write("".join(self._lines))
            sys.stderr.flush()
            self._lines.clear()
