"""Remnants of destroyed keys: what PostgreSQL still stores of deleted rows of the keyring, and how it is removed.

A deleted row stays in the file of its table until the table is rewritten. It stays in the write-ahead log (WAL) until
the segments of that time are removed. Replicas, archives and backups have copies of their own.
"""

import asyncio
import re
import time
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg
from sqlalchemy import BigInteger

from models.storage.columns import ErasureAction, KeyringTable, Text, Timestamp, column
from models.storage.statement import Connection, Statement


class KeyRewrite(KeyringTable, table=True):
    """A rewriting of the tables of keys: none of the keys that were destroyed before it is in their files."""

    __tablename__ = "key_rewrites"

    rewritten_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, primary_key=True)
    removed_count: int = column(BigInteger, ErasureAction.IMPERSONAL)
    """The rows that were deleted or replaced in all key tables, since the statistics of the server began."""
    wal_file: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    """The WAL segment that followed; None where the login may not switch segments."""


class KeyRemnants(NamedTuple):
    """Where destroyed keys can still be. A field is None where the login may not find it out."""

    rewritten_at: datetime | None
    in_tables: int | None
    """The keys that were destroyed or wrapped anew since the tables were rewritten.

    None if the server was started after that: a crash resets its counts.
    """
    in_wal: int | None
    """The WAL segments that were written before, or are kept to be written again."""
    is_archived: bool
    """Whether the server archives its WAL or keeps it for replicas: those copies are not counted."""


REWRITES: Final = (
    Statement("VACUUM (FULL, VERBOSE) subject_keys"),
    Statement("VACUUM (FULL, VERBOSE) letter_keys"),
)
"""The tables whose rows are destroyed. VERBOSE reports the deleted rows that had to stay."""

LIMIT_LOCK_WAIT: Final = Statement("SET lock_timeout = '2s'")
"""Reads of keys queue behind a rewriting that waits for an older reader: no longer than this."""

RETRY_INTERVAL: Final = 0.5
"""Seconds between two attempts."""

REMOVED_COUNT: Final = Statement("""
SELECT CAST(COALESCE(sum(pg_stat_get_tuples_deleted(oid) + pg_stat_get_tuples_updated(oid)), 0) AS bigint)
FROM pg_class
WHERE oid IN (CAST('subject_keys' AS regclass), CAST('letter_keys' AS regclass))
""")

SWITCH_WAL: Final = Statement("""
SELECT pg_walfile_name(pg_switch_wal() + 1)
""")

NOW: Final = Statement("SELECT clock_timestamp()")

CHECKPOINT: Final = Statement("CHECKPOINT")

INSERT_REWRITE: Final = Statement("""
INSERT INTO key_rewrites (rewritten_at, removed_count, wal_file)
VALUES (:rewritten_at, :removed_count, :wal_file)
""")

LAST_REWRITE: Final = Statement("""
SELECT rewritten_at, removed_count, wal_file, pg_postmaster_start_time() < rewritten_at
FROM key_rewrites
ORDER BY rewritten_at DESC
LIMIT 1
""")

COUNT_OLD_SEGMENTS: Final = Statement("""
SELECT count(*)
FROM pg_ls_waldir()
WHERE name ~ '^[0-9A-F]{24}$'
AND (name < :wal_file OR (modification < :rewritten_at AND CAST(current_setting('wal_recycle') AS boolean)))
""")

IS_ARCHIVED: Final = Statement("""
SELECT current_setting('archive_mode') <> 'off' OR EXISTS (SELECT FROM pg_replication_slots)
""")


async def rewrite_keys(connection: Connection, patience: float) -> bool:
    """Rewrite the tables of keys, as their owner, and return whether every deleted row is removed.

    Reads of keys wait meanwhile, about a second for a million keys. PostgreSQL keeps a deleted row while a transaction
    that began before the deletion is open. The rewriting is repeated for up to ``patience`` seconds until no such row
    is left, and is recorded only then. The WAL continues in a new segment, and the segments before it are removed,
    where the login may do so.
    """
    await LIMIT_LOCK_WAIT.run(connection)
    deadline = time.monotonic() + patience
    while True:
        removed_count, rewritten_at = await REMOVED_COUNT.value(connection), await NOW.value(connection)
        if all([await _rewrite_table(connection, statement) for statement in REWRITES]):
            break
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(RETRY_INTERVAL)
    try:
        wal_file = await SWITCH_WAL.value(connection)
        await CHECKPOINT.run(connection)
    except asyncpg.InsufficientPrivilegeError:
        wal_file = None
    await INSERT_REWRITE.run(connection, rewritten_at=rewritten_at, removed_count=removed_count, wal_file=wal_file)
    return True


async def _rewrite_table(connection: Connection, statement: Statement) -> bool:
    """Rewrite one table and return whether all its deleted rows are removed.

    The first number of PostgreSQL's detail, in each language, is the count of deleted rows that had to stay.
    """
    details: list[str] = []

    def keep_detail(_connection: object, message: asyncpg.PostgresLogMessage) -> None:
        details.append(message.detail or "")

    connection.add_log_listener(keep_detail)
    try:
        await statement.run(connection)
        await asyncio.sleep(0)  # the driver calls its listeners in the next turn of the event loop
    except asyncpg.LockNotAvailableError:
        return False
    finally:
        connection.remove_log_listener(keep_detail)
    return not any(int(number.group()) for detail in details if (number := re.search(r"\d+", detail)))


async def find_remnants(connection: Connection) -> KeyRemnants:
    """Return where keys that are destroyed can still be stored on this server."""
    is_archived = await IS_ARCHIVED.value(connection)
    row = await LAST_REWRITE.row(connection)
    if row is None:
        return KeyRemnants(None, None, None, is_archived)
    rewritten_at, known_count, wal_file, is_counted = row
    try:
        in_wal = await COUNT_OLD_SEGMENTS.value(connection, wal_file=wal_file or "", rewritten_at=rewritten_at)
    except asyncpg.InsufficientPrivilegeError:
        in_wal = None
    in_tables = await REMOVED_COUNT.value(connection) - known_count if is_counted else None
    return KeyRemnants(rewritten_at, in_tables, in_wal if wal_file else None, is_archived)
