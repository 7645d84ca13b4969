"""An import inserts new people, completes known ones, and reverts no opt-out."""

from datetime import timedelta

import pytest

from models.consent import opt_outs
from models.consent.ledger import Channel
from models.consent.suppressions import ALL_PURPOSES
from models.errors import SubjectAmbiguous
from models.registration.import_diff import SubjectDiff, compare
from models.registration.importing import ImportOutcome, ImportResult, is_forbidden
from models.storage.clock import now
from tests.conftest import World
from tests.models.registration.imported_people import AT, imported, person
from tests.models.unit_of_work import counted

pytestmark = pytest.mark.anyio


async def test_a_new_person_is_inserted_and_then_completed(world: World) -> None:
    subject = await person(world)
    assert await imported(world, subject) == ImportResult(ImportOutcome.NEW, 0)
    assert await imported(world, subject) == ImportResult(ImportOutcome.COMPLETED, 0)
    assert await counted(world, "subjects") == 1
    assert await counted(world, "consent_events") == 1


async def test_an_opt_out_of_the_address_outlives_the_import(world: World) -> None:
    subject = await person(world)
    async with world.unit() as unit:
        await opt_outs.opt_out(unit, subject.addresses[0], ["newsletter"], Channel.WEBSITE)
    assert await imported(world, subject) == ImportResult(ImportOutcome.NEW, 1)


async def test_identifiers_of_two_people_are_refused(world: World) -> None:
    ada, bob = await person(world), await person(world, "bob@example.com")
    await imported(world, ada)
    await imported(world, bob)
    with pytest.raises(SubjectAmbiguous):
        await imported(world, ada._replace(accounts=bob.accounts))


async def test_an_opt_out_forbids_grants_and_never_refusals(world: World) -> None:
    [grant] = (await person(world)).consents
    [refusal] = (await person(world, grants=False)).consents
    assert is_forbidden(grant, AT, [])
    assert is_forbidden(grant, None, [ALL_PURPOSES])
    assert is_forbidden(grant, None, ["newsletter"])
    assert not is_forbidden(grant, None, ["crash-reports"])
    assert not is_forbidden(refusal, AT, [ALL_PURPOSES])


async def test_a_grant_after_a_refusal_of_its_purpose_is_left_out_each_time(world: World) -> None:
    subject = await person(world)
    await imported(world, subject)
    async with world.unit() as unit:
        await opt_outs.opt_out(unit, subject.addresses[0], ["newsletter"], Channel.EMAIL)
    [grant] = subject.consents
    later = subject._replace(consents=[grant._replace(at=now() + timedelta(seconds=1), channel=Channel.WEBSITE)])
    for _ in range(2):
        assert await imported(world, later) == ImportResult(ImportOutcome.COMPLETED, 1)
        [diff] = await compare(world.database, world.keyring, [later])
        assert diff == SubjectDiff(is_new=False, is_repeat=True, forbidden_count=1)
    assert await imported(world, subject) == ImportResult(ImportOutcome.COMPLETED, 0)
    assert await counted(world, "consent_events") == 2


async def test_the_history_of_one_line_may_end_with_a_grant(world: World) -> None:
    subject = await person(world)
    await imported(world, subject._replace(consents=[]))
    [grant] = subject.consents
    history = subject._replace(consents=[grant._replace(grants=False, at=AT - timedelta(days=1)), grant])
    for _ in range(2):
        assert (await imported(world, history)).forbidden_count == 0
    assert await counted(world, "consent_events") == 2
