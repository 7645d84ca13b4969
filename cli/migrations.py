"""``privacy migrate`` and ``privacy migrations``: upgrade both databases, or compare their tables with the code."""

import asyncio
from typing import Annotated

import typer

from cli.databases import MigrationResult, database_settings, migrate_databases, owner_urls, temporary_databases
from migrations import differences, head


def migrate() -> None:
    """Upgrade both databases: tables, then roles and privileges. Run it before a new version starts to serve."""
    with database_settings() as settings:
        for result in asyncio.run(migrate_databases(settings)):
            typer.echo(f"{result.history}: {_describe(result)}")


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
