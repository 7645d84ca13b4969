"""The workers that erase subjects and send emails, in a process that kills itself at a line of code, or is killed.

``python -m tests.journeys.killable_worker SMTP_URL`` reads numbers, and starts one worker for each. The worker is
forked from this process, which has its code loaded. It kills itself at that line of the code under test; at 0, never.
The first answer is the worker's process id, the second the number of lines that ran before its death.
"""

import asyncio
import mmap
import os
import sys
from datetime import timedelta
from types import FrameType
from typing import Any, TextIO

from mailers.message import Sender
from mailers.transport_factory import create_transport_factory
from models.access.database_roles import WORKER
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database, DatabaseRoles
from tests.workers.kill_at_line import LINES, Fuse
from workers.email_worker import EmailWorker
from workers.erasure_worker import ErasureWorker

POLL = 0.01
IDLE = {
    "models/delivery/claims.py",
    "models/erasure/ledger_marks.py",
    "models/storage/database.py",
    "workers/delivery_updates.py",
    "workers/email_worker.py",
    "workers/erasure_worker.py",
    "workers/micro_batcher.py",
}
"""The files with lines that also run while there is nothing to do: how many depends on time."""


class SharedFuse(Fuse):
    """A fuse whose count outlives the process."""

    def __init__(self, last: int, count: memoryview) -> None:
        super().__init__({name for names in LINES.values() for name in names} - IDLE, last)
        self._shared = count

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._shared[0] = self.count + 1
        return super().__call__(frame, event, argument)


async def live(smtp_url: str, output: TextIO) -> None:
    database = await Database.open(
        os.environ["PRIVACY_DATABASE_URL"],
        os.environ["PRIVACY_KEYRING_URL"],
        readers=2,
        writers=4,
        timeout=10,
        roles=DatabaseRoles(WORKER, WORKER),
    )
    keyring = Keyring(database.keyring, MasterKeys(os.environ["PRIVACY_MASTER_KEY"]))
    await keyring.load()
    sender = Sender.read("privacy@example.org", None, "https://privacy.example.org")
    letters = EmailWorker(database, keyring, sender, create_transport_factory(smtp_url, "example.org"))
    erasures = ErasureWorker(
        database,
        keyring,
        issuer="https://privacy.example.com",
        backup_life=timedelta(days=183),
        lease=timedelta(seconds=float(os.environ["LEASE"])),
    )
    output.write(f"{os.getpid()}\n")
    await asyncio.gather(erasures.run(poll=POLL), letters.run(concurrency=2, poll=POLL))


def main() -> None:
    """Answer each line."""
    # What workers log is no answer.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    output.write("ready\n")
    count = memoryview(mmap.mmap(-1, 8)).cast("Q")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.settrace(SharedFuse(int(line), count))
            asyncio.run(live(sys.argv[1], output))
        os.waitpid(child, 0)
        output.write(f"{count[0]}\n")


if __name__ == "__main__":
    main()
