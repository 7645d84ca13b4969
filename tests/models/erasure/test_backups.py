"""Backups are registered with the end of their retention, which is six months at most."""

from datetime import timedelta

import pytest

from models.erasure import backups
from models.storage.clock import now
from models.storage.ids import new_id
from tests.conftest import World

pytestmark = pytest.mark.anyio


async def test_a_backup_is_kept_for_its_retention_and_six_months_at_most(world: World) -> None:
    at = now()
    async with world.keyring.pool.acquire() as connection:
        for days in (10, 1000):
            await backups.record_backup_set(connection, at, timedelta(days=days), position=7, size_bytes=1)
        rows = await backups.all_backups(connection)
    assert sorted(row.expires_at - row.made_at for row in rows) == [timedelta(days=10), backups.MAX_RETENTION]
    assert {row.ledger_position for row in rows} == {7}
    assert len({backups.file_name(row) for row in rows}) == 2


async def test_an_expired_backup_is_listed_until_it_is_removed(world: World) -> None:
    async with world.keyring.pool.acquire() as connection:
        old = await backups.record_backup_set(
            connection, now() - timedelta(days=2), timedelta(days=1), position=0, size_bytes=1
        )
        await backups.record_backup_set(connection, now(), timedelta(days=1), position=0, size_bytes=1)
        assert [row.id for row in await backups.expired_backups(connection)] == [old]
        assert await backups.remove_backup(connection, old)
        assert await backups.expired_backups(connection) == []
        assert not await backups.remove_backup(connection, new_id())
