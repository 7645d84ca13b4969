"""The workers that erase subjects and send emails, in a process that tests may kill at any moment.

``python -m tests.journeys.killable_worker SMTP_URL`` starts one worker for each line that it reads. The worker is
forked from this process, which has its code loaded. The first answer is the worker's process id, the second ``dead``.
"""

import asyncio
import os
import sys
from datetime import timedelta
from typing import TextIO

from mailers.message import Sender
from mailers.transport_factory import create_transport_factory
from models.access.database_roles import WORKER
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database, DatabaseRoles
from workers.email_worker import EmailWorker
from workers.erasure_worker import ErasureWorker

POLL = 0.01


async def live(smtp_url: str, output: TextIO) -> None:
    database = await Database.open(
        os.environ["PRIVACY_DATABASE_URL"],
        os.environ["PRIVACY_KEYRING_URL"],
        readers=2,
        writers=8,
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
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(live(sys.argv[1], output))
        os.waitpid(child, 0)
        output.write("dead\n")


if __name__ == "__main__":
    main()
