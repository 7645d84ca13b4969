"""The ledger mark advances, and stays where a rollback of the database put it."""

import pytest

from models.erasure import ledger_marks
from tests.conftest import World

pytestmark = pytest.mark.anyio


async def test_the_mark_starts_at_zero_and_only_advances(world: World) -> None:
    async with world.database.transaction() as connection:
        assert await ledger_marks.read(connection) == 0
        await ledger_marks.advance(connection, 5, seen=0)
        await ledger_marks.advance(connection, 3, seen=0)
        assert await ledger_marks.read(connection) == 5


async def test_a_mark_that_fell_behind_is_not_advanced(world: World) -> None:
    async with world.database.transaction() as connection:
        await ledger_marks.set_to(connection, 2)
        await ledger_marks.advance(connection, 9, seen=4)
        assert await ledger_marks.read(connection) == 2
