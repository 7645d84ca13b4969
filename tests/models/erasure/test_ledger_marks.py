"""The ledger mark is locked, read and set."""

import pytest

from models.erasure import ledger_marks
from tests.conftest import World

pytestmark = pytest.mark.anyio


async def test_the_mark_starts_at_zero_and_is_what_was_set(world: World) -> None:
    async with world.database.transaction() as connection:
        assert await ledger_marks.read(connection) == await ledger_marks.lock(connection) == 0
        for position in (5, 3):
            await ledger_marks.set_to(connection, position)
            assert await ledger_marks.read(connection) == await ledger_marks.lock(connection) == position
