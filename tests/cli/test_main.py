"""Foreseeable errors end with a sentence that says what to do; every command and option has a help text."""

from pathlib import Path
from typing import Any

import pytest

from cli.audit import KEY
from models.audit.segments import SegmentSigner
from models.encryption.master_keys import MasterKeys
from tests.cli.commands import privacy, program
from tests.conftest import Databases

PRODUCTION = {
    "PRIVACY_DATABASE_URL": "postgresql:///privacy?host=/nowhere",
    "PRIVACY_KEYRING_URL": "postgresql:///keyring?host=/nowhere",
    "PRIVACY_MASTER_KEY": MasterKeys.generate(),
    "PRIVACY_PUBLIC_URL": "https://privacy.example.com",
}


@pytest.mark.anyio
async def test_an_unsafe_setting_stops_the_start(tmp_path: Path) -> None:
    ran = await privacy("migrate", variables={**PRODUCTION, "PRIVACY_MASTER_KEY": "secret"}, at=tmp_path)
    assert (ran.code, ran.errors) == (
        2,
        "privacy: PRIVACY_MASTER_KEY is VERSION:BASE64 of 32 octets, several separated by commas\n",
    )


@pytest.mark.anyio
async def test_the_demonstration_keeps_away_from_production(tmp_path: Path) -> None:
    ran = await privacy("serve", "--demo", variables=PRODUCTION, at=tmp_path)
    assert ran.code == 2
    assert ran.errors.startswith("privacy: --demo writes example people and tokens for every role into a database")


@pytest.mark.anyio
async def test_a_listener_off_loopback_needs_tls(tmp_path: Path) -> None:
    ran = await privacy("serve", "--host", "0.0.0.0", variables=PRODUCTION, at=tmp_path)  # noqa: S104 -- it is refused
    assert ran.code == 2
    assert ran.errors.startswith("privacy: listening on 0.0.0.0 needs TLS")


@pytest.mark.anyio
async def test_who_serves_callers_has_not_the_key_that_seals_and_who_works_has(tmp_path: Path) -> None:
    ran = await privacy("serve", variables={**PRODUCTION, KEY: SegmentSigner.generate()}, at=tmp_path)
    assert ran.code == 2
    assert ran.errors.startswith(f"privacy: unset {KEY}: only `privacy work` and `privacy audit` may have it")
    mail = {"PRIVACY_SMTP_URL": "smtp://mail.example.com:587?starttls=required", "PRIVACY_MAIL_FROM": "p@example.com"}
    for variables, sentence in (({}, f"privacy: set {KEY}"), ({KEY: "secret"}, f"privacy: {KEY} is the base64 of 32")):
        ran = await privacy("work", variables={**PRODUCTION, **mail, **variables}, at=tmp_path)
        assert ran.code == 2
        assert ran.errors.startswith(sentence)


@pytest.mark.anyio
async def test_a_database_that_is_away_is_named_by_its_settings(tmp_path: Path) -> None:
    ran = await privacy("token", "list", variables=PRODUCTION, at=tmp_path)
    assert ran.code == 1
    assert "check PRIVACY_DATABASE_URL and PRIVACY_KEYRING_URL" in ran.errors
    assert "Traceback" not in ran.errors


@pytest.mark.anyio
async def test_a_wrong_master_key_is_called_one(databases: Databases, tmp_path: Path) -> None:
    assert (await privacy("token", "list", on=databases, at=tmp_path)).code == 0
    variables = {"PRIVACY_MASTER_KEY": MasterKeys.generate(2)}
    ran = await privacy("token", "list", on=databases, variables=variables, at=tmp_path)
    assert ran.code == 2
    assert ran.errors.startswith("privacy: PRIVACY_MASTER_KEY is not the one that wrapped the keys")


@pytest.mark.anyio
async def test_a_refusal_says_where(databases: Databases, tmp_path: Path) -> None:
    ran = await privacy("token", "revoke", "somebody's", on=databases, at=tmp_path)
    assert ran.code == 1
    assert ran.errors == (
        "privacy: BAD_INPUT: An argument has a value that is not accepted: it is not an id of this service. (id)\n"
    )


def test_every_command_and_option_has_help() -> None:
    pending: list[tuple[str, Any]] = [("privacy", program())]
    while pending:
        name, command = pending.pop()
        assert command.help, name
        assert "\\b" not in command.help, f"{name}: a raw docstring shows its backslashes"
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name}"
        pending.extend((f"{name} {key}", inner) for key, inner in getattr(command, "commands", {}).items())
