"""``privacy keys``: the master key."""

import asyncio
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from cli.databases import locate, opened
from models.encryption import email_keys
from models.encryption.master_keys import MasterKeys
from models.erasure import certificates

app = typer.Typer(help="The master key, which wraps every person's key.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def new(version: Annotated[int, typer.Option(min=1, max=32767, help="The version's number.")] = 1) -> None:
    """Make a master key for PRIVACY_MASTER_KEY, and print it.

    To rotate: set PRIVACY_MASTER_KEY to NEW,OLD in every process, run `privacy keys rotate`, then take OLD away.
    """
    typer.echo(MasterKeys.generate(version))


@app.command()
def rotate() -> None:
    """Wrap every key anew under the newest master key, while the service runs; it can be repeated and resumed."""

    async def rotated() -> int:
        count = 0
        with locate() as settings:
            async with opened(settings) as place:
                columns = (SpinnerColumn(), TextColumn("keys wrapped anew"), MofNCompleteColumn())
                with Progress(*columns, transient=True) as progress:
                    task = progress.add_task("", total=None)
                    for rotating in (place.keyring.rotate(), email_keys.rotate(place.keyring)):
                        async for size in rotating:
                            count += size
                            progress.advance(task, size)
                count += await certificates.rewrap(place.keyring)
        return count

    typer.echo(f"{asyncio.run(rotated())} keys are wrapped by the newest master key now")
