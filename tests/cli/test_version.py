"""``privacy --version`` prints the version of the package and the migrations that it knows."""

import tomllib
from pathlib import Path

import pytest

import migrations
from cli.version import HISTORIES, newest_migration
from migrations import head
from tests.cli.commands import privacy
from tests.conftest import ROOT


@pytest.mark.anyio
async def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    number = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    result = await privacy("--version", at=tmp_path)
    expected = f"privacy {number} (migrations: privacy {head('privacy')}, keyring {head('keyring')})\n"
    assert (result.code, result.out) == (0, expected)


def test_the_newest_migrations_are_the_heads_of_the_histories() -> None:
    assert set(HISTORIES) == set(migrations.HISTORIES)
    for history in HISTORIES:
        assert newest_migration(history) == migrations.head(history)
