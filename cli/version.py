"""``privacy --version``: the version of the package, and the migrations that it knows."""

from importlib.metadata import version
from typing import Annotated

import typer

from migrations import HISTORIES, head


def _print_version(is_requested: bool) -> None:  # noqa: FBT001 -- typer passes the value of the option
    if is_requested:
        migrations = ", ".join(f"{history} {head(history)}" for history in HISTORIES)
        typer.echo(f"privacy {version('privacy-api')} (migrations: {migrations})")
        raise typer.Exit


def options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Serve, migrate and operate the privacy API."""
