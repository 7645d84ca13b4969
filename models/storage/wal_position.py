"""Positions in the write-ahead log (WAL), and the statement that asks a server for its own."""

import re
from typing import NamedTuple, Self

from models.storage.statement import Connection, Statement

_TEXT = re.compile(r"([0-9A-F]{1,8})-([0-9A-F]{1,16})")
_PAGE_BYTES = 8192
_PAGE_HEADER_BYTES = 24
_SEGMENT_HEADER_BYTES = 40

# A server that is promoted meanwhile refuses the functions of the other state. The control file has the timeline of the
# last restart point. That of the stream is newer, and visible to sessions with the rights of pg_read_all_stats.
SERVER_STATE = Statement("""
SELECT
    server.is_standby,
    CASE
        WHEN server.is_standby THEN GREATEST(
            (SELECT timeline_id FROM pg_control_checkpoint()), (SELECT received_tli FROM pg_stat_wal_receiver)
        )
    END AS standby_timeline,
    CASE WHEN NOT server.is_standby THEN pg_walfile_name(pg_current_wal_insert_lsn()) END AS wal_file,
    CAST(
        CASE WHEN server.is_standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0'
        AS bigint
    ) AS lsn,
    pg_size_bytes(current_setting('wal_segment_size')) AS segment_bytes
FROM (SELECT pg_is_in_recovery() AS is_standby) AS server
""")

# The login of the service inherits no rights, so a membership counts for nothing until the session acts as the role.
# PostgreSQL 16 or later has memberships without the right to SET ROLE.
ACT_AS_STATISTICS_READER = Statement("""
SELECT set_config('role', 'pg_read_all_stats', false)
WHERE pg_has_role(
    session_user,
    'pg_read_all_stats',
    CASE WHEN CAST(current_setting('server_version_num') AS integer) < 160000 THEN 'MEMBER' ELSE 'SET' END
)
""")

SYSTEM_IDENTIFIER = Statement("""
SELECT system_identifier
FROM pg_control_system()
""")


class WalPosition(NamedTuple):
    """A position in the WAL of one timeline, in bytes. Each promotion of a standby begins a new timeline."""

    timeline: int
    lsn: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the position of a text such as ``1-16B3748``, or None for any other text."""
        match = _TEXT.fullmatch(text)
        return cls(int(match[1], 16), int(match[2], 16)) if match else None

    def format(self) -> str:
        """Return the position as `parse` reads it."""
        return f"{self.timeline:X}-{self.lsn:X}"

    def includes(self, other: "WalPosition") -> bool:
        """Return whether a server at this position has what was committed at another one.

        A newer timeline includes what the older one had when it began. What came later was lost with the old primary.
        """
        return self.timeline >= other.timeline and self.lsn >= other.lsn


class ServerState(NamedTuple):
    """Whether a server is a standby, and the position that it has replayed or written."""

    is_standby: bool
    position: WalPosition


async def begin_session(connection: Connection) -> int:
    """Act as pg_read_all_stats in this session if its login may, and return the identifier of the server's cluster."""
    await ACT_AS_STATISTICS_READER.value(connection)
    return int(await SYSTEM_IDENTIFIER.value(connection))


async def read_state(connection: Connection) -> ServerState:
    """Ask a server for its state. All commits that are visible on it are at or before the position."""
    row = await SERVER_STATE.row(connection)
    assert row, "the statement returns one row"  # noqa: S101
    if row["is_standby"]:
        return ServerState(is_standby=True, position=WalPosition(row["standby_timeline"], row["lsn"] or 0))
    lsn = _end_of_records(row["lsn"], row["segment_bytes"])
    return ServerState(is_standby=False, position=WalPosition(int(row["wal_file"][:8], 16), lsn))


def _end_of_records(lsn: int, segment_bytes: int) -> int:
    """Return the end of the last record, for the position at which the next one is inserted.

    At the start of a page they differ by the page's header, which a standby has not replayed.
    """
    if lsn % segment_bytes == _SEGMENT_HEADER_BYTES:
        return lsn - _SEGMENT_HEADER_BYTES
    return lsn - _PAGE_HEADER_BYTES if lsn % _PAGE_BYTES == _PAGE_HEADER_BYTES else lsn
