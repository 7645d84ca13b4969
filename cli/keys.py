"""``privacy keys``: generate and rotate the master key."""

from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from cli.databases import OpenDatabases, renew_address_hashes, run_with_databases
from models.encryption import email_keys
from models.encryption.master_keys import MasterKeys
from models.erasure import certificates

app = typer.Typer(
    help="Generate and rotate the master key, which wraps the key of each person.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def new(version: Annotated[int, typer.Option(min=1, max=32767, help="The version number of the key.")] = 1) -> None:
    """Generate a master key for PRIVACY_MASTER_KEY, and print it.

    To rotate: set PRIVACY_MASTER_KEY to NEW,OLD in every process, run `privacy keys rotate`, then remove OLD.
    """
    typer.echo(MasterKeys.generate(version))


@app.command()
def rotate() -> None:
    """Wrap all keys with the newest master key; the service may run, and the command may be stopped and repeated."""
    key_count = run_with_databases(_rotate)
    typer.echo(f"{key_count} keys are wrapped by the newest master key now")


@app.command()
def rehash() -> None:
    """Renew hashes of email addresses that were made by the former rule of equal addresses; the service may run.

    `privacy migrate` does so once. Run this command after the last process of the previous version has ended.
    """
    count = run_with_databases(renew_address_hashes)
    typer.echo(f"{count.renewed} hashes of addresses are renewed")
    if count.conflicting:
        typer.echo(f"{count.conflicting} are not: other people have the same addresses (see `privacy check addresses`)")
        raise typer.Exit(1)


async def _rotate(databases: OpenDatabases) -> int:
    keyring = databases.keyring
    key_count = 0
    columns = (SpinnerColumn(), TextColumn("keys wrapped"), MofNCompleteColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("", total=None)
        for batches in (keyring.rotate(), email_keys.rotate(keyring), certificates.rotate(keyring)):
            async for size in batches:
                key_count += size
                progress.advance(task, size)
    return key_count
