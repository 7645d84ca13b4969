"""The first moment of a refusal stays with the current choice, in whatever order its repetitions arrive."""

import re
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from api.access.write_grants import statements
from models.consent.ledger import ConsentState
from tests.conftest import World
from tests.models.consent.test_recording import NO, YES, choose
from tests.models.unit_of_work import current, decision, registered

DAYS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(4)]


@pytest.mark.anyio
async def test_a_refusal_of_an_explicit_later_time_keeps_the_first_moment_and_orders_grants(world: World) -> None:
    who = await registered(world)
    await choose(world, who, (YES, DAYS[0]), (NO, DAYS[1]), (NO, DAYS[3]))
    kept = await current(world, who)
    assert kept
    assert (kept.effective_at, (await decision(world, who)).effective_at) == (DAYS[1], DAYS[1])
    await choose(world, who, (YES, DAYS[2]))
    assert (await decision(world, who)).reason == "WITHDRAWN"


@pytest.mark.anyio
async def test_a_grant_between_two_refusals_makes_the_later_one_the_first(world: World) -> None:
    for number, order in enumerate(permutations([(NO, DAYS[1]), (YES, DAYS[2]), (NO, DAYS[3])])):
        who = await registered(world, f"user{number}@example.com")
        await choose(world, who, *order)
        kept = await current(world, who)
        assert kept
        assert (kept.state, kept.effective_at) == (ConsentState.WITHDRAWN, DAYS[3])


def test_no_statement_names_the_table_of_the_previous_version() -> None:
    naming = {name for name, statement in statements().items() if re.search(r"\bconsents\b", statement.sql)}
    assert naming == set()
