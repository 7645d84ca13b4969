"""A load of the change feed: its writers, readers and sequencer are processes that are killed again and again.

``python -m benchmarks.feed_load`` runs the load that JSON on standard input describes.
"""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks.feed_tasks import POLL, TRANSACTION_SIZE, FeedLoad, read, sequence, write
from models.storage.ids import Prefix, format_id

COUNT: Final = "SELECT count(*) FROM consent_events"
COUNT_UNPLACED: Final = "SELECT count(*) FROM consent_changes WHERE position IS NULL"
CHANGES: Final = """
SELECT at, subject_id, purpose, state, number
FROM consent_changes
WHERE position > $1
ORDER BY position
"""
_processes: Final = multiprocessing.get_context("fork")


class Processes:
    """The processes of a load. A killed one is started again."""

    def __init__(self, load: FeedLoad) -> None:
        self._load = load
        self._running: dict[tuple[Callable[[FeedLoad, int], None], int], BaseProcess] = {}

    def start(self, task: Callable[[FeedLoad, int], None], count: int) -> None:
        for number in range(count):
            self._running[task, number] = process = _processes.Process(target=task, args=(self._load, number))
            process.start()

    def kill_one(self, task: Callable[[FeedLoad, int], None]) -> None:
        """Kill a random process of a task that has not ended, and start it again."""
        alive = [number for (each, number), process in self._running.items() if each is task and process.is_alive()]
        if alive:
            number = random.choice(alive)
            self.kill(task, number)
            self._running[task, number] = process = _processes.Process(target=task, args=(self._load, number))
            process.start()

    def kill(self, task: Callable[[FeedLoad, int], None], number: int) -> None:
        process = self._running[task, number]
        if process.pid is not None:
            os.kill(process.pid, signal.SIGKILL)
        process.join()

    def join(self, task: Callable[[FeedLoad, int], None]) -> None:
        """Wait until all processes of a task have done their work."""
        for (each, _), process in self._running.items():
            if each is task:
                process.join()
                assert process.exitcode == 0, f"{task.__name__}: {process.exitcode}"


def run(load: FeedLoad) -> float:
    """Run a load to its end, and verify what each reader has. Return the seconds from the first to the last change.

    The process must have one thread only, because it is forked.
    """
    load.is_written.unlink(missing_ok=True)
    processes = Processes(load)
    processes.start(sequence, 1)
    _wait_until_placed(load)  # changes from before the load would reach its readers otherwise
    [row] = load.rows("SELECT last_position, (SELECT count(*) FROM consent_events) FROM change_feed")
    start, before = row
    processes.start(read, load.readers)
    paths = [load.pages(number) for number in range(load.readers)]
    while not all(path.exists() and path.stat().st_size for path in paths):
        time.sleep(POLL)
    began = time.perf_counter()
    processes.start(write, load.writers)
    for kill in range(load.kills):
        while load.rows(COUNT)[0][0] - before < load.changes * (kill + 1) // (load.kills + 2):
            time.sleep(POLL)
        for task in (write, read, sequence):
            processes.kill_one(task)
    processes.join(write)
    _wait_until_placed(load)
    load.is_written.touch()
    processes.join(read)
    seconds = time.perf_counter() - began
    processes.kill(sequence, 0)
    verify(load, load.rows(CHANGES, start))
    return seconds


def _wait_until_placed(load: FeedLoad) -> None:
    while load.rows(COUNT_UNPLACED)[0][0]:
        time.sleep(POLL)


def verify(load: FeedLoad, changes: Sequence[Any]) -> None:
    """Raise AssertionError unless each reader has each change once and in the order of the feed, as made."""
    expected = [[row[0], format_id(Prefix.SUBJECT, row[1]), row[2], row[3]] for row in changes]
    assert len(expected) == load.changes // load.writers // TRANSACTION_SIZE * TRANSACTION_SIZE * load.writers
    assert len({(row[1], row[4]) for row in changes}) == len(expected)
    last: dict[UUID, int] = {}
    for row in changes:
        assert last.get(row[1], 0) < row[4], "the changes of a person are in the order of their commits"
        last[row[1]] = row[4]
    for number in range(load.readers):
        lines = load.pages(number).read_bytes().splitlines()
        rows = [[datetime.fromisoformat(row[0]), *row[1:]] for line in lines for row in json.loads(line)["rows"]]
        assert rows == expected, f"reader {number} has {len(rows)} of {len(expected)} changes, or another order"


def main() -> None:
    """Run the load that the JSON on standard input describes."""
    values = json.load(sys.stdin)
    values["directory"], values["people"] = Path(values["directory"]), [UUID(each) for each in values["people"]]
    run(FeedLoad(**values))


if __name__ == "__main__":
    main()
