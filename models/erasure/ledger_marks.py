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

# Advances only a mark that has not fallen behind, so that a rollback of the database meanwhile is detected.
ADVANCE = Statement("""
INSERT INTO ledger_marks (position)
VALUES (:position)
ON CONFLICT (is_only) DO UPDATE
SET position = GREATEST(ledger_marks.position, excluded.position)
WHERE ledger_marks.position >= :seen
""")


async def read(connection: Connection) -> int:
    """Return the mark; 0 when no erasure was executed yet."""
    position: int = await READ.value(connection)
    return position


async def set_to(connection: Connection, position: int) -> None:
    """Set the mark, as after a replay of the whole ledger."""
    await SET.run(connection, position=position)


async def advance(connection: Connection, position: int, seen: int) -> None:
    """Advance the mark to ``position``, unless it is lower than ``seen``, the mark that was read before."""
    if await read(connection) >= seen and position > seen:
        await ADVANCE.run(connection, position=position, seen=seen)
