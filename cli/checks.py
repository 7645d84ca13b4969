"""``privacy check``: find stored data that needs a review."""

from uuid import UUID

import typer

from cli.databases import OpenDatabases, run_with_databases
from models.consent.choices import find_different
from models.registration import address_hashes
from models.registration.address_hashes import AddressFindings
from models.storage.ids import Prefix, format_id

app = typer.Typer(
    help="Find stored data that needs a review.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def group() -> None:
    """Find stored data that needs a review."""


@app.command()
def addresses() -> None:
    """List people whom the former rule of equal addresses may have merged, by id; exit code 1 if there are any.

    The former rule took ß and ss, both small sigmas, and ligatures and their letters for one. `merged` people have such
    an address. `possibly merged` people have several accounts of one system, and an address of plain letters.
    """
    findings = run_with_databases(_find)
    for label, subject_ids in (("merged", findings.merged), ("possibly merged", findings.possibly_merged)):
        for subject_id in subject_ids:
            typer.echo(f"{format_id(Prefix.SUBJECT, subject_id)}  {label}")
    if findings.former_count:
        typer.echo(f"{findings.former_count} hashes of addresses have the former form: run `privacy keys rehash`")
    if findings.has_any:
        raise typer.Exit(1)
    typer.echo("no person needs a review")


async def _find(databases: OpenDatabases) -> AddressFindings:
    return await address_hashes.find_merged(*databases)


@app.command()
def choices() -> None:
    """List people whose current choices differ from a replay of the ledger, by id; exit code 1 if there are any.

    Run it after a restore.
    """
    different = run_with_databases(_find_different)
    for subject_id in different:
        typer.echo(f"{format_id(Prefix.SUBJECT, subject_id)}  choices differ from the ledger")
    if different:
        raise typer.Exit(1)
    typer.echo("the current choices of all people agree with the ledger")


async def _find_different(databases: OpenDatabases) -> list[UUID]:
    return [subject_id async for subject_id in find_different(databases.database)]
