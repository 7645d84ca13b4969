"""The ledger mark: up to which ledger position this database has executed the erasures."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint

from models.storage.columns import ErasureAction, Table, column
from models.storage.statement import Connection, Statement


class LedgerMark(Table, table=True):
    """The mark, one row. A restored database has a lower mark than the ledger's last position."""

    __tablename__ = "ledger_marks"
    __table_args__ = (CheckConstraint("is_only", name="one_mark"),)

    is_only: bool = column(Boolean, ErasureAction.IMPERSONAL, primary_key=True, server_default="true")
    position: int = column(BigInteger, ErasureAction.IMPERSONAL)


READ = Statement("""
SELECT COALESCE(max(position), 0)
FROM ledger_marks
""")

SET = Statement("""
INSERT INTO ledger_marks (position)
VALUES (:position)
ON CONFLICT (is_only) DO UPDATE
SET position = excluded.position
""")

# A restore of the database waits for the lock, or has ended before it.
LOCK = Statement("""
SELECT position
FROM ledger_marks
FOR UPDATE
""")


async def read(connection: Connection) -> int:
    """Return the mark; 0 when no erasure was executed yet."""
    position: int = await READ.value(connection)
    return position


async def set_to(connection: Connection, position: int) -> None:
    """Set the mark, as after a replay of the whole ledger."""
    await SET.run(connection, position=position)


async def lock(connection: Connection) -> int:
    """Lock the mark to the end of the transaction, and return it."""
    position: int = await LOCK.value(connection) or 0
    return position
