"""The workers of a run are forked from one process, which loads the code and the tests once for all of them.

pytest has loaded the plugins and the code when it is configured. The template is forked from it there, imports the
tests, and forks a worker for each connection. It ends with pytest.
"""

import contextlib
import gc
import importlib
import os
import select
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import threading
import traceback
import types
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import execnet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import forked_worker
from tests.forking import end_process

ROOT = Path(__file__).parent.parent


def use_template(config: pytest.Config, specs: Sequence[execnet.XSpec]) -> None:
    """Set what pytest-xdist starts for a worker, and fork the template."""
    directory = Path(tempfile.mkdtemp(prefix="privacy-"))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / "workers.socket"))
    listener.listen()
    ours, its = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        serve(listener, its, [*_modules(config)])
    its.close()
    listener.close()
    config.add_cleanup(lambda: shutil.rmtree(directory))
    config.add_cleanup(ours.close)
    python = shlex.join([sys.executable, "-I", "-S", forked_worker.__file__, str(directory / "workers.socket")])
    for spec in specs:
        spec.python = python


def serve(listener: socket.socket, pytest_: socket.socket, modules: list[str]) -> None:
    """Load the modules and fork a worker for each connection, until pytest ends. Never return."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        _load(modules)
        while True:
            ready, _, _ = select.select([listener, pytest_], [], [])
            if pytest_ in ready:
                break
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                pytest_.close()
                _run_worker(connection)
            connection.close()
    except BaseException:  # noqa: BLE001 -- pytest-xdist reports that there is no worker
        traceback.print_exc()
    finally:
        os._exit(0)


def _modules(config: pytest.Config) -> Iterator[str]:
    """Yield the modules of tests that pytest will collect."""
    for argument in config.args:
        path = config.invocation_params.dir / argument.partition("::")[0]
        for file in sorted(path.rglob("test_*.py")) if path.is_dir() else [path]:
            if file.suffix == ".py" and file.is_relative_to(ROOT):
                yield ".".join(file.relative_to(ROOT).with_suffix("").parts)


def _load(modules: list[str]) -> None:
    """Import modules of tests. What fails here fails again, and is reported, where a worker collects it."""
    with warnings.catch_warnings(action="error"):
        for module in modules:
            with contextlib.suppress(Exception, pytest.skip.Exception):
                importlib.import_module(module)
    _generate()
    gc.collect()
    gc.freeze()


@settings(max_examples=100, database=None)
@given(st.integers(), st.text())
def _generate(_number: int, _text: str) -> None:
    """Generate values, for which hypothesis reads the constants of all modules and the characters of Unicode."""


def _run_worker(connection: socket.socket) -> None:
    """Fork a worker, wait for it, and send its exit code. Never return."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    worker = os.fork()
    if worker == 0:
        connection.close()
        _become_worker(streams)
    for stream in streams:
        os.close(stream)
    threading.Thread(target=_kill_with, args=(worker, connection), daemon=True).start()
    _, status = os.waitpid(worker, 0)
    connection.sendall(forked_worker.CODE.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _kill_with(worker: int, connection: socket.socket) -> None:
    """Kill the worker when pytest-xdist has killed the process that stands for it."""
    if not connection.recv(1):
        os.kill(worker, signal.SIGKILL)


def _become_worker(streams: list[int]) -> None:
    """Run what a worker's Python runs: the lines on its standard input. Never return."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0, "r", 1), os.fdopen(1, "w", 1), os.fdopen(2, "w", 1)
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    code = 1
    try:
        exec(eval(sys.stdin.readline()), main.__dict__)  # noqa: S102, S307 -- as the command line of pytest-xdist
        code = 0
    except BaseException:  # noqa: BLE001 -- this process ends with it
        traceback.print_exc()
    end_process(code)
