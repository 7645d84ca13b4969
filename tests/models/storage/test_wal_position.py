"""Positions in the WAL: their text, their order, and what a server reports."""

import asyncpg
import pytest

from models.storage.wal_position import WalPosition, _end_of_records, read_state
from tests.conftest import Databases

SEGMENT = 16 * 1024 * 1024


@pytest.mark.parametrize("position", [WalPosition(1, 0), WalPosition(26, 0x16B3748), WalPosition(2**32 - 1, 2**64 - 1)])
def test_a_position_is_read_as_it_was_written(position: WalPosition) -> None:
    assert WalPosition.parse(position.format()) == position


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "-1", "1-g", "1-ab", " 1-2", "1-2\n", "1-2-3", "1" * 9 + "-1", "1-" + "1" * 17]
)
def test_another_text_is_no_position(text: str) -> None:
    assert WalPosition.parse(text) is None


@pytest.mark.parametrize(("timeline", "lsn"), [(2, 100), (2, 101), (3, 100)])
def test_a_position_includes_earlier_ones_of_its_own_and_of_older_timelines(timeline: int, lsn: int) -> None:
    assert WalPosition(timeline, lsn).includes(WalPosition(2, 100))


@pytest.mark.parametrize(("timeline", "lsn"), [(2, 99), (3, 99), (1, 100), (1, 1000)])
def test_a_position_does_not_include_later_ones(timeline: int, lsn: int) -> None:
    assert not WalPosition(timeline, lsn).includes(WalPosition(2, 100))


@pytest.mark.parametrize(
    ("inserted_at", "end"),
    [
        (SEGMENT + 40, SEGMENT),
        (SEGMENT + 8192 + 24, SEGMENT + 8192),
        (SEGMENT + 8192 + 40, SEGMENT + 8192 + 40),
        (SEGMENT + 48, SEGMENT + 48),
        (SEGMENT + 24, SEGMENT),
    ],
)
def test_the_header_of_an_empty_page_is_no_record(inserted_at: int, end: int) -> None:
    assert _end_of_records(inserted_at, SEGMENT) == end


@pytest.mark.anyio
async def test_a_primary_reports_positions_after_its_commits(clean: Databases) -> None:
    connection = await asyncpg.connect(clean.url)
    try:
        before = await read_state(connection)  # type: ignore[arg-type]  # a pooled connection has the same methods
        await connection.execute("SELECT pg_logical_emit_message(true, 'test', 'a commit')")
        after = await read_state(connection)  # type: ignore[arg-type]  # as above
    finally:
        await connection.close()
    assert not before.is_standby
    assert before.position.timeline == after.position.timeline == 1
    assert before.position < after.position
