"""The watcher of the embedded PostgreSQL: starts it again when it ends while a process of the service uses it."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cli.embedded.cluster import Cluster
from cli.embedded.os_user import EmbeddedError

POLL = 1.0
"""Seconds between two looks at the server."""


@contextmanager
def watched(cluster: Cluster, *, poll: float = POLL) -> Iterator[None]:
    """Start the server again whenever it ends, until the context ends.

    If it does not start, print the reason and stop this process as SIGTERM does.
    """
    is_over = threading.Event()
    thread = threading.Thread(target=_watch, args=(cluster, is_over, poll), name="postgresql", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _watch(cluster: Cluster, is_over: threading.Event, poll: float) -> None:
    while not is_over.wait(poll):
        if cluster.is_running:
            continue
        try:
            cluster.start()
        except (EmbeddedError, OSError) as problem:
            _print(f"the embedded PostgreSQL ended and does not start again: {problem}")
            os.kill(os.getpid(), signal.SIGTERM)
            return
        _print("the embedded PostgreSQL had ended and runs again")


def _print(sentence: str) -> None:
    print(f"privacy: {sentence}", file=sys.stderr, flush=True)
