"""``privacy token``: tokens for services, people and scripts."""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from cli.databases import acting, locate, opened
from models.access import tokens
from models.access.tokens import IssuedTokenRow, TokenLifetimes, TokenRow
from models.actors import Role
from models.storage.clock import now
from models.storage.ids import Prefix, format_id, parse_id_of

COLUMNS = ("id", "name", "roles", "issued", "expires", "last used", "revoked")
WIDTH = 160
app = typer.Typer(help="Tokens for services, people and scripts.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def issue(
    name: Annotated[str, typer.Option(help="Who will bear it: 1 to 64 letters, digits, spaces, dots, dashes.")],
    role: Annotated[
        list[Role], typer.Option(help="What it may act as; repeat it for several, the first is the default.")
    ],
    days: Annotated[
        int | None,
        typer.Option(min=1, help="After how many days it is worth nothing: 90 at most for people, 365 for services."),
    ] = None,
) -> None:
    """Issue a token and print its secret, this once: it is kept nowhere.

    Example: privacy token issue --name "store service" --role STORE --days 365
    """

    async def issued() -> IssuedTokenRow:
        with locate() as settings:
            life = TokenLifetimes(settings.token_life_people, settings.token_life_services)
            async with opened(settings) as place, acting(place, "issueToken") as unit:
                return await tokens.issue_token(unit, name, role, now() + timedelta(days=days) if days else None, life)

    made = asyncio.run(issued())
    typer.echo(f"{format_id(Prefix.TOKEN, made.token_id)}\n{made.secret}")


@app.command()
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id: tok_...")]) -> None:
    """Make a token worth nothing, within a second in every process."""

    async def revoked() -> None:
        with locate() as settings:
            async with opened(settings) as place, acting(place, "revokeToken") as unit:
                await tokens.revoke_token(unit, parse_id_of(Prefix.TOKEN, token_id))

    asyncio.run(revoked())
    typer.echo(f"{token_id} is revoked")


@app.command("list")
def listed() -> None:
    """List all tokens, the oldest first; never their secrets."""

    async def found() -> list[TokenRow]:
        with locate() as settings:
            async with opened(settings) as place, place.database.readers.acquire() as connection:
                return (await tokens.all_tokens(connection, []))[None]

    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS))
    for row in asyncio.run(found()):
        moments = (row.issued_at, row.expires_at, row.last_used_at, row.revoked_at)
        table.add_row(
            format_id(Prefix.TOKEN, row.id),
            row.name,
            " ".join(row.roles),
            *(moment.strftime("%Y-%m-%d %H:%M") if moment else "" for moment in moments),
        )
    Console(width=max(Console().width, WIDTH)).print(table)
