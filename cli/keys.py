"""``privacy keys``: generate and rotate the master key."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from cli.databases import OpenDatabases, database_settings, owner_urls, renew_address_hashes, run_with_databases
from models.encryption import email_keys, export_keys, key_remnants
from models.encryption.key_remnants import KeyRemnants
from models.encryption.master_keys import MasterKeys
from models.erasure import certificates

T = TypeVar("T")

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


@app.command()
def rewrite(
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the end of older transactions.")
    ] = 60,
) -> None:
    """Rewrite the tables of keys, so that no file of them contains a destroyed key; run it every day.

    Reads of keys wait meanwhile: about a second for a million keys. Keys may also be in the WAL, in archives and in
    backups: see `privacy keys remnants`.
    """
    if not asyncio.run(_with_keyring(lambda connection: key_remnants.rewrite_keys(connection, wait))):
        typer.echo(
            "destroyed keys remain: a transaction that began before their destruction is open. "
            "End it, then run `privacy keys rewrite` again.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("the tables of keys are rewritten")


@app.command()
def remnants() -> None:
    """Show where destroyed keys can still be stored, and exit with status 1 while this server has one.

    The keys are wrapped by the master key. Backups of the keyring are not looked at.
    """
    where = asyncio.run(_with_keyring(key_remnants.find_remnants))
    for line in _describe(where):
        typer.echo(line)
    if where.in_tables != 0 or where.in_wal != 0:
        raise typer.Exit(1)


def _describe(where: KeyRemnants) -> Iterator[str]:
    if where.rewritten_at is None:
        yield "tables: unknown until `privacy keys rewrite` has run"
    elif where.in_tables is None:
        yield "tables: unknown since PostgreSQL was started again: run `privacy keys rewrite`"
    elif where.in_tables:
        yield f"tables: {where.in_tables} keys were removed since they were rewritten: run `privacy keys rewrite`"
    else:
        yield f"tables: none, rewritten at {where.rewritten_at:%Y-%m-%d %H:%M:%S} UTC"
    if where.rewritten_at is None:
        yield "WAL: unknown until `privacy keys rewrite` has run"
    elif where.in_wal is None:
        yield "WAL: unknown: grant the owner pg_monitor, pg_checkpoint and EXECUTE on pg_switch_wal(), then rewrite"
    elif where.in_wal:
        yield f"WAL: {where.in_wal} segments from before: a checkpoint removes them (set wal_recycle to off)"
    else:
        yield "WAL: none"
    if where.is_archived:
        yield "archives and replicas: the server has some: remove WAL and base backups from before yourself"


async def _with_keyring(work: Callable[[Any], Awaitable[T]]) -> T:
    """Run work on a connection to the keyring as the owner of its tables."""
    with database_settings() as settings:
        connection = await asyncpg.connect(owner_urls(settings)["keyring"])
        try:
            return await work(connection)
        finally:
            await connection.close()


async def _rotate(databases: OpenDatabases) -> int:
    keyring = databases.keyring
    key_count = 0
    columns = (SpinnerColumn(), TextColumn("keys wrapped"), MofNCompleteColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("", total=None)
        for batches in (
            keyring.rotate(),
            email_keys.rotate(keyring),
            export_keys.rotate(keyring),
            certificates.rotate(keyring),
        ):
            async for size in batches:
                key_count += size
                progress.advance(task, size)
    return key_count
