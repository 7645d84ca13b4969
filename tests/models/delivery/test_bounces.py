"""A bounce names a known subject in the access event, and never tells the caller whether there is one."""

from uuid import UUID

import pytest

from models.consent.decisions import DecisionReason
from models.delivery.bounces import BounceKind, record_bounce
from tests.conftest import World
from tests.models.unit_of_work import counted, decision, execute, granted, registered

pytestmark = pytest.mark.anyio
ADDRESS = "User@example.com"


async def bounced(world: World, kind: BounceKind, address: str = ADDRESS) -> list[UUID]:
    """Record a bounce, and return the subjects that its access event names."""
    async with world.unit() as unit:
        assert await record_bounce(unit, address, kind)
        return unit.subject_ids


async def stopped(world: World) -> int:
    async with world.database.readers.acquire() as connection:
        return int(await connection.fetchval("SELECT count(stopped_at) FROM email_addresses"))


@pytest.mark.parametrize(("kind", "count"), [(BounceKind.HARD, 1), (BounceKind.SOFT, 0)])
async def test_only_a_hard_bounce_stops_delivery(world: World, kind: BounceKind, count: int) -> None:
    who = await registered(world)
    assert await bounced(world, kind) == [who]
    assert await stopped(world) == count


async def test_a_complaint_opts_out_of_marketing_without_an_email(world: World) -> None:
    who = await registered(world)
    for purpose in ("newsletter", "usage-statistics"):
        await granted(world, who, purpose)
    await execute(world, "DELETE FROM letters")
    assert await bounced(world, BounceKind.COMPLAINT) == [who]
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN
    assert (await decision(world, who, "usage-statistics")).reason == DecisionReason.GRANTED
    assert await counted(world, "letters") == 0


async def test_a_complaint_of_an_unknown_address_is_a_suppression(world: World) -> None:
    assert await bounced(world, BounceKind.COMPLAINT) == []
    assert await counted(world, "suppressions") > 0


@pytest.mark.parametrize("kind", BounceKind)
async def test_a_bounce_of_an_erased_subject_is_accepted(world: World, kind: BounceKind) -> None:
    await registered(world)
    await execute(world, "UPDATE subjects SET status = 'ERASING'")
    await bounced(world, kind)
    assert await counted(world, "consent_events") == 0
