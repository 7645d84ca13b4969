"""The comparison recognises new people and repeated records, and skips nothing that would change."""

import pytest

from models.consent import opt_outs
from models.consent.ledger import Channel
from models.registration import import_diff
from models.registration.import_diff import SubjectDiff
from models.registration.records import ImportedSubject
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.registration.imported_people import imported, person

pytestmark = pytest.mark.anyio


async def compared(world: World, subject: ImportedSubject) -> SubjectDiff:
    [diff] = await import_diff.compare(world.database, world.keyring, [subject])
    return diff


async def test_a_person_is_new_until_imported_and_then_a_repeat(world: World) -> None:
    subject = await person(world)
    assert await compared(world, subject) == SubjectDiff(is_new=True)
    await imported(world, subject)
    assert await compared(world, subject) == SubjectDiff(is_new=False, is_repeat=True)


async def test_a_further_account_or_consent_is_no_repeat(world: World) -> None:
    subject = await person(world)
    await imported(world, subject)
    further = subject._replace(accounts=[*subject.accounts, SubjectIdentifier.account("store", "1")])
    assert await compared(world, further) == SubjectDiff(is_new=False)
    refusal = await person(world, grants=False)
    assert await compared(world, refusal) == SubjectDiff(is_new=False)


async def test_a_grant_that_an_opt_out_forbids_is_counted(world: World) -> None:
    subject = await person(world)
    await imported(world, subject)
    async with world.unit() as unit:
        await opt_outs.opt_out_of_all(unit, subject.addresses[0], Channel.WEBSITE)
    assert await compared(world, subject) == SubjectDiff(is_new=False, is_repeat=True, forbidden_count=1)


async def test_identifiers_of_two_people_are_no_repeat(world: World) -> None:
    ada, bob = await person(world), await person(world, "bob@example.com")
    await imported(world, ada)
    await imported(world, bob)
    mixed = ada._replace(accounts=bob.accounts)
    assert await compared(world, mixed) == SubjectDiff(is_new=False)
