"""``privacy systems``: register internal systems, the webhooks that they get, and their subscriptions to the feed."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from api.access.policy import ACCESS_POLICY
from api.settings import Settings, UnsafeSettingError
from cli.databases import OpenDatabases, database_settings, open_databases, run_with_databases
from models.actors import Role
from models.consent.changes import FeedStart
from models.erasure import systems
from models.erasure.systems import SystemRow
from models.feed import subscriptions
from models.feed.subscriptions import SubscriptionRow
from models.storage.statement import Connection

app = typer.Typer(
    help="Register internal systems: they take part in erasures and exports, and subscribe to changes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
UNKNOWN_SYSTEM = "no system of that name is registered: see `privacy systems list`"


class Events(StrEnum):
    """The events that a system can subscribe to, or none of them."""

    CONSENT_CHANGES = "consent-changes"
    NONE = "none"


class Start(StrEnum):
    """Where a subscription begins."""

    BEGINNING = "beginning"
    NOW = "now"


def visible_change_fields() -> Mapping[Role, frozenset[str]]:
    """Return the fields of a change that each role may see which reads the feed."""
    prefix = "ConsentChange."
    return {
        role: frozenset(
            coordinate.removeprefix(prefix)
            for coordinate, roles in ACCESS_POLICY.items()
            if coordinate.startswith(prefix) and role in roles
        )
        for role in Role
        if role in ACCESS_POLICY["Query.consentChanges"]
    }


@app.command("add")
def add_system(  # noqa: PLR0913 -- the options of the command
    name: Annotated[str, typer.Argument(help="The system's name in accounts: lower-case words and dashes.")],
    webhook: Annotated[str | None, typer.Option(help="The https:// URL of its webhook; without it, it polls.")] = None,
    *,
    always: Annotated[
        bool, typer.Option("--always", help="Notify it of every erasure, also of people without an account in it.")
    ] = False,
    events: Annotated[
        Events | None, typer.Option(help="Send these events to its webhook, too. Without it, a subscription stays.")
    ] = None,
    role: Annotated[
        Role, typer.Option(help="The role in which it gets the events: it sees what that role may see.")
    ] = Role.SERVICE,
    start: Annotated[
        Start | None,
        typer.Option(
            "--from", help="Where it begins, or begins anew. A new subscription begins at the beginning by default."
        ),
    ] = None,
) -> None:
    """Register a system or change its registration; print the signing secret of its webhook."""
    subscribes = events is Events.CONSENT_CHANGES
    if subscribes and role not in visible_change_fields():
        raise UnsafeSettingError(f"{role} may not read the change feed: set --role to another one")

    async def register(settings: Settings) -> str | None:
        networks = settings.permitted_webhook_networks
        async with open_databases(settings) as databases, databases.database.transaction() as connection:
            url = webhook or (await _registered_url(connection, name) if subscribes else None)
            if subscribes and url is None:
                raise UnsafeSettingError("events are sent to a webhook: set --webhook")
            await systems.register(connection, name, url, is_always_concerned=always, networks=networks)
            if subscribes:
                await subscriptions.subscribe(connection, name, role, FeedStart[start.name] if start else None)
            elif events is Events.NONE:
                await subscriptions.unsubscribe(connection, name)
        return url

    with database_settings() as settings:
        url = asyncio.run(register(settings))
    if url:
        secret(name)


async def _registered_url(connection: Connection, name: str) -> str | None:
    rows = (await systems.all_systems(connection, []))[None]
    return next((row.webhook_url for row in rows if row.name == name), None)


@app.command()
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
        async with databases.database.readers.acquire() as connection:
            rows = (await systems.all_systems(connection, []))[None]
        row = next((row for row in rows if row.name == name), None)
        return systems.display_secret(databases.keyring.master_keys, row) if row else None

    text = run_with_databases(load)
    if text is None:
        raise UnsafeSettingError(UNKNOWN_SYSTEM)
    typer.echo(text)


@app.command("list")
def list_systems() -> None:
    """List the registered systems."""

    async def load(databases: OpenDatabases) -> tuple[list[SystemRow], list[SubscriptionRow]]:
        async with databases.database.readers.acquire() as connection:
            rows = (await systems.all_systems(connection, []))[None]
            return rows, await subscriptions.all_subscriptions(connection)

    rows, subscribed = run_with_databases(load)
    by_name = {row.name: row for row in subscribed}
    for row in rows:
        channel = row.webhook_url or "by pull"
        always = "  always" if row.is_always_concerned else ""
        typer.echo(f"{row.name}  {channel}{always}{_describe(by_name.get(row.name))}")


def _describe(subscription: SubscriptionRow | None) -> str:
    if subscription is None:
        return ""
    problem = f", {subscription.attempts} attempts failed: {subscription.error}" if subscription.error else ""
    return f"  {Events.CONSENT_CHANGES} as {subscription.role}, {subscription.waiting} waiting{problem}"


@app.command("remove")
def remove_system(name: Annotated[str, typer.Argument(help="The system's name.")]) -> None:
    """Remove a registration: the system gets no webhooks, but still polls for people with an account in it."""

    async def remove(databases: OpenDatabases) -> int:
        async with databases.database.transaction() as connection:
            await subscriptions.unsubscribe(connection, name)
            return await systems.REMOVE.run(connection, name=name)

    if not run_with_databases(remove):
        raise UnsafeSettingError(UNKNOWN_SYSTEM)
