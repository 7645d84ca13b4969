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


class LedgerLagError(Exception):
    """The databases do not match. No erasure may be executed or completed before `privacy restore replay`."""


# The position up to which every entry is erased.
LAST_ERASED_POSITION = Statement("""
SELECT COALESCE(
    (SELECT min(position) - 1 FROM erasures WHERE erased_at IS NULL), (SELECT max(position) FROM erasures), 0
)
""")

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


async def advance_mark(database: Database, keyring: Keyring, seen: int) -> int:
    """Advance the ledger mark over the erasures that the database contains, and return it.

    Raise LedgerLagError where the mark is below ``seen``, a mark read before, or where the database lacks an erasure of
    the ledger. The mark then stays: only a replay sets it past a missing erasure.
    """
    async with keyring.pool.acquire() as ring, database.transaction() as connection:
        mark = before = await ledger_marks.lock(connection)
        if mark < seen:
            raise LedgerLagError(LedgerLag.DATABASE_IS_OLDER)
        end = await LAST_ERASED_POSITION.value(ring)
        while mark < end:
            entries = [entry for entry in await ledger.entries_after(ring, mark, BATCH) if entry.position <= end]
            if await missing_entries(connection, entries):
                raise LedgerLagError(LedgerLag.DATABASE_IS_OLDER)
            mark = entries[-1].position
        if mark > before:
            await ledger_marks.set_to(connection, mark)
    return mark


async def missing_entries(connection: Connection, entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return the entries whose erasure the database has neither executed nor started."""
    rows = await REQUEST_STATES.rows(connection, ids=[entry.request_id for entry in entries])
    known = {row["id"]: row for row in rows}

    def is_known(entry: LedgerEntry) -> bool:
        row = known.get(entry.request_id)
        return row is not None and (row["is_erased"] or (row["state"] == "IN_PROGRESS" and entry.erased_at is None))

    return [entry for entry in entries if not is_known(entry)]
