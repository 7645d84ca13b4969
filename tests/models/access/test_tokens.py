"""When a token was used is known to the minute, and written once a minute at most."""

from datetime import UTC, datetime, timedelta

import pytest

from models.access import tokens
from models.access.tokens import NewToken
from models.actors import Role
from tests.conftest import World

pytestmark = pytest.mark.anyio


async def test_a_token_s_last_use_is_written_to_the_minute_and_once_a_minute(world: World) -> None:
    async with world.unit(Role.ADMIN) as unit:
        issued = await tokens.issue_token(unit, NewToken("a script", [Role.ADMIN]))
    async with world.database.writers.acquire() as connection:
        counts = [await tokens.USED.run(connection, ids=[issued.token_id]) for _ in range(3)]
        row = (await tokens.by_ids(connection, [issued.token_id]))[issued.token_id]
    assert row
    assert row.last_used_at
    assert (row.last_used_at.second, row.last_used_at.microsecond) == (0, 0)
    assert datetime.now(UTC) - row.last_used_at < timedelta(minutes=2)
    assert sum(counts) <= 2, "a busy token writes once a minute: twice, where the minute changed meanwhile"
