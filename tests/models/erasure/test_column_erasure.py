"""Values in rows that stay are counted, erased once, and gone."""

import pytest

from models.erasure.column_erasure import COUNT_EMAILS, COUNT_PROFILES, ERASE_EMAILS, ERASE_PROFILES
from models.storage.statement import Statement
from tests.conftest import World
from tests.models.unit_of_work import refused, registered


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("count", "erase"),
    [(COUNT_EMAILS, ERASE_EMAILS), (COUNT_PROFILES, ERASE_PROFILES)],
    ids=["emails", "profile"],
)
async def test_what_is_counted_is_erased_once(world: World, count: Statement, erase: Statement) -> None:
    who = await registered(world, display_name="Ada Example")
    other = await registered(world, "other@example.com", display_name="Bob Example")
    for each in (who, other):
        await refused(world, each)
    async with world.database.transaction() as connection:
        rows = [await statement.rows(connection, ids=[who]) for statement in (count, erase, count, erase)]
        others = await count.rows(connection, ids=[who, other])
    assert [list(map(tuple, each)) for each in rows] == [[(who, 1)], [(who, 1)], [], []]
    assert list(map(tuple, others)) == [(other, 1)]
