"""The rows of a new person are encrypted, and hold each consent event once."""

import json
from datetime import timedelta

import pytest

from models.registration.records import COLUMNS, ImportedSubject, RecordContext, build_rows
from models.storage.ids import new_id
from tests.conftest import World
from tests.models.registration.imported_people import AT, person

pytestmark = pytest.mark.anyio


async def rows_of(world: World, subject: ImportedSubject) -> dict[str, list[tuple[object, ...]]]:
    key = await world.keyring.create(new_id())
    return build_rows(subject, key, world.keyring, RecordContext(AT + timedelta(days=1), "a test", "2026-01"))


def current(rows: dict[str, list[tuple[object, ...]]]) -> dict[str, str]:
    """Return the states of the current choices in the row of the person."""
    [row] = rows["subjects"]
    choices = json.loads(str(row[COLUMNS["subjects"].index("choices")]))
    return {purpose: choice[0] for purpose, choice in choices.items()}


async def test_no_personal_value_is_in_the_rows(world: World) -> None:
    rows = await rows_of(world, await person(world))
    text = repr(rows)
    assert [len(rows[table]) for table in ("subjects", "email_addresses", "accounts")] == [1, 1, 1]
    for value in ("ada@", "Ada Example", "DE'"):
        assert value not in text


async def test_each_consent_event_is_kept_once_and_the_latest_is_current(world: World) -> None:
    subject = await person(world)
    [grant] = subject.consents
    [refusal] = (await person(world, grants=False)).consents
    later = refusal._replace(at=AT + timedelta(hours=1))
    rows = await rows_of(world, subject._replace(consents=[later, grant, grant]))
    assert [row[1] for row in rows["consent_events"]] == [1, 2]
    assert current(rows) == {"newsletter": later.state}


async def test_at_the_same_time_a_refusal_outranks_a_grant(world: World) -> None:
    subject = await person(world)
    [refusal] = (await person(world, grants=False)).consents
    rows = await rows_of(world, subject._replace(consents=[refusal, *subject.consents]))
    assert current(rows) == {"newsletter": refusal.state}
