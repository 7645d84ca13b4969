"""Restriction: every decision is a no, no choice is lost, and choices can still be made."""

from uuid import UUID

import pytest

from models.consent.decisions import DecisionReason
from models.subjects import restrictions
from tests.conftest import World
from tests.models.unit_of_work import current, decision, granted, named, refused, registered


async def restricted(world: World, who: UUID, *, lifted: bool = False) -> None:
    async with world.unit() as unit:
        await (restrictions.lift_restriction if lifted else restrictions.restrict)(unit, named(who))


@pytest.mark.anyio
async def test_a_restriction_refuses_everything_and_keeps_every_choice(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    before = await current(world, who)
    await restricted(world, who)
    for purpose in ("newsletter", "site-analytics", "order-processing", "accounting"):
        answer = await decision(world, who, purpose)
        assert (answer.allowed, answer.reason) == (False, DecisionReason.RESTRICTED)
    assert await current(world, who) == before
    await restricted(world, who, lifted=True)
    assert (await decision(world, who)).reason == DecisionReason.GRANTED


@pytest.mark.anyio
async def test_choices_made_meanwhile_count_afterwards(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    await restricted(world, who)
    await refused(world, who)
    assert await current(world, who)
    assert (await decision(world, who)).reason == DecisionReason.RESTRICTED
    await restricted(world, who, lifted=True)
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN


@pytest.mark.anyio
async def test_restricting_twice_and_lifting_twice_are_logged_once(world: World) -> None:
    who = await registered(world)
    for lifted in (False, False, True, True):
        await restricted(world, who, lifted=lifted)
    assert (await decision(world, who, "support")).reason == DecisionReason.NECESSARY
