"""Values in rows that stay are counted, erased once, and gone."""

import pytest

from models.erasure.column_erasure import (
    COUNT_CHOICES,
    COUNT_EMAILS,
    COUNT_PROFILES,
    ERASE_CHOICES,
    ERASE_EMAILS,
    ERASE_PROFILES,
)
from models.storage.statement import Statement
from tests.conftest import World
from tests.models.unit_of_work import granted, refused, registered


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("count", "erase", "expected"),
    [(COUNT_CHOICES, ERASE_CHOICES, 2), (COUNT_EMAILS, ERASE_EMAILS, 2), (COUNT_PROFILES, ERASE_PROFILES, 1)],
    ids=["choices", "emails", "profile"],
)
async def test_what_is_counted_is_erased_once(world: World, count: Statement, erase: Statement, expected: int) -> None:
    who = await registered(world, display_name="Ada Example")
    other = await registered(world, "other@example.com", display_name="Bob Example")
    for each in (who, other):
        await granted(world, each, "crash-reports")
        for _ in range(2):
            await refused(world, each)
    async with world.database.transaction() as connection:
        rows = [await statement.rows(connection, ids=[who]) for statement in (count, erase, count, erase)]
        others = await count.rows(connection, ids=[who, other])
    assert [list(map(tuple, each)) for each in rows] == [[(who, expected)], [(who, expected)], [], []]
    assert list(map(tuple, others)) == [(other, expected)]


@pytest.mark.anyio
async def test_erased_choices_leave_nothing_in_the_row(world: World) -> None:
    who = await registered(world)
    for _ in range(2):
        await refused(world, who)
    columns = "SELECT choices, refusals_confirmed_at FROM subjects"
    async with world.database.transaction() as connection:
        before = await connection.fetchrow(columns)
        await ERASE_CHOICES.rows(connection, ids=[who])
        after = await connection.fetchrow(columns)
    assert before
    assert all(before)
    assert list(after or ()) == [None, None]
