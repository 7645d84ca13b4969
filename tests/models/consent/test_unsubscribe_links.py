"""A link leads back to one subject and one purpose, and unsubscribing sends no email."""

from uuid import UUID

import pytest

from models.consent import unsubscribe_links
from models.consent.decisions import DecisionReason
from models.consent.unsubscribe_links import LinkToken
from models.errors import PurposeNotRefusable, SubjectNotFound, UnknownPurpose
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.unit_of_work import counted, decision, execute, granted, named, registered

pytestmark = pytest.mark.anyio
URL = "https://privacy.example.com/"


async def test_a_link_carries_the_token_of_the_subject_and_the_purpose(world: World) -> None:
    who = await registered(world)
    async with world.unit() as unit:
        link = await unsubscribe_links.create_unsubscribe_link(unit, named(who), "newsletter", URL)
    prefix, _, token = link.url.rpartition("/")
    assert prefix == "https://privacy.example.com/u"
    assert unsubscribe_links.verify_token(world.keyring, token) == LinkToken(who, "newsletter")
    assert [tuple(header) for header in link.headers] == [
        ("List-Unsubscribe", f"<{link.url}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


async def test_there_is_no_link_without_a_refusable_purpose_and_a_subject(world: World) -> None:
    who = await registered(world)
    for identifier, purpose, refusal in (
        (named(who), "no-such-purpose", UnknownPurpose),
        (named(who), "accounting", PurposeNotRefusable),
        (SubjectIdentifier.email("nobody@example.com"), "newsletter", SubjectNotFound),
    ):
        with pytest.raises(refusal):
            async with world.unit() as unit:
                await unsubscribe_links.create_unsubscribe_link(unit, identifier, purpose, URL)


@pytest.mark.parametrize("everything", [False, True])
async def test_unsubscribing_refuses_the_purpose_or_everything_without_an_email(
    world: World, *, everything: bool
) -> None:
    who = await registered(world)
    for purpose in ("newsletter", "usage-statistics"):
        await granted(world, who, purpose)
    await execute(world, "DELETE FROM letters")
    async with world.unit() as unit:
        await unsubscribe_links.unsubscribe(unit, LinkToken(who, "newsletter"), everything=everything)
    assert (await decision(world, who)).reason == DecisionReason.WITHDRAWN
    assert (await decision(world, who, "usage-statistics")).allowed != everything
    assert await counted(world, "letters") == 0


async def test_a_token_of_another_subject_is_not_accepted(world: World) -> None:
    first, second = (unsubscribe_links.make_token(world.keyring, UUID(int=each), "newsletter") for each in (7, 8))
    assert unsubscribe_links.verify_token(world.keyring, first[:-12] + second[-12:]) is None
