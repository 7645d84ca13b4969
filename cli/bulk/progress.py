"""How far a long work is: a bar on a terminal, a plain line now and then elsewhere."""

import gc
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

EVERY = 5.0
"""Seconds between two plain lines."""


class ProgressReporter:
    """Shows on standard error what part of ``total`` is done, and how many ``things`` that are."""

    def __init__(self, things: str, total: float | None) -> None:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        columns = (
            SpinnerColumn(),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=total, said="")
        self._things, self._total, self._console = things, total, console
        self._began = self._spoke = time.monotonic()
        self._first: int | None = None

    def __enter__(self) -> Self:
        # A long work makes many rows and no cycles; looking through them for cycles took a third of its time.
        gc.freeze()
        gc.set_threshold(200_000, 50, 50)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, reached: float, count: int) -> None:
        """Say how far it is: ``reached`` of the total, ``count`` things."""
        at = time.monotonic()
        if self._first is None:
            self._first = count
        rate = (count - self._first) / max(at - self._began, 0.001)
        said = f"{count:,} {self._things}, {rate:,.0f} a second"
        if self._bar.disable and at - self._spoke >= EVERY:
            self._spoke = at
            part = f", {reached / self._total:.0%}" if self._total else ""
            self._console.print(said + part, markup=False)
        self._bar.update(self._task, completed=reached, said=said)
