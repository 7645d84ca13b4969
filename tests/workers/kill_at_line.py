"""A worker that kills itself at a given line.

``python -m tests.workers.kill_at_line WORK DATABASE KEYRING MASTER_KEY SMTP_URL`` reads numbers, one a line. For each
number a process of its own does the due work: ``letters`` or ``erasures``. It prints how many lines ran, or ``killed``.
Zero kills nothing. A negative number counts no lines, which takes less time.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from mailers.message import Sender
from mailers.transport_factory import create_transport_factory
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from workers.email_worker import EmailWorker
from workers.erasure_worker import ErasureWorker

ROOT = Path(__file__).parents[2]
LINES = {
    "letters": (
        "mailers/emails.py",
        "mailers/message.py",
        "mailers/transport_factory.py",
        "mailers/smtp.py",
        "models/delivery/claims.py",
        "models/storage/database.py",
        "models/consent/decisions.py",
        "models/delivery/results.py",
        "models/delivery/handoff.py",
        "workers/email_delivery.py",
        "workers/micro_batcher.py",
        "workers/email_worker.py",
        "workers/delivery_updates.py",
    ),
    "erasures": (
        "models/erasure/step_planning.py",
        "models/erasure/completion.py",
        "models/storage/database.py",
        "models/erasure/scope.py",
        "models/erasure/execution.py",
        "models/erasure/completion_emails.py",
        "models/encryption/keyring.py",
        "models/encryption/key_store.py",
        "models/erasure/ledger.py",
        "models/erasure/ledger_marks.py",
        "models/encryption/email_keys.py",
        "workers/erasure_worker.py",
    ),
}
"""The files of each work whose lines are counted."""


class Fuse:
    """Counts the lines that run in the code under test, and kills the process at the given one."""

    def __init__(self, files: Iterable[str], last: int) -> None:
        self.last = last
        self.count = 0
        self._watched = {str(ROOT / name) for name in files}

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in self._watched:
            return None
        if event == "line":
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


async def drain(work: str, url: str, keyring_url: str, master_key: str, smtp_url: str) -> None:
    database = await Database.open(url, keyring_url, readers=1, writers=2, timeout=10)
    keyring = Keyring(database.keyring, MasterKeys(master_key))
    await keyring.load()
    if work == "letters":
        sender = Sender.read("privacy@example.org", None, "https://privacy.example.org")
        await EmailWorker(database, keyring, sender, create_transport_factory(smtp_url, "example.org")).drain()
    else:
        # A lease that is over at once: the next worker takes up what this one leaves.
        life, lease = timedelta(days=183), timedelta(0)
        await ErasureWorker(database, keyring, issuer="https://x.example.org", backup_life=life, lease=lease).drain()
    await database.close()


def main() -> None:
    """Answer each number."""
    print("ready", flush=True)  # noqa: T201 -- it is how this program answers
    for line in sys.stdin:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            fuse = Fuse(LINES[sys.argv[1]], int(line))
            if fuse.last >= 0:
                sys.settrace(fuse)
            asyncio.run(drain(*sys.argv[1:6]))
            sys.settrace(None)
            os.write(writer, str(fuse.count).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            count = answer.read().decode()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else count, flush=True)  # noqa: T201


if __name__ == "__main__":
    assert Path(ROOT).is_dir()
    main()
