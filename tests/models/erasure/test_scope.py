"""Every target of an erasure erases what it counts, and what is retained has a ground."""

from datetime import date

import pytest

from models.consent import recording
from models.consent.ledger import Channel
from models.erasure import scope
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.erasure.erased_people import registered
from tests.workers.outbox_workers import enqueue

pytestmark = pytest.mark.anyio


async def test_targets_erase_what_they_count_of_this_person_only(world: World) -> None:
    ada = await registered(world, "ada@example.com", ("forum", "ada-1"))
    bob = await registered(world, "bob@example.com", ("forum", "bob-1"))
    for subject_id in (ada, bob):
        await enqueue(world, subject_id)
        async with world.unit() as unit:
            await recording.grant_consent(unit, SubjectIdentifier("id", subject_id), "newsletter", Channel.STORE, None)
    async with world.database.transaction() as connection:
        counts = await scope.count_targets(connection, [ada, bob])
        erased = await scope.erase(connection, [ada])
        after = await scope.count_targets(connection, [ada, bob])
        retained = await scope.count_retained(connection, [ada])
    assert counts[ada]["mail addresses"] == counts[ada]["accounts"] == counts[ada]["choices that count now"] == 1
    assert counts[ada]["name and country"] == 2
    assert counts[ada][scope.UNSENT_EMAILS] > 0
    assert erased == {ada: counts[ada]}
    assert after == {ada: {}, bob: counts[bob]}
    assert list(retained[ada].values()) == [1]


def test_what_is_retained_depends_on_the_counts_and_the_day() -> None:
    ledger = scope.RETAINED_TARGETS[0].what
    assert [row.what for row in scope.retained_rows({ledger: 1}, date(2026, 5, 1))] == [
        ledger,
        *(row.what for row in scope.ALWAYS_RETAINED),
    ]
    assert scope.retained_rows({}, date(2026, 5, 1)) == list(scope.ALWAYS_RETAINED)
    assert ledger in {row.what for row in scope.currently_retained(date(2026, 5, 1), date(2029, 12, 31))}
    assert ledger not in {row.what for row in scope.currently_retained(date(2026, 5, 1), date(2030, 1, 1))}
