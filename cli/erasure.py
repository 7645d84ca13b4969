"""``privacy erasure``: check a certificate; ``privacy systems``: who is told of erasures."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from api.settings import UnsafeSettingError
from cli.databases import locate, opened
from models.erasure import certificates, systems
from models.erasure.certificates import InvalidCertificateError
from models.erasure.systems import SystemRow
from models.storage.database import Database

app = typer.Typer(help="Erasures and their proof.", no_args_is_help=True, rich_markup_mode=None)
register = typer.Typer(help="Internal systems that take part in erasures.", no_args_is_help=True, rich_markup_mode=None)
TIMEOUT = 10.0


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A certificate: the JWS, alone in its file.")],
    keys: Annotated[
        str, typer.Option(help="The published keys: a file that was saved before (offline), or the URL of them.")
    ] = "jwks.json",
) -> None:
    """Check that a certificate was signed by this service and not changed since; print what it says.

    Save the keys once: curl https://YOUR-SERVICE/.well-known/jwks.json > jwks.json
    """
    try:
        said = certificates.verify_certificate(file.read_text().strip(), _keys(keys))
    except InvalidCertificateError as problem:
        raise UnsafeSettingError(f"not a certificate of ours: {problem}") from None
    except (OSError, UnicodeDecodeError):
        raise UnsafeSettingError("the certificate's file cannot be read") from None
    typer.echo(json.dumps(said, indent=2))


def _keys(place: str) -> list[dict[str, Any]]:
    try:
        if place.startswith(("https://", "http://")):
            found = httpx.get(place, timeout=TIMEOUT).raise_for_status().json()
        else:
            found = json.loads(Path(place).read_text())
        return list(found["keys"])
    except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError):
        raise UnsafeSettingError("the published keys cannot be read: give --keys FILE or --keys URL") from None


@register.command("add")
def added(
    name: Annotated[str, typer.Argument(help="The system's name, as accounts have it: lower-case words and dashes.")],
    webhook: Annotated[str | None, typer.Option(help="Where it is told, https://…; by pull alone without it.")] = None,
    *,
    always: Annotated[bool, typer.Option("--always", help="It is told of everybody, account or not.")] = False,
) -> None:
    """Register a system, or change how it is told; prints the secret that its webhooks are signed with."""

    async def done() -> None:
        with locate() as settings:
            async with opened(settings) as place, place.database.transaction() as connection:
                await systems.register(connection, name, webhook, is_always_concerned=always)

    asyncio.run(done())
    if webhook:
        secret(name)


@register.command()
def secret(
    name: Annotated[str, typer.Argument(help="The system's name.")],
    *,
    renew: Annotated[bool, typer.Option("--renew", help="Make a new one; the old one is worth nothing then.")] = False,
) -> None:
    """Print the secret that a system checks its webhooks with (Standard Webhooks)."""

    async def found() -> str:
        with locate() as settings:
            async with opened(settings) as place:
                if renew:
                    async with place.database.transaction() as connection:
                        await systems.ROTATE_SECRET.run(connection, name=name)
                for row in await _all(place.database):
                    if row.name == name:
                        return systems.display_secret(place.keyring.master_keys, row)
        raise UnsafeSettingError("no system of that name is registered")

    typer.echo(asyncio.run(found()))


@register.command("list")
def listed() -> None:
    """List the registered systems."""

    async def found() -> list[SystemRow]:
        with locate() as settings:
            async with opened(settings) as place:
                return await _all(place.database)

    for row in asyncio.run(found()):
        told = row.webhook_url or "by pull"
        typer.echo(f"{row.name}  {told}{'  always' if row.is_always_concerned else ''}")


@register.command()
def remove(name: Annotated[str, typer.Argument(help="The system's name.")]) -> None:
    """Tell a system no more by webhook; those that people have accounts in are still concerned, by pull."""

    async def done() -> int:
        with locate() as settings:
            async with opened(settings) as place, place.database.transaction() as connection:
                return await systems.REMOVE.run(connection, name=name)

    if not asyncio.run(done()):
        raise UnsafeSettingError("no system of that name is registered")


async def _all(database: Database) -> list[SystemRow]:
    async with database.readers.acquire() as connection:
        return (await systems.all_systems(connection, []))[None]
