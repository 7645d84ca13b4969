"""``privacy --version``: the version of the package, and the migrations that it knows."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

HISTORIES = ("privacy", "keyring")
_MIGRATIONS = Path(__file__).parent.parent / "migrations"


def newest_migration(history: str) -> str:
    """Return the newest revision of a history by the numbers of its files: reading them all takes a second."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / history).glob("[0-9]*.py"))


def _print_version(is_requested: bool) -> None:  # noqa: FBT001 -- typer passes the value of the option
    if is_requested:
        migrations = ", ".join(f"{history} {newest_migration(history)}" for history in HISTORIES)
        typer.echo(f"privacy {version('privacy-api')} (migrations: {migrations})")
        raise typer.Exit


def options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Serve, migrate and operate the privacy API."""
