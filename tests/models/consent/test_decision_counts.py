"""Consent questions are counted by minute, caller, purpose and answer, and none is lost."""

from typing import Any

import asyncpg
import pytest

from models.consent.decision_counts import DecisionCounts
from tests.conftest import World

pytestmark = pytest.mark.anyio


async def counted(world: World) -> dict[tuple[str, str, str], int]:
    rows: list[Any] = await world.database.readers.fetch(
        "SELECT actor, purpose, reason, sum(count) FROM consent_question_counts GROUP BY actor, purpose, reason"
    )
    return {(row[0], row[1], row[2]): int(row[3]) for row in rows}


async def test_questions_are_counted_by_caller_purpose_and_answer(world: World) -> None:
    processes = [DecisionCounts(), DecisionCounts()]
    for questions in processes:
        questions.count("store", "newsletter", ["GRANTED", "GRANTED", "NEVER_ASKED"])
        questions.count("sync", "newsletter", ["GRANTED"])
        async with world.database.writers.acquire() as connection:
            await questions.write(connection)
            await questions.write(connection)
    assert await counted(world) == {
        ("store", "newsletter", "GRANTED"): 4,
        ("store", "newsletter", "NEVER_ASKED"): 2,
        ("sync", "newsletter", "GRANTED"): 2,
    }


async def test_what_could_not_be_written_stays_counted(world: World) -> None:
    questions = DecisionCounts()
    questions.count("store", "newsletter", ["GRANTED"])
    async with world.database.readers.acquire() as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await questions.write(connection)
    questions.count("store", "newsletter", ["GRANTED"])
    async with world.database.writers.acquire() as connection:
        await questions.write(connection)
    assert await counted(world) == {("store", "newsletter", "GRANTED"): 2}
