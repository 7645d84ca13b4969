"""A process with the code of ``privacy`` loaded, which forks once for each command: importing takes two seconds.

``python -m tests.cli.fork_server`` reads requests from the socket that is its standard input. A request is the length
of a JSON object and the object: the command's arguments, directory and environment. Four descriptors come with it: the
command's standard input, output and error, and a socket for the reply. The reply is the command's process id, and its
exit code when it has ended, each as a line.
"""

import gc
import json
import os
import runpy
import signal
import socket
import struct
import sys
from typing import Any

from cli.lazy import load
from cli.main import COMMANDS

LENGTH = struct.Struct("!I")


def send(control: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
    """Send a request with its four descriptors."""
    body = json.dumps(request).encode()
    socket.send_fds(control, [LENGTH.pack(len(body))], descriptors)
    control.sendall(body)


def run(request: dict[str, Any]) -> None:
    """Become the command: its session, directory, environment and arguments."""
    os.setsid()
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = request["arguments"]
    runpy.run_module("cli", run_name="__main__", alter_sys=True)


def main() -> None:
    """Fork for each request until the other end of the socket closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(0))
    for entry in COMMANDS.values():
        load(entry.target)
    load("cli.failures:report")
    gc.collect()
    gc.freeze()
    while True:
        head, descriptors, _, _ = socket.recv_fds(control, LENGTH.size, 4)
        if not head:
            return
        [length] = LENGTH.unpack(head)
        request = json.loads(control.recv(length, socket.MSG_WAITALL))
        if os.fork() == 0:
            control.close()
            break
        for descriptor in descriptors:
            os.close(descriptor)
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
