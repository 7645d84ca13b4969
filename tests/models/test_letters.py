"""Letters are posted with the deed that owes them, once, and hold no address once they are sent."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from models import (
    choices,
    claims,
    corrections,
    leftovers,
    letter_keys,
    letters,
    optouts,
    outcomes,
    registrations,
    sendings,
)
from models.actors import Role
from models.base import now
from models.claims import CLAIM, LEASE, Claimed
from models.consents import Channel
from models.corrections import Correction
from models.deeds import Deed
from models.errors import StateConflict
from models.keyring import Keyring
from models.letters import LetterName, LetterReason, LetterState
from models.masters import MasterKeys
from models.names import Name
from models.outcomes import Lease, Outcome
from models.registrations import Registration
from tests.conftest import Databases, World

pytestmark = pytest.mark.anyio

PERSON = Name.email("user@example.com")
DOMAIN = "example.org"
SENT = Outcome(LetterState.SENT, reply_code=250)


async def registered(world: World, *more: str) -> UUID:
    async with world.deed() as deed:
        subject_id = await registrations.register(deed, Registration("user@example.com", "Ada Example", "DE"))
    for address in more:
        async with world.deed(Role.SUPPORT) as deed:
            await corrections.correct(deed, PERSON, Correction(add_email=address))
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM letters")
    return subject_id


async def posted(world: World) -> list[tuple[str, str | None]]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT letter, purpose FROM letters ORDER BY posted_at, id")
    return [(row[0], row[1]) for row in rows]


async def stands(world: World) -> list[tuple[str, str | None]]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT state, reason FROM letters ORDER BY posted_at, id")
    return [(row[0], row[1]) for row in rows]


async def only(world: World) -> dict[str, Any]:
    async with world.database.readers.acquire() as connection:
        [row] = await connection.fetch("SELECT * FROM letters")
    return dict(row)


async def claimed(world: World, most: int = 10) -> list[Claimed]:
    return await claims.claim(world.database, world.keyring, DOMAIN, most)


async def settled(world: World, letter: Claimed, outcome: Outcome) -> bool:
    async with world.database.transaction() as connection:
        return await outcomes.settle(connection, [(letter.lease, outcome)]) == {letter.row.id}


async def handed(world: World, letter: Claimed) -> bool:
    async with world.database.writers.acquire() as connection:
        return await sendings.hand(connection, [letter.lease]) == {letter.row.id}


async def granted(world: World, channel: Channel = Channel.WEBSITE) -> None:
    async with world.deed() as deed:
        await choices.grant(deed, PERSON, "newsletter", channel, None)


async def code(deed: Deed, subject_id: UUID, about: str = "request:1", *, own_key: bool = False) -> UUID | None:
    said: dict[str, Any] = {"code": "123456", "expires_at": now()}
    return await letters.post(deed, LetterName.IDENTITY_CODE, subject_id, about, own_key=own_key, **said)


async def made_due(world: World) -> None:
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE letters SET due_at = clock_timestamp() - interval '1 second'")


async def test_a_deed_that_is_undone_posts_nothing(world: World) -> None:
    subject_id = await registered(world)

    async def undone() -> None:
        async with world.deed() as deed:
            await code(deed, subject_id)
            raise StateConflict

    with pytest.raises(StateConflict):
        await undone()
    assert await posted(world) == []


async def test_an_opt_out_is_confirmed_once_however_often_it_is_made(world: World) -> None:
    await registered(world)
    for _ in range(3):
        async with world.deed() as deed:
            await optouts.opt_out(deed, PERSON, ["newsletter", "usage-statistics"], Channel.WEBSITE)
    assert await posted(world) == [("opted_out", None)]
    [letter] = await claimed(world)
    assert letter.address == "user@example.com"
    assert letter.says == {"purposes": ["Newsletter", "Usage statistics"], "is_everything": False}


async def test_a_browsers_signal_opts_out_of_all_and_is_confirmed_once(world: World) -> None:
    await registered(world)
    for _ in range(2):
        async with world.deed() as deed:
            await optouts.opt_out_of_all(deed, PERSON, Channel.GPC)
    assert await posted(world) == [("opted_out", None)]
    [letter] = await claimed(world)
    assert letter.says == {"purposes": [], "is_everything": True}


async def test_an_opt_out_of_an_address_that_nobody_is_registered_under_posts_nothing(world: World) -> None:
    async with world.deed() as deed:
        await optouts.opt_out_of_all(deed, PERSON, Channel.WEBSITE)
    assert await posted(world) == []


async def test_a_consent_is_confirmed_under_its_purpose_once(world: World) -> None:
    await registered(world)
    await granted(world)
    await granted(world)
    assert await posted(world) == [("consent_granted", "newsletter")]


@pytest.mark.parametrize("channel", [Channel.IMPORT, Channel.SCRIPT])
async def test_a_consent_that_was_recorded_in_bulk_is_not_confirmed(world: World, channel: Channel) -> None:
    await registered(world)
    await granted(world, channel)
    assert await posted(world) == []


async def test_a_correction_is_told_at_the_old_and_the_new_address(world: World) -> None:
    await registered(world)
    async with world.deed(Role.SUPPORT) as deed:
        given = Correction(
            add_email="new@example.org", primary_email="new@example.org", remove_email="user@example.com"
        )
        await corrections.correct(deed, PERSON, given)
    found = await claimed(world)
    assert sorted(letter.address for letter in found) == ["new@example.org", "user@example.com"]
    assert {letter.row.letter for letter in found} == {"details_corrected"}
    assert found[0].says == {"changed": ["address_added", "address_removed", "primary_address"]}


async def test_a_corrected_name_is_told_at_the_primary_address_alone(world: World) -> None:
    await registered(world, "second@example.org")
    async with world.deed(Role.SUPPORT) as deed:
        await corrections.correct(deed, PERSON, Correction(display_name="Ada Corrected"))
    [letter] = await claimed(world)
    assert (letter.address, letter.says) == ("user@example.com", {"changed": ["name"]})


async def test_a_correction_that_changes_nothing_is_not_told(world: World) -> None:
    await registered(world)
    async with world.deed(Role.SUPPORT) as deed:
        given = Correction(display_name="Ada Example", country="DE", add_email="user@example.com")
        await corrections.correct(deed, PERSON, given)
    assert await posted(world) == []


async def test_the_same_deed_posts_a_letter_once(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        assert await code(deed, subject_id) is not None
        assert await code(deed, subject_id) is None
        assert await code(deed, subject_id, "request:2") is not None


async def test_a_letter_must_be_told_what_it_says(world: World) -> None:
    subject_id = await registered(world)
    with pytest.raises(TypeError, match="code, expires_at"):
        async with world.deed() as deed:
            await letters.post(deed, LetterName.IDENTITY_CODE, subject_id, "request:1", code="123456")


async def test_address_and_words_are_sealed_and_gone_once_the_letter_is_sent(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id)
    row = await only(world)
    assert b"user@example.com" not in row["address"]
    assert b"123456" not in row["context"]
    [letter] = await claimed(world)
    assert await settled(world, letter, SENT)
    row = await only(world)
    kept = {name: value for name, value in row.items() if value is not None}
    assert (row["address"], row["context"]) == (None, None)
    assert kept["message_id"] == f"<let_{row['id'].hex}@{DOMAIN}>"
    assert (kept["state"], kept["reply_code"], kept["letter"]) == ("SENT", 250, "identity_code")
    assert kept["posted_at"] < kept["sent_at"]


async def test_several_workers_share_the_queue_and_never_a_letter(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        for number in range(30):
            await code(deed, subject_id, f"request:{number:x}")
    batches = await asyncio.gather(*(claimed(world, 10) for _ in range(6)))
    ids = [letter.row.id for batch in batches for letter in batch]
    assert (len(ids), len(set(ids))) == (30, 30)


WAITING = """
INSERT INTO letters (subject_id, id, deed, letter, recipient, address, context, has_own_key, posted_at, due_at)
SELECT subject_id, gen_random_uuid(), 'request:' || to_hex(n), letter, recipient, address, context, false,
    posted_at, due_at + interval '1 hour'
FROM letters, generate_series(1, 20000) AS n
"""


async def test_a_claim_looks_at_no_letter_that_waits_for_later(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id, "letter:1")
    async with world.database.transaction() as connection:
        await connection.execute(WAITING)
        [(explained,)] = await connection.fetch(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {CLAIM.sql}", 20, UUID(int=1), LEASE, DOMAIN
        )
    steps = [*steps_of(orjson.loads(explained)[0]["Plan"])]
    looked = [step for step in steps if step.get("Relation Name") == "letters" and "Scan" in step["Node Type"]]
    assert looked
    for step in looked:
        assert step["Actual Rows"] + step.get("Rows Removed by Filter", 0) <= 1, step["Node Type"]


def steps_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every step of a plan."""
    yield plan
    for step in plan.get("Plans", []):
        yield from steps_of(step)


@pytest.mark.parametrize(("left", "is_renewed"), [(1, True), (4, False)])
async def test_a_lease_is_renewed_when_it_is_short_for_what_a_mail_server_may_take(
    world: World, left: int, *, is_renewed: bool
) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id)
    [letter] = await claimed(world)
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE letters SET due_at = clock_timestamp() + $1::interval", timedelta(minutes=left)
        )
    assert await handed(world, letter)
    row = await only(world)
    assert (row["due_at"] - row["handed_at"] > timedelta(minutes=4.5)) == is_renewed


async def test_results_of_many_letters_are_written_each_to_its_own(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        for number in range(4):
            await code(deed, subject_id, f"request:{number:x}")
    found = await claimed(world)
    ends = [
        SENT,
        Outcome(LetterState.QUEUED, reply_code=451, wait=timedelta(minutes=5)),
        Outcome(LetterState.UNCERTAIN, LetterReason.NO_ANSWER),
        Outcome(LetterState.QUEUED, counts=False),
    ]
    lost = Lease(subject_id, found[0].row.id, found[0].row.recipient, UUID(int=1))
    async with world.database.transaction() as connection:
        settled = [(letter.lease, end) for letter, end in zip(found, ends, strict=True)]
        ours = await outcomes.settle(connection, [*settled, (lost, ends[2])])
        assert ours == {letter.row.id for letter in found}
        for letter, end in zip(found, ends, strict=True):
            row = await connection.fetchrow("SELECT * FROM letters WHERE id = $1", letter.row.id)
            assert row
            assert (row["state"], row["reason"], row["reply_code"]) == (end.state, end.reason, end.reply_code)
            assert (row["attempts"], row["address"] is None) == (int(end.counts), end is SENT)
            assert (row["due_at"] - now() > timedelta(minutes=4)) == bool(end.wait)


async def test_a_lease_that_ran_out_is_taken_over_and_the_first_worker_can_do_nothing_more(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id)
    [first] = await claimed(world)
    assert await claimed(world) == []
    await made_due(world)
    [second] = await claimed(world)
    assert not await handed(world, first)
    assert await handed(world, second)
    assert not await settled(world, first, SENT)
    assert await settled(world, second, SENT)
    assert second.row.message_id == first.row.message_id


async def test_a_letter_that_may_have_been_accepted_is_not_sent_again_to_whom_it_would_annoy(world: World) -> None:
    await registered(world)
    async with world.deed() as deed:
        await optouts.opt_out(deed, PERSON, ["newsletter"], Channel.WEBSITE)
    [letter] = await claimed(world)
    assert await handed(world, letter)
    await made_due(world)
    assert await claimed(world) == []
    assert await stands(world) == [("UNCERTAIN", "NO_ANSWER")]


async def test_a_letter_is_dropped_when_its_purpose_is_refused_before_it_goes(world: World) -> None:
    await registered(world)
    await granted(world)
    async with world.deed() as deed:
        await optouts.opt_out(deed, PERSON, ["newsletter"], Channel.WEBSITE, is_confirmed=False)
    assert await claimed(world) == []
    assert await stands(world) == [("DROPPED", "OPTED_OUT")]


async def test_an_opt_out_between_claim_and_sending_is_seen(world: World) -> None:
    await registered(world)
    await granted(world)
    [letter] = await claimed(world)
    async with world.deed() as deed:
        await optouts.opt_out(deed, PERSON, ["newsletter"], Channel.WEBSITE, is_confirmed=False)
    async with sendings.held(world.database, letter) as refused:
        assert refused == Outcome(LetterState.DROPPED, LetterReason.OPTED_OUT)


async def test_an_opt_out_waits_while_a_letter_is_handed_over(world: World) -> None:
    await registered(world)
    await granted(world)
    [letter] = await claimed(world)

    async def leave() -> None:
        async with world.deed() as deed:
            await optouts.opt_out(deed, PERSON, ["newsletter"], Channel.WEBSITE)

    async with sendings.held(world.database, letter) as refused:
        assert refused is None
        leaving = asyncio.create_task(leave())
        done, _ = await asyncio.wait({leaving}, timeout=0.2)
        assert not done
    await asyncio.wait_for(leaving, 5)


@pytest.mark.parametrize(
    ("status", "reason"), [("RESTRICTED", "RESTRICTED"), ("ERASING", "ERASED"), ("ERASED", "ERASED")]
)
async def test_a_letter_for_a_purpose_is_dropped_by_the_persons_standing(
    world: World, status: str, reason: str
) -> None:
    await registered(world)
    await granted(world)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE subjects SET status = $1", status)
    assert await claimed(world) == []
    assert await stands(world) == [("DROPPED", reason)]


async def test_a_restricted_person_still_gets_what_is_owed(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE subjects SET status = 'RESTRICTED'")
    assert len(await claimed(world)) == 1


async def test_a_letter_with_a_key_of_its_own_outlives_the_persons_key_and_loses_it_when_sent(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id)
        letter_id = await code(deed, subject_id, "request:2", own_key=True)
    assert letter_id
    await world.keyring.destroy([subject_id])
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM email_addresses")
        await connection.execute("UPDATE subjects SET status = 'ERASED'")
        assert await letters.forget(connection, subject_id) == 1
    [letter] = await claimed(world)
    assert (letter.row.id, letter.address) == (letter_id, "user@example.com")
    assert await settled(world, letter, SENT)
    assert await leftovers.tidy(world.database, world.keyring) == 1
    async with world.database.keyring.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM letter_keys") == 0
    assert await leftovers.tidy(world.database, world.keyring) == 0


async def test_letters_whose_key_is_destroyed_are_dropped(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id)
        await code(deed, subject_id, "request:2", own_key=True)
    await world.keyring.destroy([subject_id])
    async with world.database.keyring.acquire() as connection:
        await connection.execute("DELETE FROM letter_keys")
    assert await claimed(world) == []
    assert await stands(world) == [("DROPPED", "ERASED")] * 2


async def test_a_letter_key_survives_a_rotation_of_the_master_key(world: World, clean: Databases) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id, own_key=True)
    newer = MasterKeys.made(2)
    turning = Keyring(world.database.keyring, MasterKeys(f"{newer},{clean.master_key}"))
    assert [size async for size in letter_keys.rotate(turning)] == [1]
    turned = Keyring(world.database.keyring, MasterKeys(newer))
    [letter] = await claims.claim(world.database, turned, DOMAIN, 1)
    assert letter.address == "user@example.com"


async def test_a_letter_to_an_address_that_came_back_is_dropped_and_another_address_is_used_next(world: World) -> None:
    subject_id = await registered(world, "second@example.org")
    async with world.deed() as deed:
        await code(deed, subject_id)
    [letter] = await claimed(world)
    refused = Outcome(LetterState.FAILED, LetterReason.ADDRESS_REFUSED, 550)
    assert await settled(world, letter, refused)
    async with world.deed() as deed:
        await code(deed, subject_id, "request:2")
    [letter] = await claimed(world)
    assert letter.address == "second@example.org"


async def test_a_correction_that_names_an_address_lets_mail_to_it_go_again(world: World) -> None:
    subject_id = await registered(world)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE email_addresses SET stopped_at = now()")
    async with world.deed(Role.SUPPORT) as deed:
        await code(deed, subject_id)
    assert await claimed(world) == []
    assert await stands(world) == [("DROPPED", "ADDRESS_STOPPED")]
    async with world.deed(Role.SUPPORT) as deed:
        await corrections.correct(deed, PERSON, Correction(add_email="user@example.com"))
        await code(deed, subject_id, "request:2")
    assert len(await claimed(world)) == 1


async def test_a_letter_that_failed_is_forgotten_after_a_month(world: World) -> None:
    subject_id = await registered(world)
    async with world.deed() as deed:
        await code(deed, subject_id, own_key=True)
    [letter] = await claimed(world)
    await settled(world, letter, Outcome(LetterState.FAILED, LetterReason.LETTER_REFUSED, 554))
    assert await leftovers.tidy(world.database, world.keyring) == 0
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE letters SET posted_at = posted_at - $1::interval", timedelta(days=31))
    assert await leftovers.tidy(world.database, world.keyring) == 1
    assert await stands(world) == [("FAILED", "LETTER_REFUSED")]
