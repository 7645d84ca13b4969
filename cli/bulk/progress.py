"""Progress output of long commands: a bar on a terminal, a line every few seconds elsewhere."""

import gc
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_INTERVAL = 5.0
"""Seconds between two lines where there is no terminal."""


class ProgressReporter:
    """Writes progress to standard error: the part of ``total`` that is reached, and the number of units."""

    def __init__(self, unit: str, total: float | None) -> None:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        columns = (
            SpinnerColumn(),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[summary]}", markup=False),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=total, summary="")
        self._unit, self._total, self._console = unit, total, console
        self._started_at = self._printed_at = time.monotonic()
        self._initial_count: int | None = None

    def __enter__(self) -> Self:
        # A long job allocates many rows and no reference cycles: collecting cycles took a third of its time.
        gc.freeze()
        gc.set_threshold(200_000, 50, 50)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, reached: float, count: int) -> None:
        """Show the position ``reached`` in the total, and the ``count`` of units; rates start at the first call."""
        at = time.monotonic()
        if self._initial_count is None:
            self._initial_count = count
        rate = (count - self._initial_count) / max(at - self._started_at, 0.001)
        summary = f"{count:,} {self._unit}, {rate:,.0f} a second"
        if self._bar.disable and at - self._printed_at >= LINE_INTERVAL:
            self._printed_at = at
            part = f", {reached / self._total:.0%}" if self._total else ""
            self._console.print(summary + part, markup=False)
        self._bar.update(self._task, completed=reached, summary=summary)
