"""Lag behind the ledger: a restored database lacks erasures that the ledger contains."""

from collections.abc import Sequence
from enum import StrEnum

from models.encryption.keyring import Keyring
from models.erasure import ledger, ledger_marks
from models.erasure.ledger import LedgerEntry
from models.storage.database import Database
from models.storage.statement import Connection, Statement

BATCH = 500
"""How many ledger entries are compared in one statement."""


class LedgerLag(StrEnum):
    """The reason why the service must not answer requests. The value is shown to the operator."""

    DATABASE_IS_OLDER = (
        "the database is older than the erasure ledger, as after a restore: run `privacy restore replay`"
    )
    KEYRING_IS_OLDER = "the keyring is older than the database, as after a restore: run `privacy restore replay`"


REQUEST_STATES = Statement("""
SELECT id, state, erased_at IS NOT NULL AS is_erased
FROM rights_requests
WHERE id = ANY(:ids)
""")


async def read_lag(database: Database, keyring: Keyring) -> LedgerLag | None:
    """Return the lag between the databases, or None. An erasure that is being executed is not a lag."""
    async with database.writers.acquire() as connection:
        position = await ledger_marks.read(connection)
    async with keyring.pool.acquire() as ring:
        if await ledger.LAST_POSITION.value(ring) < position:
            return LedgerLag.KEYRING_IS_OLDER
        while entries := await ledger.entries_after(ring, position, BATCH):
            async with database.writers.acquire() as connection:
                if await missing_entries(connection, entries):
                    return LedgerLag.DATABASE_IS_OLDER
            position = entries[-1].position
    return None


async def missing_entries(connection: Connection, entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return the entries whose erasure the database has neither executed nor started."""
    rows = await REQUEST_STATES.rows(connection, ids=[entry.request_id for entry in entries])
    known = {row["id"]: row for row in rows}

    def is_known(entry: LedgerEntry) -> bool:
        row = known.get(entry.request_id)
        return row is not None and (row["is_erased"] or (row["state"] == "IN_PROGRESS" and entry.erased_at is None))

    return [entry for entry in entries if not is_known(entry)]
