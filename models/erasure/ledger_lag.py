"""Whether this database knows every erasure in the ledger: a restored backup does not."""

from collections.abc import Sequence
from enum import StrEnum

from models.encryption.keyring import Keyring
from models.erasure import completion, ledger
from models.erasure.ledger import LedgerEntry
from models.storage.database import Database
from models.storage.statement import Connection, Statement

BATCH = 500


class LedgerLag(StrEnum):
    """Why the service must not serve."""

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
    """Say why the service must not serve, or None. What an execution has entered and not yet done is no lag."""
    async with database.writers.acquire() as connection:
        position = await completion.set_ledger_mark(connection)
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
    """Give the entries that the database does not know as it should."""
    rows = await REQUEST_STATES.rows(connection, ids=[entry.request_id for entry in entries])
    known = {row["id"]: row for row in rows}

    def is_known(entry: LedgerEntry) -> bool:
        row = known.get(entry.request_id)
        return row is not None and (row["is_erased"] or (row["state"] == "IN_PROGRESS" and entry.erased_at is None))

    return [entry for entry in entries if not is_known(entry)]
