"""``privacy grants``: who may read which column, and who broke the glass."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli import database_roles
from cli.databases import locate, opened, owned
from models.access import access_grants
from models.access.access_grants import AccessGrantRow
from models.access.database_roles import READERS
from models.actors import Role
from models.audit import events as audit_events
from models.audit.events import AccessEventRow
from models.storage.clock import now
from models.storage.ids import Prefix, format_id

WIDTH = 140
"""Columns that the table of all roles needs, however narrow the terminal is."""

app = typer.Typer(
    help="Who may read which column, and who broke the glass.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def show() -> None:
    """Print which columns the fields of each role need, and so which its reads may SELECT."""

    async def found() -> dict[str, set[str]]:
        readers: dict[str, set[str]] = {}
        with locate() as settings:
            for history, url in owned(settings).items():
                async with database_roles.connected(url) as connection:
                    for role, columns in (await database_roles.reads(history, connection)).items():
                        for place in columns:
                            readers.setdefault(f"{place.table}.{place.column}", set()).add(role)
        return readers

    table = Table("column", *(role.lower() for role in Role))
    for column, readers in sorted(asyncio.run(found()).items()):
        table.add_row(column, *("x" if READERS[role] in readers else "" for role in Role))
    Console(width=max(Console().width, WIDTH)).print(table)


@app.command()
def check() -> None:
    """Compare what the roles of the live databases may do with what the matrix wants; exit 1 where they differ."""
    with locate() as settings:
        found = [
            line
            for history, url in owned(settings).items()
            for line in asyncio.run(database_roles.differences(history, url))
        ]
    for line in found:
        typer.echo(line)
    if found:
        raise typer.Exit(1)
    typer.echo("the roles may do what the matrix wants, and nothing else")


@app.command()
def sql(
    login: Annotated[list[str], typer.Option(help="Who logs in to serve callers, or to migrate; repeat it for each.")],
) -> None:
    """Print the SQL that makes the roles, for a server where the owner of the tables may not: run it as a superuser."""
    for statement in database_roles.creating(login):
        typer.echo(f"{statement};")


@app.command()
def review(
    days: Annotated[int, typer.Option(min=1, help="How far back the review goes.")] = 30,
) -> None:
    """List the access grants of the last days, each with who decided and what was read under it."""

    async def found() -> list[tuple[AccessGrantRow, list[AccessEventRow]]]:
        with locate() as settings:
            async with opened(settings) as place, place.database.readers.acquire() as connection:
                asked = await access_grants.requested_since(connection, now() - timedelta(days=days))
                events = await audit_events.of_grants(connection, [grant.id for grant in asked])
        return [(grant, events[grant.id]) for grant in asked]

    for grant, events in asyncio.run(found()):
        typer.echo("\n".join(_told(grant, events)))


def _told(grant: AccessGrantRow, events: Sequence[AccessEventRow]) -> Iterator[str]:
    """Tell the story of a grant, a line for each thing that was done about and under it."""
    state = access_grants.state_of(grant.asked_at, grant.decided_at, grant.expires_at)
    yield f"{format_id(Prefix.ACCESS_GRANT, grant.id)} {state}, on {format_id(Prefix.SUBJECT, grant.subject_id)}"
    yield f"  asked by {grant.actor} for {grant.case}, {grant.minutes} minutes, {grant.asked_at:%Y-%m-%d %H:%M:%S}"
    if grant.decided_by and grant.decided_at:
        yield f"  decided by {grant.decided_by}, {grant.decided_at:%Y-%m-%d %H:%M:%S}"
    for event in events:
        yield f"  {event.at:%Y-%m-%d %H:%M:%S} {event.actor}: {' '.join(event.fields)}"
