"""``privacy token``: issue, revoke and list tokens of services, people and scripts."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from api.settings import Settings
from cli.databases import OpenDatabases, admin_unit_of_work, database_settings, open_databases, run_with_databases
from models.access import tokens
from models.access.token_approval import is_approved
from models.access.tokens import IssuedTokenRow, NewToken, TokenLifetimes, TokenRow
from models.actors import Role
from models.storage.clock import now
from models.storage.ids import Prefix, format_id, parse_id_of

COLUMNS = ("id", "name", "roles", "system", "approved", "issued", "expires", "last used", "revoked")
MIN_TABLE_WIDTH = 160
"""Characters that the table needs; a narrower terminal wraps its lines."""

app = typer.Typer(
    help="Issue, revoke and list tokens of services, people and scripts.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def issue(
    name: Annotated[str, typer.Option(help="The bearer's name: 1 to 64 letters, digits, spaces, dots, dashes.")],
    role: Annotated[list[Role], typer.Option(help="A role of the token; repeatable. The first role is the default.")],
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Days until the token expires: at most 90 for people, 365 for services."),
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="The internal system that it belongs to, such as store: it takes its steps.")
    ] = None,
) -> None:
    """Issue a token and print its id and its secret. The secret is not stored and cannot be printed again.

    It works at once: a token from the command line counts as approved.

    Example: privacy token issue --name "store service" --role STORE --days 365
    """

    async def issue_token(settings: Settings) -> IssuedTokenRow:
        life = TokenLifetimes(settings.token_life_people, settings.token_life_services)
        expires_at = now() + timedelta(days=days) if days else None
        async with open_databases(settings) as databases, admin_unit_of_work(databases, "issueToken") as unit:
            return await tokens.issue_token(unit, NewToken(name, role, expires_at, system), life, is_approved=True)

    with database_settings() as settings:
        token = asyncio.run(issue_token(settings))
    typer.echo(f"{format_id(Prefix.TOKEN, token.token_id)}\n{token.secret}")


@app.command()
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id: tok_...")]) -> None:
    """Revoke a token; every process refuses it within a second."""

    async def revoke_token(databases: OpenDatabases) -> None:
        async with admin_unit_of_work(databases, "revokeToken") as unit:
            await tokens.revoke_token(unit, parse_id_of(Prefix.TOKEN, token_id))

    run_with_databases(revoke_token)
    typer.echo(f"{token_id} is revoked")


@app.command("list")
def list_tokens() -> None:
    """List all tokens without their secrets, oldest first."""

    async def load(databases: OpenDatabases) -> list[TokenRow]:
        async with databases.database.readers.acquire() as connection:
            return (await tokens.all_tokens(connection, []))[None]

    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS))
    for row in run_with_databases(load):
        times = (row.issued_at, row.expires_at, row.last_used_at, row.revoked_at)
        table.add_row(
            format_id(Prefix.TOKEN, row.id),
            row.name,
            " ".join(row.roles),
            row.system or "",
            "yes" if is_approved(row.roles, row.approved_at) else "waits",
            *(time.strftime("%Y-%m-%d %H:%M") if time else "" for time in times),
        )
    Console(width=max(Console().width, MIN_TABLE_WIDTH)).print(table)
