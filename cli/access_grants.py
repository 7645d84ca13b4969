"""``privacy grants``: the columns that each role may read or write, and the review of access grants."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.access.write_grants import columns_written_by
from api.settings import Settings
from cli import database_roles
from cli.databases import OpenDatabases, database_settings, owner_urls, run_with_databases
from models.access import access_grants, grant_lists
from models.access.access_grants import AccessGrantRow
from models.access.database_roles import READERS
from models.access.write_groups import GROUPS, SERVICE
from models.actors import Role
from models.audit import events as audit_events
from models.audit.events import AccessEventRow
from models.storage.clock import now
from models.storage.ids import Prefix, format_id

MIN_TABLE_WIDTH = 140
"""Characters that the table of all roles needs; a narrower terminal wraps its lines."""

app = typer.Typer(
    help="The columns that each role may read or write, and the review of access grants.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def show(
    *,
    writes: Annotated[
        bool,
        typer.Option(
            "--writes",
            help="Print what each group of mutations may write instead: INSERT and UPDATE of columns, DELETE of rows.",
        ),
    ] = False,
) -> None:
    """Print a table of the columns that each role may SELECT, as the fields of the role require."""
    if writes:
        _print_writes()
        return

    async def load(settings: Settings) -> dict[str, set[str]]:
        readers: dict[str, set[str]] = {}
        for history, url in owner_urls(settings).items():
            async with database_roles.connected(url) as connection:
                for role, relations in (await database_roles.read_columns(history, connection)).items():
                    for relation in relations:
                        readers.setdefault(f"{relation.table}.{relation.column}", set()).add(role)
        return readers

    with database_settings() as settings:
        readers_by_column = asyncio.run(load(settings))
    table = Table("column", *(role.lower() for role in Role))
    for column, readers in sorted(readers_by_column.items()):
        table.add_row(column, *("x" if READERS[role] in readers else "" for role in Role))
    Console(width=max(Console().width, MIN_TABLE_WIDTH)).print(table)


def _print_writes() -> None:
    groups = (*GROUPS, SERVICE)
    privileges: dict[str, dict[str, str]] = {}
    for group in groups:
        for table, column, privilege in sorted(columns_written_by(group)):
            cells = privileges.setdefault(f"{table}.{column}" if column else table, {})
            cells[group.role] = cells.get(group.role, "") + privilege[0]
    output = Table("column", *(group.role.removeprefix("privacy_").removesuffix("_writer") for group in groups))
    for column, cells in sorted(privileges.items()):
        output.add_row(column, *(cells.get(group.role, "") for group in groups))
    Console(width=max(Console().width, MIN_TABLE_WIDTH)).print(output)


@app.command()
def check() -> None:
    """Compare the privileges in the databases with the access policy; exit with status 1 when they differ."""
    with database_settings() as settings:
        lines = [
            line
            for history, url in owner_urls(settings).items()
            for line in asyncio.run(database_roles.differences(history, url))
        ]
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(1)
    typer.echo("the privileges of all roles match the access policy")


@app.command()
def sql(
    login: Annotated[list[str], typer.Option(help="A login that serves callers or migrates; repeatable.")],
) -> None:
    """Print SQL that creates the roles, for servers where the owner may not create roles; run it as a superuser."""
    for statement in database_roles.role_statements(login):
        typer.echo(f"{statement};")


@app.command()
def review(
    days: Annotated[int, typer.Option(min=1, help="Days before now that the review covers.")] = 30,
) -> None:
    """List recent access grants, each with its decision and with the fields that were read under it."""

    async def load(databases: OpenDatabases) -> list[tuple[AccessGrantRow, list[AccessEventRow]]]:
        async with databases.database.readers.acquire() as connection:
            grants = await grant_lists.requested_since(connection, now() - timedelta(days=days))
            events = await audit_events.of_grants(connection, [grant.id for grant in grants])
        return [(grant, events[grant.id]) for grant in grants]

    for grant, events in run_with_databases(load):
        typer.echo("\n".join(_grant_lines(grant, events)))


def _grant_lines(grant: AccessGrantRow, events: Sequence[AccessEventRow]) -> Iterator[str]:
    """Yield the lines of a grant: its state, request, decision and events."""
    state = access_grants.state_of(grant.asked_at, grant.decided_at, grant.expires_at, grant.ended_at)
    yield f"{format_id(Prefix.ACCESS_GRANT, grant.id)} {state}, on {format_id(Prefix.SUBJECT, grant.subject_id)}"
    yield f"  asked by {grant.actor} for {grant.case}, {grant.minutes} minutes, {grant.asked_at:%Y-%m-%d %H:%M:%S}"
    if grant.decided_by and grant.decided_at:
        yield f"  decided by {grant.decided_by}, {grant.decided_at:%Y-%m-%d %H:%M:%S}"
    for event in events:
        yield f"  {event.at:%Y-%m-%d %H:%M:%S} {event.actor}: {' '.join(event.fields)}"
