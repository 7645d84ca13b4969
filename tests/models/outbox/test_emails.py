"""Tests that a mutation queues its email once, and that a sent email holds no address."""

from datetime import timedelta

import pytest

from models.actors import Role
from models.consent import opt_outs
from models.consent.ledger import Channel
from models.delivery import claims, cleanup
from models.delivery.results import DeliveryResult
from models.encryption import email_keys
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.erasure import scope
from models.errors import StateConflict
from models.outbox import emails
from models.outbox.emails import EmailKind, EmailReason, EmailState
from models.registration import corrections
from models.registration.corrections import Correction
from tests.conftest import Databases, World
from tests.models.outbox.enqueued import (
    DOMAIN,
    PERSON,
    SENT,
    claimed,
    code,
    granted,
    only,
    posted,
    registered,
    settled,
    stands,
)

pytestmark = pytest.mark.anyio


async def test_a_rolled_back_mutation_queues_no_email(world: World) -> None:
    subject_id = await registered(world)

    async def undone() -> None:
        async with world.unit() as unit:
            await code(unit, subject_id)
            raise StateConflict

    with pytest.raises(StateConflict):
        await undone()
    assert await posted(world) == []


async def test_an_opt_out_is_confirmed_once_however_often_it_is_made(world: World) -> None:
    await registered(world)
    for _ in range(3):
        async with world.unit() as unit:
            await opt_outs.opt_out(unit, PERSON, ["newsletter", "usage-statistics"], Channel.WEBSITE)
    assert await posted(world) == [("opted_out", None)]
    [letter] = await claimed(world)
    assert letter.address == "user@example.com"
    assert letter.context == {"purposes": ["Newsletter", "Usage statistics"], "is_everything": False}


async def test_a_browsers_signal_opts_out_of_all_and_is_confirmed_once(world: World) -> None:
    await registered(world)
    for _ in range(2):
        async with world.unit() as unit:
            await opt_outs.opt_out_of_all(unit, PERSON, Channel.GPC)
    assert await posted(world) == [("opted_out", None)]
    [letter] = await claimed(world)
    assert letter.context == {"purposes": [], "is_everything": True}


async def test_an_opt_out_of_an_address_that_nobody_is_registered_under_posts_nothing(world: World) -> None:
    async with world.unit() as unit:
        await opt_outs.opt_out_of_all(unit, PERSON, Channel.WEBSITE)
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


async def test_a_correction_is_confirmed_to_the_old_and_the_new_address(world: World) -> None:
    await registered(world)
    async with world.unit(Role.SUPPORT) as unit:
        correction = Correction(
            add_email="new@example.org", primary_email="new@example.org", remove_email="user@example.com"
        )
        await corrections.correct_subject(unit, PERSON, correction)
    emails = await claimed(world)
    assert sorted(letter.address for letter in emails) == ["new@example.org", "user@example.com"]
    assert {letter.row.letter for letter in emails} == {"details_corrected"}
    assert emails[0].context == {"changed": ["address_added", "address_removed", "primary_address"]}


async def test_a_corrected_name_is_confirmed_to_the_primary_address_only(world: World) -> None:
    await registered(world, "second@example.org")
    async with world.unit(Role.SUPPORT) as unit:
        await corrections.correct_subject(unit, PERSON, Correction(display_name="Ada Corrected"))
    [letter] = await claimed(world)
    assert (letter.address, letter.context) == ("user@example.com", {"changed": ["name"]})


async def test_a_correction_without_a_change_is_not_confirmed(world: World) -> None:
    await registered(world)
    async with world.unit(Role.SUPPORT) as unit:
        correction = Correction(display_name="Ada Example", country="DE", add_email="user@example.com")
        await corrections.correct_subject(unit, PERSON, correction)
    assert await posted(world) == []


async def test_a_repeated_mutation_queues_an_email_once(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        assert await code(unit, subject_id) is not None
        assert await code(unit, subject_id) is None
        assert await code(unit, subject_id, "request:2") is not None


async def test_an_email_requires_its_context(world: World) -> None:
    subject_id = await registered(world)
    with pytest.raises(TypeError, match="code, expires_at"):
        async with world.unit() as unit:
            await emails.enqueue(unit, EmailKind.IDENTITY_CODE, subject_id, "request:1", code="123456")


async def test_address_and_words_are_sealed_and_gone_once_the_letter_is_sent(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id)
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


async def test_a_letter_with_a_key_of_its_own_outlives_the_persons_key_and_loses_it_when_sent(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id)
        letter_id = await code(unit, subject_id, "request:2", own_key=True)
    assert letter_id
    await world.keyring.destroy([subject_id])
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM email_addresses")
        await connection.execute("UPDATE subjects SET status = 'ERASED'")
        assert (await scope.erase(connection, [subject_id]))[subject_id][scope.UNSENT_EMAILS] == 1
    [letter] = await claimed(world)
    assert (letter.row.id, letter.address) == (letter_id, "user@example.com")
    assert await settled(world, letter, SENT)
    assert await cleanup.clean_up(world.database, world.keyring) == 1
    async with world.database.keyring.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM letter_keys") == 0
    assert await cleanup.clean_up(world.database, world.keyring) == 0


async def test_letters_whose_key_is_destroyed_are_dropped(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id)
        await code(unit, subject_id, "request:2", own_key=True)
    await world.keyring.destroy([subject_id])
    async with world.database.keyring.acquire() as connection:
        await connection.execute("DELETE FROM letter_keys")
    assert await claimed(world) == []
    assert await stands(world) == [("DROPPED", "ERASED")] * 2


async def test_a_letter_key_survives_a_rotation_of_the_master_key(world: World, clean: Databases) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id, own_key=True)
    newer = MasterKeys.generate(2)
    turning = Keyring(world.database.keyring, MasterKeys(f"{newer},{clean.master_key}"))
    assert [size async for size in email_keys.rotate(turning)] == [1]
    turned = Keyring(world.database.keyring, MasterKeys(newer))
    [letter] = await claims.claim(world.database, turned, DOMAIN, 1)
    assert letter.address == "user@example.com"


async def test_a_letter_to_an_address_that_came_back_is_dropped_and_another_address_is_used_next(world: World) -> None:
    subject_id = await registered(world, "second@example.org")
    async with world.unit() as unit:
        await code(unit, subject_id)
    [letter] = await claimed(world)
    refused = DeliveryResult(EmailState.FAILED, EmailReason.ADDRESS_REFUSED, 550)
    assert await settled(world, letter, refused)
    async with world.unit() as unit:
        await code(unit, subject_id, "request:2")
    [letter] = await claimed(world)
    assert letter.address == "second@example.org"


async def test_a_correction_that_names_an_address_lets_mail_to_it_go_again(world: World) -> None:
    subject_id = await registered(world)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE email_addresses SET stopped_at = now()")
    async with world.unit(Role.SUPPORT) as unit:
        await code(unit, subject_id)
    assert await claimed(world) == []
    assert await stands(world) == [("DROPPED", "ADDRESS_STOPPED")]
    async with world.unit(Role.SUPPORT) as unit:
        await corrections.correct_subject(unit, PERSON, Correction(add_email="user@example.com"))
        await code(unit, subject_id, "request:2")
    assert len(await claimed(world)) == 1


async def test_a_letter_that_failed_is_forgotten_after_a_month(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id, own_key=True)
    [letter] = await claimed(world)
    await settled(world, letter, DeliveryResult(EmailState.FAILED, EmailReason.LETTER_REFUSED, 554))
    assert await cleanup.clean_up(world.database, world.keyring) == 0
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE letters SET posted_at = posted_at - $1::interval", timedelta(days=31))
    assert await cleanup.clean_up(world.database, world.keyring) == 1
    assert await stands(world) == [("FAILED", "LETTER_REFUSED")]
