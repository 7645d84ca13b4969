"""A process with the code of ``privacy`` loaded, which forks once for each command: importing takes two seconds.

``python -m tests.cli.fork_server PATH`` serves all workers of a test run on the listening socket that is its standard
input, bound to that path. It writes a byte to each connection that it accepts, and ends with the last connection. A
request is the length of a JSON object and the object: the module to run, its arguments, directory and environment. Four
descriptors come with it: standard input, output and error, and a socket for the reply. The reply is the process id, and
the exit code when the process has ended, each as a line.
"""

import gc
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from cli.lazy import load
from cli.main import COMMANDS
from tests.forking import end_process

LENGTH = struct.Struct("!I")


def send(control: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
    """Send a request with its four descriptors."""
    body = json.dumps(request).encode()
    socket.send_fds(control, [LENGTH.pack(len(body))], descriptors)
    control.sendall(body)


def run(request: dict[str, Any]) -> None:
    """Become the module's process: its session, directory, environment and arguments."""
    os.setsid()
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]
    code = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as error:
        if not isinstance(error.code, int | None):
            raise
        code = error.code or 0
    end_process(code)


def next_request(listener: socket.socket, path: Path) -> tuple[dict[str, Any], list[int]]:
    """Return, in a process of its own, a request and its descriptors. The server ends here."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            connection: Any = key.fileobj
            if connection is listener:
                accepted, _ = listener.accept()
                accepted.send(b"+")
                selector.register(accepted, selectors.EVENT_READ)
                continue
            head, descriptors, _, _ = socket.recv_fds(connection, LENGTH.size, 4)
            if not head:
                selector.unregister(connection)
                connection.close()
                if len(selector.get_map()) == 1:
                    path.unlink(missing_ok=True)
                    sys.exit()
                continue
            [length] = LENGTH.unpack(head)
            request = json.loads(connection.recv(length, socket.MSG_WAITALL))
            if os.fork() == 0:
                for other in list(selector.get_map().values()):
                    other.fileobj.close()  # type: ignore[union-attr]  # all of them are sockets
                selector.close()
                return request, descriptors
            for descriptor in descriptors:
                os.close(descriptor)


def main() -> None:
    """Fork for each request until the last connection closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(fileno=os.dup(0))
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    for entry in COMMANDS.values():
        load(entry.target)
    load("cli.failures:report")
    gc.collect()
    gc.freeze()
    request, descriptors = next_request(listener, Path(sys.argv[1]))
    # This process waits for the command, so that the exit code is known whatever ends the command.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, reply = descriptors
    command = os.fork()
    if command == 0:
        os.close(reply)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
            os.close(stream)
        run(request)
        return
    for stream in streams:
        os.close(stream)
    os.write(reply, f"{command}\n".encode())
    _, status = os.waitpid(command, 0)
    os.write(reply, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    main()
