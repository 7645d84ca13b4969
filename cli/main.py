"""The command ``privacy``: its subcommands, and the messages of foreseeable errors."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console

from api.graphql.schema import print_schema
from api.settings import UnsafeSettingError
from cli import (
    access_grants,
    audit,
    audit_certificate,
    backups,
    checks,
    completion,
    emails,
    erasure,
    keys,
    receipts,
    requests,
    systems,
    tokens,
    version,
)
from cli.bulk.job import JobStopped
from cli.bulk_erasure import erase
from cli.databases import MigrationResult, database_settings, migrate_databases, owner_urls, temporary_databases
from cli.desk import desk
from cli.embedded import EmbeddedError
from cli.importing import import_people
from cli.processing_record import processing_record
from cli.querying import query
from cli.seed import seed
from cli.serve import serve
from cli.work import work
from migrations import differences, head
from models.errors import Refusal
from models.storage.outages import OUT_OF_REACH, describe

app = typer.Typer(
    help="Serve, migrate and operate the privacy API.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.callback()(version.options)
app.command()(serve)
app.command("import")(import_people)
audit.app.command("certificate")(audit_certificate.check_certificate)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(desk)
app.command()(erase)
app.command()(query)
app.command("processing-record")(processing_record)
app.command()(seed)
app.command()(work)
app.command()(completion.completion)
app.add_typer(tokens.app, name="token")
app.add_typer(audit.app, name="audit")
app.add_typer(access_grants.app, name="grants")
app.add_typer(backups.app, name="backups")
app.add_typer(erasure.app, name="erasure")
app.add_typer(systems.app, name="systems")
app.add_typer(keys.app, name="keys")
app.add_typer(checks.app, name="check")
app.add_typer(emails.app, name="letters")
app.add_typer(requests.app, name="requests")
app.add_typer(requests.export_app, name="export")
app.add_typer(receipts.app, name="receipt")


@app.command()
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


@app.command()
def schema(
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare the schema with schema.graphql; exit with status 2 when they differ."),
    ] = False,
) -> None:
    """Print the GraphQL schema of the code.

    To update the file: privacy schema > schema.graphql
    """
    if not check:
        typer.echo(print_schema(), nl=False)
    elif Path("schema.graphql").read_text() != print_schema():
        raise UnsafeSettingError(
            "schema.graphql differs from the schema of the code: run `privacy schema > schema.graphql`"
        )


@app.command()
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


def run() -> None:
    """Run a command; foreseeable errors end with a message and an exit status, without a traceback."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    completion.enable_completion()
    try:
        app(prog_name="privacy")
    except (UnsafeSettingError, EmbeddedError) as problem:
        console.print(f"privacy: {problem}", markup=False)
        sys.exit(2)
    except JobStopped as reason:
        console.print(f"privacy: {reason}", markup=False)
        sys.exit(1)
    except Refusal as refusal:
        argument = f" ({refusal.extensions['argument']})" if refusal.extensions.get("argument") else ""
        console.print(f"privacy: {refusal.code}: {refusal.message}{argument}", markup=False)
        sys.exit(1)
    except asyncpg.InsufficientPrivilegeError:
        console.print(
            "privacy: this command needs the owners of the tables: set PRIVACY_OWNER_URL and PRIVACY_KEYRING_OWNER_URL",
            markup=False,
        )
        sys.exit(2)
    except asyncpg.UndefinedTableError:
        console.print("privacy: tables are missing in the databases: run `privacy migrate`", markup=False)
        sys.exit(2)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
        sentence = describe(problem)
        advice = ": check PRIVACY_DATABASE_URL and PRIVACY_KEYRING_URL" if sentence == OUT_OF_REACH else ""
        console.print(f"privacy: PostgreSQL {sentence}{advice} ({type(problem).__name__})", markup=False)
        sys.exit(1)
