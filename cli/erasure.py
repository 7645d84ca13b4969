"""``privacy erasure``: verify certificates; ``privacy systems``: register systems that take part in erasures."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from api.settings import Settings, UnsafeSettingError
from cli.databases import OpenDatabases, database_settings, open_databases, run_with_databases
from models.erasure import certificates, replay_statements, systems
from models.erasure.certificates import InvalidCertificateError
from models.erasure.systems import SystemRow
from models.storage.database import Database

app = typer.Typer(help="Verify erasure certificates.", no_args_is_help=True, rich_markup_mode=None)
systems_app = typer.Typer(
    help="Register internal systems that take part in erasures.", no_args_is_help=True, rich_markup_mode=None
)
KEYS_TIMEOUT = 10.0
"""Seconds that the download of the published keys may take."""
UNKNOWN_SYSTEM = "no system of that name is registered: see `privacy systems list`"


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A file with a certificate (JWS).")],
    keys: Annotated[str, typer.Option(help="The published keys: a file, or the URL of the keys.")] = "jwks.json",
    replays: Annotated[
        Path | None, typer.Option(help="A file with the statements of replays (JWS), one a line.")
    ] = None,
) -> None:
    """Verify the signature of a certificate and print its content.

    Save the keys once: curl https://YOUR-SERVICE/.well-known/jwks.json > jwks.json
    With --replays, each statement must be about this certificate; its content is printed, too.
    """
    published = load_keys(keys)
    try:
        jws = file.read_text().strip()
        claims = [certificates.verify_certificate(jws, published)]
        if replays:
            claims += [replay_statements.verify_replay(line, jws, published) for line in replays.read_text().split()]
    except InvalidCertificateError as problem:
        raise UnsafeSettingError(f"not a certificate of this service: {problem}") from None
    except (OSError, UnicodeDecodeError):
        raise UnsafeSettingError("the file with the certificate cannot be read") from None
    for content in claims:
        typer.echo(json.dumps(content, indent=2))


def load_keys(location: str) -> list[dict[str, Any]]:
    """Return the published keys of a file or a URL. Raise UnsafeSettingError when they cannot be read."""
    try:
        if location.startswith(("https://", "http://")):
            content = httpx.get(location, timeout=KEYS_TIMEOUT).raise_for_status().json()
        else:
            content = json.loads(Path(location).read_text())
        return list(content["keys"])
    except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError):
        raise UnsafeSettingError("the published keys cannot be read: set --keys to their file or URL") from None


@systems_app.command("add")
def add_system(
    name: Annotated[str, typer.Argument(help="The system's name in accounts: lower-case words and dashes.")],
    webhook: Annotated[str | None, typer.Option(help="The https:// URL of its webhook; without it, it polls.")] = None,
    *,
    always: Annotated[
        bool, typer.Option("--always", help="Notify it of every erasure, also of people without an account in it.")
    ] = False,
) -> None:
    """Register a system or change its registration; print the signing secret of its webhook."""

    async def register(settings: Settings) -> None:
        networks = settings.permitted_webhook_networks
        async with open_databases(settings) as databases, databases.database.transaction() as connection:
            await systems.register(connection, name, webhook, is_always_concerned=always, networks=networks)

    with database_settings() as settings:
        asyncio.run(register(settings))
    if webhook:
        secret(name)


@systems_app.command()
def secret(
    name: Annotated[str, typer.Argument(help="The system's name.")],
    *,
    renew: Annotated[bool, typer.Option("--renew", help="Generate a new secret; the old one becomes invalid.")] = False,
) -> None:
    """Print the secret with which a system verifies its webhooks (Standard Webhooks)."""

    async def load(databases: OpenDatabases) -> str | None:
        if renew:
            async with databases.database.transaction() as connection:
                await systems.ROTATE_SECRET.run(connection, name=name)
        for row in await _all_systems(databases.database):
            if row.name == name:
                return systems.display_secret(databases.keyring.master_keys, row)
        return None

    text = run_with_databases(load)
    if text is None:
        raise UnsafeSettingError(UNKNOWN_SYSTEM)
    typer.echo(text)


@systems_app.command("list")
def list_systems() -> None:
    """List the registered systems."""

    async def load(databases: OpenDatabases) -> list[SystemRow]:
        return await _all_systems(databases.database)

    for row in run_with_databases(load):
        channel = row.webhook_url or "by pull"
        typer.echo(f"{row.name}  {channel}{'  always' if row.is_always_concerned else ''}")


@systems_app.command("remove")
def remove_system(name: Annotated[str, typer.Argument(help="The system's name.")]) -> None:
    """Remove a registration: the system gets no webhooks, but still polls for people with an account in it."""

    async def remove(databases: OpenDatabases) -> int:
        async with databases.database.transaction() as connection:
            return await systems.REMOVE.run(connection, name=name)

    if not run_with_databases(remove):
        raise UnsafeSettingError(UNKNOWN_SYSTEM)


async def _all_systems(database: Database) -> list[SystemRow]:
    async with database.readers.acquire() as connection:
        return (await systems.all_systems(connection, []))[None]
