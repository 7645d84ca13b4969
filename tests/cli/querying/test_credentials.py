"""The token of a script: the environment first, then a file, then the demonstration's tokens."""

from pathlib import Path

import pytest
import typer

from cli.querying.credentials import read_token


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PRIVACY_TOKEN", raising=False)
    return tmp_path


def test_a_token_comes_from_the_environment_or_a_file(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY_TOKEN", " prv_environment ")
    assert read_token("PRIVACY_TOKEN", None, None) == "prv_environment"
    (directory / "token").write_text("prv_file\n")
    assert read_token("PRIVACY_TOKEN", directory / "token", None) == "prv_file"


def test_a_file_of_several_tokens_needs_a_role(directory: Path) -> None:
    (directory / "tokens.json").write_text('{"STORE": "prv_store", "ADMIN": "prv_admin"}')
    assert read_token("PRIVACY_TOKEN", directory / "tokens.json", "ADMIN") == "prv_admin"
    for role in (None, "SUPPORT"):
        with pytest.raises(typer.BadParameter, match="--role: STORE, ADMIN"):
            read_token("PRIVACY_TOKEN", directory / "tokens.json", role)


def test_without_a_token_the_message_says_how_to_get_one() -> None:
    with pytest.raises(typer.BadParameter, match="privacy token issue"):
        read_token("PRIVACY_TOKEN", None, "ADMIN")
