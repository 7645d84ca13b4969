"""The ledger keeps every choice, the current consents follow it, and lapses are computed."""

from datetime import timedelta

import pytest

from models.consent import ledger, recording
from models.consent.ledger import Channel, ConsentState
from models.consent.purposes import all_purposes, find_purposes
from models.consent.recording import Choice
from models.storage.clock import now
from models.storage.pagination import PageRequest
from tests.conftest import World
from tests.models.unit_of_work import current, granted, refused, refused_all, registered

pytestmark = pytest.mark.anyio


async def test_history_is_read_in_pages_the_latest_first(world: World) -> None:
    who = await registered(world)
    other = await registered(world, "other@example.com")
    await granted(world, who)
    await refused(world, who)
    await granted(world, who)
    async with world.database.readers.acquire() as connection:
        pages = await ledger.history(connection, [who, other], PageRequest(2))
        last = pages[who].rows[-1]
        rest = await ledger.history(connection, [who], PageRequest(2, (last.at, last.sequence)))
    assert [row.state for row in pages[who].rows] == ["GRANTED", "WITHDRAWN"]
    assert [row.sequence for row in pages[who].rows] == [3, 2]
    assert pages[who].has_next
    assert ([row.sequence for row in rest[who].rows], rest[who].has_next) == ([1], False)
    assert pages[other].rows == []


async def test_at_equal_times_the_history_lists_the_refusal_that_counts_first(world: World) -> None:
    who = await registered(world)
    at = now() - timedelta(days=1)
    async with world.database.readers.acquire() as connection:
        purpose = (await find_purposes(connection, ["newsletter"]))["newsletter"]
    async with world.unit() as unit:
        for state in (ConsentState.WITHDRAWN, ConsentState.GRANTED):
            await recording.record_choice(unit, who, Choice(purpose, state, Channel.STORE, at))
    consent = await current(world, who)
    assert consent
    async with world.database.readers.acquire() as connection:
        page = (await ledger.history(connection, [who], PageRequest(1)))[who]
        last = page.rows[-1]
        rest = (await ledger.history(connection, [who], PageRequest(1, (last.at, last.sequence))))[who]
    assert [consent.state, page.rows[0].state, rest.rows[0].state] == ["WITHDRAWN", "WITHDRAWN", "GRANTED"]
    assert not rest.has_next


async def test_an_opt_out_of_all_overrides_the_recorded_grant(world: World) -> None:
    who = await registered(world)
    await granted(world, who)
    await refused_all(world, who)
    consent = await current(world, who)
    assert consent
    assert (consent.state, consent.lapses_at) == ("WITHDRAWN", None)


async def test_a_grant_lapses_after_the_purposes_days(world: World) -> None:
    who = await registered(world)
    async with world.database.readers.acquire() as connection:
        purposes = (await all_purposes(connection, []))[None]
    purpose = next(each for each in purposes if each.lapses_after_days)
    days = timedelta(days=purpose.lapses_after_days or 0)
    granted_at = now() - days - timedelta(hours=1)
    await granted(world, who, purpose.key, at=granted_at)
    consent = await current(world, who, purpose.key)
    assert consent
    assert (consent.state, consent.lapses_at) == (ConsentState.LAPSED, granted_at + days)
    await granted(world, who, purpose.key)
    consent = await current(world, who, purpose.key)
    assert consent
    assert consent.state == ConsentState.GRANTED


async def test_a_refusal_is_a_withdrawal_of_consent_and_an_objection_otherwise(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        purposes = (await all_purposes(connection, []))[None]
    states = {purpose.legal_basis: ledger.refusal_state(purpose) for purpose in purposes}
    assert states["CONSENT"] == ConsentState.WITHDRAWN
    assert states["LEGITIMATE_INTERESTS"] == ConsentState.OBJECTED
