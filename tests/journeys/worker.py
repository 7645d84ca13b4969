"""The worker that erases, as a process of its own that tests may kill: it says when it begins, and runs until then."""

import asyncio
import os
from datetime import timedelta

from models.database import Acting, Database
from models.keyring import Keyring
from models.masters import MasterKeys
from models.roles import WORKER
from workers.erasures import Erasures


async def main() -> None:
    database = await Database.open(
        os.environ["PRIVACY_DATABASE_URL"],
        os.environ["PRIVACY_KEYRING_URL"],
        readers=2,
        writers=4,
        timeout=10,
        acting=Acting(WORKER, WORKER),
    )
    keyring = Keyring(database.keyring, MasterKeys(os.environ["PRIVACY_MASTER_KEY"]))
    await keyring.load()
    worker = Erasures(
        database,
        keyring,
        issuer="https://privacy.example.com",
        backup_life=timedelta(days=183),
        lease=timedelta(seconds=float(os.environ["LEASE"])),
    )
    print("begins", flush=True)  # noqa: T201 -- the test waits for it
    await worker.run(poll=0.01)


if __name__ == "__main__":
    asyncio.run(main())
