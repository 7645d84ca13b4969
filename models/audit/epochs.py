"""Epochs of the audit log: one for each PostgreSQL server that the log was written on.

An event's position is the server's newest transaction id when the event is written, plus the offset of the epoch.
Each server counts transactions from its own start. The offset makes positions continue after the log moves to another
server. PostgreSQL refuses events on a server without an epoch: they would get the positions of sealed events.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import BigInteger

from models.actors import Actor, Role
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.storage.columns import REFERENCE_TABLE, ErasureAction, Table, Timestamp, column
from models.storage.statement import Connection, Statement

LOG_KEEPER: Final = Actor("record keeper", Role.ADMIN, (Role.ADMIN,))
"""The actor of the event that states the begin of an epoch."""


class LogEpoch(Table, table=True):
    """A server on which the log was written, by PostgreSQL's system identifier. The last epoch is the current one."""

    __tablename__ = "audit_eras"
    __table_args__ = REFERENCE_TABLE

    number: int = column(BigInteger, ErasureAction.IMPERSONAL, primary_key=True)
    server: int = column(BigInteger, ErasureAction.IMPERSONAL)
    begins_after: int = column(BigInteger, ErasureAction.IMPERSONAL)
    begun_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)


class Watermark(NamedTuple):
    """How far the log is complete: no transaction can still commit an event before ``position``."""

    position: int
    newest_position: int
    """The position that an event written now would get."""
    is_current_server: bool
    """Whether the last epoch is of this server."""


# Only transactions that have written events count: they hold a lock on the table until they end. A transaction that
# starts after the snapshot writes at the snapshot's newest transaction or later. An earlier one is in the snapshot.
READ_WATERMARK = Statement("""
WITH seen AS MATERIALIZED (
    SELECT pg_current_snapshot() AS snapshot
), writing AS MATERIALIZED (
    SELECT mine.transactionid
    FROM pg_locks AS held
    JOIN pg_locks AS mine ON mine.virtualtransaction = held.virtualtransaction
    WHERE held.locktype = 'relation'
    AND held.relation = CAST('access_events' AS regclass)
    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND held.mode = 'RowExclusiveLock'
    AND mine.locktype = 'transactionid'
    AND mine.mode = 'ExclusiveLock'
)
SELECT
    epoch.begins_after + CAST(CAST(COALESCE(
        (
            SELECT running
            FROM pg_snapshot_xip(seen.snapshot) AS running
            WHERE CAST(running AS xid) IN (SELECT transactionid FROM writing)
            ORDER BY running
            LIMIT 1
        ),
        pg_snapshot_xmax(seen.snapshot)
    ) AS text) AS bigint),
    epoch.begins_after + CAST(CAST(pg_snapshot_xmax(seen.snapshot) AS text) AS bigint),
    epoch.server = (SELECT system_identifier FROM pg_control_system())
FROM seen
CROSS JOIN audit_eras AS epoch
ORDER BY epoch.number DESC
LIMIT 1
""")

BEGIN_EPOCH = Statement("""
SELECT access_event_era()
""")


async def read_watermark(connection: Connection) -> Watermark:
    """Return how far the log is complete. Only statements that begin after this one see all events before it."""
    row = await READ_WATERMARK.row(connection)
    assert row is not None  # noqa: S101 -- a migration begins the first epoch
    return Watermark(*row)


async def begin_epoch(connection: Connection) -> int | None:
    """Begin an epoch if the log has moved to another server, and append an event about it.

    Return the number of the new epoch, or None if the current epoch is of this server.
    """
    async with connection.transaction():
        number: int | None = await BEGIN_EPOCH.value(connection)
        if number is not None:
            template = EventTemplate(LOG_KEEPER, AccessAction.WRITE, ("beginEra",))
            await events.append(connection, [EventGroup(template, (None,))])
        return number
