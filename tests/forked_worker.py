"""The process that pytest-xdist starts for a worker: the template forks the worker, and this one waits for its end.

``python -I -S tests/forked_worker.py SOCKET`` imports little, for it is Python started anew.
"""

import os
import socket
import struct
import sys

CODE = struct.Struct("!i")
"""An exit code; a signal that ended the worker counts negative."""


def main(path: str) -> int:
    """Return the exit code of a worker that is forked on the streams of this process; 1 when it is lost."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        socket.send_fds(connection, [b"+"], [0, 1, 2])
        os.close(0)
        os.close(1)  # the worker alone writes there: pytest-xdist waits for the end of its output
        code = connection.recv(CODE.size, socket.MSG_WAITALL)
    return int(CODE.unpack(code)[0]) if code else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
