"""What an operator does about letters."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from api.settings import Settings, UnsafeSettingError
from cli.emails import app
from cli.work import mail_settings
from models.delivery import claims, results, review
from models.delivery.results import DeliveryResult
from models.delivery.review import ReviewFilter
from models.encryption.master_keys import MasterKeys
from models.errors import NotFound, StateConflict
from models.outbox import emails
from models.outbox.emails import EmailKind, EmailReason, EmailState
from models.registration import registering
from models.registration.registering import Registration
from models.storage.ids import Prefix, format_id
from tests.cli.commands import privacy
from tests.conftest import Databases, World

pytestmark = pytest.mark.anyio


async def ended(world: World, outcome: DeliveryResult, about: str) -> UUID:
    """Enqueue an email, record this result of it, and return its id."""
    async with world.unit() as unit:
        subject_id = await registering.register_or_complete(unit, Registration("user@example.com"))
        content: dict[str, Any] = {"reason": "OTHER", "erasure_reason": "REQUESTED"}
        letter_id = await emails.enqueue(unit, EmailKind.ERASURE_DENIED, subject_id, f"request:{about}", **content)
    assert letter_id
    [letter] = await claims.claim(world.database, world.keyring, "example.org", 1)
    async with world.database.transaction() as connection:
        assert await results.record_results(connection, [(letter.lease, outcome)])
    return letter_id


def test_letters_are_listed_and_previewed_without_a_database(tmp_path: Path) -> None:
    run = CliRunner()
    listed = run.invoke(app, ["list"])
    assert [line.split()[0] for line in listed.output.splitlines()] == [str(name) for name in EmailKind]
    for name in EmailKind:
        assert run.invoke(app, ["preview", name, "--into", str(tmp_path)]).exit_code == 0
        assert "Hello," in (tmp_path / f"{name}.txt").read_text()
        assert (tmp_path / f"{name}.html").read_text().startswith("<!DOCTYPE html>")


async def test_what_needs_a_decision_is_shown_and_tried_again(
    world: World, databases: Databases, tmp_path: Path
) -> None:
    uncertain = await ended(world, DeliveryResult(EmailState.UNCERTAIN, EmailReason.NO_ANSWER), "1")
    failed = await ended(world, DeliveryResult(EmailState.FAILED, EmailReason.ADDRESS_REFUSED, 550), "2")
    for options, looked_at in ((), [failed, uncertain]), (("--uncertain", "--stuck"), [uncertain]):
        shown = await privacy("letters", "show", *options, on=databases, at=tmp_path)
        assert shown.code == 0, shown.errors
        reply, *lines = shown.out.splitlines()
        assert reply == (
            "Refused with 550: 1 letter, waiting for `privacy letters retry`. "
            "The server refuses recipient, sender or content (5xx): check PRIVACY_MAIL_FROM."
        )
        assert [line.split()[0] for line in lines] == [format_id(Prefix.LETTER, letter) for letter in looked_at]
        assert "example.com" not in shown.out
    again = await privacy("letters", "retry", format_id(Prefix.LETTER, failed), on=databases, at=tmp_path)
    assert again.code == 0, again.errors
    [letter] = await claims.claim(world.database, world.keyring, "example.org", 10)
    assert (letter.row.id, letter.row.is_stopped) == (failed, False)
    unknown = await privacy("letters", "retry", format_id(Prefix.LETTER, UUID(int=1)), on=databases, at=tmp_path)
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.errors.startswith("privacy: NOT_FOUND")


async def test_a_letter_that_waits_for_long_is_stuck(world: World) -> None:
    waiting = await ended(world, DeliveryResult(EmailState.QUEUED), "1")
    async with world.database.writers.acquire() as connection:
        assert await review.list_for_review(connection, ReviewFilter.STUCK) == []
        await connection.execute("UPDATE letters SET posted_at = posted_at - interval '2 hours'")
        assert [row.id for row in await review.list_for_review(connection, ReviewFilter.STUCK)] == [waiting]


async def test_a_letter_that_was_sent_is_not_sent_again(world: World) -> None:
    sent = await ended(world, DeliveryResult(EmailState.SENT, reply_code=250), "1")
    for letter_id, refusal in ((sent, StateConflict), (UUID(int=1), NotFound)):
        with pytest.raises(refusal):
            async with world.unit() as unit:
                await review.retry_email(unit, letter_id)


SAFE = {
    "environment": "production",
    "public_url": "https://privacy.example.org",
    "smtp_url": "smtp://mail.example.org",
    "mail_from": "privacy@example.org",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smtp_url", "maildir:var/mail"),
        ("smtp_url", "smtp://mail.example.org?starttls=never"),
        ("smtp_url", "smtp://mail.example.org?starttls=opportunistic"),
        ("smtp_url", "nonsense"),
        ("mail_from", "nobody"),
        ("mail_from", "Privacy <privacy@localhost>"),
    ],
)
def test_unsafe_mail_settings_stop_the_worker_with_a_sentence(name: str, value: str) -> None:
    databases = {
        "database_url": "postgresql:///a",
        "keyring_url": "postgresql:///b",
        "master_key": MasterKeys.generate(),
    }
    assert mail_settings(Settings.read(**databases, **SAFE))
    with pytest.raises(UnsafeSettingError, match=f"PRIVACY_{name.upper()}"):
        mail_settings(Settings.read(**databases, **(SAFE | {name: value})))
