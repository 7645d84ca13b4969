"""Eras of the record: each server counts transactions from its own beginning, so a record that moves counts on.

An event's place is the newest transaction of its server when it is written, counted on from the last place of the era
before. PostgreSQL itself writes no event on a server whose era has not begun: it would stand among those long sealed.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import BigInteger

from models.actors import Actor, Role
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.storage.columns import REFERENCE_TABLE, ErasureAction, Table, Timestamp, column
from models.storage.statement import Connection, Statement

KEEPER: Final = Actor("record keeper", Role.ADMIN, (Role.ADMIN,))


class LogEpoch(Table, table=True):
    """A server on which the record was written, by PostgreSQL's own name for it; the last one is where it is now."""

    __tablename__ = "audit_eras"
    __table_args__ = REFERENCE_TABLE

    number: int = column(BigInteger, ErasureAction.IMPERSONAL, primary_key=True)
    server: int = column(BigInteger, ErasureAction.IMPERSONAL)
    begins_after: int = column(BigInteger, ErasureAction.IMPERSONAL)
    begun_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)


class Watermark(NamedTuple):
    """How far the record is settled: every event before this place is committed, or never will be."""

    place: int
    newest: int
    is_here: bool


# Only transactions that have written events count: they hold a lock on the table until they end. Whoever comes after
# the snapshot was taken writes at its newest transaction or later; whoever came before is among those that it saw run.
HORIZON = Statement("""
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
    era.begins_after + CAST(CAST(COALESCE(
        (
            SELECT running
            FROM pg_snapshot_xip(seen.snapshot) AS running
            WHERE CAST(running AS xid) IN (SELECT transactionid FROM writing)
            ORDER BY running
            LIMIT 1
        ),
        pg_snapshot_xmax(seen.snapshot)
    ) AS text) AS bigint),
    era.begins_after + CAST(CAST(pg_snapshot_xmax(seen.snapshot) AS text) AS bigint),
    era.server = (SELECT system_identifier FROM pg_control_system())
FROM seen
CROSS JOIN audit_eras AS era
ORDER BY era.number DESC
LIMIT 1
""")

BEGIN = Statement("""
SELECT access_event_era()
""")


async def read_watermark(connection: Connection) -> Watermark:
    """Say how far the record is settled. Only statements that begin after this see all of what is."""
    row = await HORIZON.row(connection)
    assert row is not None  # noqa: S101 -- the migration begins the first era
    return Watermark(*row)


async def begin_epoch(connection: Connection) -> int | None:
    """Begin an era if the record has moved to another server, and note that on the record; give its number."""
    async with connection.transaction():
        number: int | None = await BEGIN.value(connection)
        if number is not None:
            await events.record_group(
                connection, EventGroup(EventTemplate(KEEPER, AccessAction.WRITE, ("beginEra",)), (None,))
            )
        return number
