"""``privacy migrate`` and ``privacy migrations``: upgrade both databases, or compare their tables with the code."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Annotated, NamedTuple

import typer

from api.settings import Settings
from cli import database_roles
from cli.databases import database_settings, open_databases, owner_urls, renew_address_hashes, temporary_databases
from migrations import differences, head, is_newer, is_ready, revision, roll_back, upgrade
from models.audit import epochs
from models.encryption.keyring import HAS_FORMER_ADDRESSES

SETUP_LOCK = 7235481
"""The key of the advisory lock that a process holds while it migrates the databases or adds example data."""


PENDING = "run `privacy migrate --post-deployment` once no process of the previous version is left"


class Stage(Enum):
    """What to do with the migrations that must not run while processes of the previous version serve."""

    DEPLOYMENT = "leave them"
    POST_DEPLOYMENT = "run them"
    ROLL_BACK = "undo them"


class MigrationResult(NamedTuple):
    """The revisions of a database before and after a migration; ``before`` is empty for a new database."""

    history: str
    before: str
    after: str

    @property
    def is_newer(self) -> bool:
        """Whether a newer version migrated this database, so that this version has left it unchanged."""
        return is_newer(self.history, self.after)

    @property
    def is_pending(self) -> bool:
        """Whether a post-deployment migration has not run yet."""
        return not self.is_newer and self.after != head(self.history)


@asynccontextmanager
async def exclusive_setup(settings: Settings) -> AsyncIterator[None]:
    """Hold an advisory lock of the first database: one process at a time migrates, and adds example data.

    The lock ends with its session, even if the process is killed.
    """
    async with database_roles.connected(owner_urls(settings)["privacy"]) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", SETUP_LOCK)
        yield


async def migrate_databases(settings: Settings, stage: Stage = Stage.DEPLOYMENT) -> list[MigrationResult]:
    """Upgrade both databases, or undo the post-deployment migration, then apply the roles and their privileges.

    A database that a newer version has migrated stays as it is. Concurrent calls wait for each other.
    """
    async with exclusive_setup(settings):
        return await _migrate(settings, stage)


async def _migrate(settings: Settings, stage: Stage) -> list[MigrationResult]:
    results = []
    for history, url in owner_urls(settings).items():
        if stage is Stage.ROLL_BACK and history == "privacy":
            if not is_ready(history, current := await revision(url)):
                raise typer.BadParameter(f"there is nothing to undo: the database has revision {current or 'nothing'}")
            revisions = await roll_back(url)
        else:
            revisions = await upgrade(history, url, post_deployment=stage is Stage.POST_DEPLOYMENT)
        result = MigrationResult(history, *revisions)
        results.append(result)
        if not result.is_newer:
            await database_roles.apply(history, url, database_roles.logins(settings))
    if any(result.is_newer for result in results):
        return results
    async with database_roles.connected(owner_urls(settings)["privacy"]) as connection:
        await epochs.begin_epoch(connection)  # type: ignore[arg-type]  # a pooled connection has the same methods
    async with database_roles.connected(owner_urls(settings)["keyring"]) as connection:
        has_former = await HAS_FORMER_ADDRESSES.value(connection)  # type: ignore[arg-type]  # as above
    if has_former:
        async with open_databases(settings) as databases:
            await renew_address_hashes(databases)
    return results


def migrate(
    *,
    post_deployment: Annotated[
        bool,
        typer.Option(
            "--post-deployment",
            help="Also drop what only the previous version needs. Its last process must have ended.",
        ),
    ] = False,
    undo: Annotated[
        bool,
        typer.Option("--roll-back", help="Undo --post-deployment, so that the previous version can serve again."),
    ] = False,
) -> None:
    """Upgrade both databases: tables, then roles and privileges. Run it before a new version starts to serve.

    It keeps what the previous version needs. Once no process of that version is left, run it with --post-deployment.
    A new database has no previous version, and gets everything at once.
    """
    if post_deployment and undo:
        raise typer.BadParameter("--post-deployment and --roll-back exclude each other")
    stage = Stage.POST_DEPLOYMENT if post_deployment else Stage.ROLL_BACK if undo else Stage.DEPLOYMENT
    with database_settings() as settings:
        for result in asyncio.run(migrate_databases(settings, stage)):
            typer.echo(f"{result.history}: {_describe(result)}")
            if stage is Stage.DEPLOYMENT and result.is_pending:
                typer.echo(PENDING)


def _describe(result: MigrationResult) -> str:
    if result.is_newer:
        return (
            f"was {result.after}, which a newer version has made (this one knows {head(result.history)}): "
            "nothing was changed"
        )
    return f"was {result.after}" if result.before == result.after else f"{result.before or 'nothing'} -> {result.after}"


def migrations(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Use temporary databases; exit with status 1 when there are differences.")
    ] = False,
) -> None:
    """Migrate the databases, then print the differences between their tables and the tables in the code."""
    with temporary_databases() if check else database_settings() as settings:
        asyncio.run(migrate_databases(settings))
        for history, url in owner_urls(settings).items():
            table_differences = asyncio.run(differences(history, url))
            typer.echo(f"{history}: {table_differences or 'in step'}")
            if table_differences and check:
                raise typer.Exit(1)
