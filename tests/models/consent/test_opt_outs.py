"""Opt-outs: for people, for unknown addresses, once and twice."""

import asyncio

import pytest

from models.consent import opt_outs
from models.consent.decisions import DecisionReason
from models.consent.ledger import Channel
from models.errors import BadInput, StateConflict, SubjectNotFound
from models.registration.corrections import Correction, correct_subject
from models.storage.clock import now
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.unit_of_work import (
    counted,
    current,
    decision,
    dumped,
    granted,
    named,
    refused,
    refused_all,
    registered,
)


@pytest.mark.anyio
async def test_opting_out_twice_is_recorded_once_with_one_answer(world: World) -> None:
    who = await registered(world)
    assert await refused(world, who) == await refused(world, who)
    assert await refused(world, "nobody@example.com") == await refused(world, "Nobody@Example.com")
    assert await refused_all(world, who) == await refused_all(world, who)
    assert await refused_all(world, "nobody@example.com") == await refused_all(world, "nobody@example.com")


@pytest.mark.anyio
async def test_an_opt_out_of_all_refuses_what_can_be_refused(world: World) -> None:
    who = await registered(world)
    result = await refused_all(world, who)
    assert "newsletter" in result.purposes
    assert "site-analytics" in result.purposes
    assert "accounting" not in result.purposes
    for purpose in result.purposes:
        assert not (await decision(world, who, purpose)).allowed


@pytest.mark.anyio
async def test_a_suppression_holds_no_address(world: World) -> None:
    await refused(world, "nobody@example.com")
    [row] = await dumped(world, "suppressions")
    assert "nobody" not in row
    assert await counted(world, "subjects") == 0


@pytest.mark.anyio
async def test_granting_again_takes_the_purpose_off_the_list(world: World) -> None:
    await refused(world, "user@example.com")
    who = await registered(world)
    await granted(world, who)
    assert await counted(world, "suppressions") == 0
    assert (await decision(world, who)).reason == DecisionReason.GRANTED


@pytest.mark.anyio
async def test_a_script_takes_nothing_off_the_list(world: World) -> None:
    await refused(world, "user@example.com")
    who = await registered(world)
    with pytest.raises(StateConflict):
        await granted(world, who, channel=Channel.SCRIPT)
    assert await counted(world, "suppressions") == 1


@pytest.mark.anyio
async def test_an_account_or_an_id_of_nobody_cannot_be_suppressed(world: World) -> None:
    async with world.unit() as unit:
        with pytest.raises(SubjectNotFound):
            await opt_outs.opt_out_of_all(unit, SubjectIdentifier.account("store", "1"), Channel.STORE)


@pytest.mark.anyio
async def test_an_opt_out_names_one_to_a_hundred_purposes(world: World) -> None:
    who = await registered(world)
    async with world.unit() as unit:
        for keys in ([], ["newsletter"] * 101):
            with pytest.raises(BadInput):
                await opt_outs.opt_out(unit, named(who), keys, Channel.STORE)


@pytest.mark.anyio
@pytest.mark.parametrize("attempt", range(3))
async def test_an_opt_out_and_a_registration_at_once_leave_the_person_refused(world: World, attempt: int) -> None:
    email = f"user{attempt}@example.com"
    who, *_ = await asyncio.gather(registered(world, email), refused_all(world, email), registered(world, email))
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN
    assert (await decision(world, who, "site-analytics")).reason == DecisionReason.OBJECTED


@pytest.mark.anyio
async def test_an_opt_out_waits_for_the_correction_that_adds_its_address(world: World) -> None:
    """Without a lock, the address would be suppressed and registered, and the person would have no opt-out."""
    who = await registered(world)
    added = asyncio.Event()

    async def corrects() -> None:
        async with world.unit() as unit:
            await correct_subject(unit, named(who), Correction(add_email="second@example.com"))
            added.set()
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
            async with world.database.readers.acquire() as connection:
                while not opting.done() and not await connection.fetchval(waiting):  # noqa: ASYNC110 -- PostgreSQL's
                    await asyncio.sleep(0.01)

    async def opts_out() -> None:
        await added.wait()
        await refused(world, "second@example.com")

    opting = asyncio.create_task(opts_out())
    await asyncio.gather(corrects(), opting)
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN


@pytest.mark.anyio
async def test_a_no_said_again_outlives_a_grant_from_before_it_that_arrives_late(world: World) -> None:
    who = await registered(world)
    first = await refused(world, who)
    between = now()
    await refused(world, who)
    await granted(world, who, at=between)
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN
    assert await refused(world, who) == first
    await granted(world, who)
    assert (await decision(world, who)).reason == DecisionReason.GRANTED


@pytest.mark.anyio
async def test_an_opt_out_of_all_said_again_outlives_grants_from_before_it(world: World) -> None:
    who = await registered(world)
    await refused_all(world, who)
    between = now()
    await refused_all(world, who)
    await granted(world, who, at=between)
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN


@pytest.mark.anyio
async def test_the_first_moment_of_a_refusal_stays_and_the_last_repetition_orders_grants(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    first = await refused(world, who)
    for channel in (Channel.PHONE, Channel.EMAIL, Channel.PHONE):
        assert (await refused(world, who, channel=channel)).at == first.at
    between = now()
    repeated = await refused(world, who, channel=Channel.MAIL)
    kept = await current(world, who)
    assert kept
    assert (repeated.at, kept.effective_at, (await decision(world, who)).effective_at) == (first.at,) * 3
    await granted(world, who, at=between)
    assert (await decision(world, who)).reason == "WITHDRAWN"
    await granted(world, who)
    assert (await decision(world, who)).reason == "GRANTED"


@pytest.mark.anyio
async def test_the_first_moment_of_an_opt_out_of_all_stays_and_the_last_one_orders_grants(world: World) -> None:
    who = await registered(world)
    first = await refused_all(world, who)
    opted_out_at = await opted_out_of_all_at(world)
    between = now()
    for channel in (Channel.PHONE, Channel.GPC, Channel.WEBSITE):
        assert (await refused_all(world, who, channel=channel)).at == first.at
    assert await opted_out_of_all_at(world) == opted_out_at
    await granted(world, who, at=between)
    assert (await decision(world, who)).reason == "WITHDRAWN"
    await granted(world, who)
    assert (await decision(world, who)).reason == "GRANTED"


@pytest.mark.anyio
async def test_the_first_moment_of_a_suppression_stays_and_the_last_one_orders_grants(world: World) -> None:
    first = await refused(world, "user@example.com")
    between = now()
    assert (await refused(world, "user@example.com", channel=Channel.PHONE)).at == first.at
    who = await registered(world)
    assert (await decision(world, who)).effective_at == first.at
    await granted(world, who, at=between)
    assert (await decision(world, who)).reason == "WITHDRAWN"


async def opted_out_of_all_at(world: World) -> object:
    async with world.database.readers.acquire() as connection:
        return await connection.fetchval("SELECT opted_out_at FROM subjects")
