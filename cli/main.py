"""The command ``privacy``: serves, sets up, and operates."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console

from api.graphql.schema import print_schema
from api.settings import UnsafeSettingError
from cli import access_grants, audit, backups, emails, erasure, keys, tokens
from cli.bulk.job import Stopped
from cli.bulk_erasure import erase
from cli.databases import locate, owned, thrown_away
from cli.databases import migrate as migrate_databases
from cli.embedded import EmbeddedError
from cli.importing import import_people
from cli.querying import query
from cli.seed import seed
from cli.serve import serve
from cli.work import work
from migrations import differences
from models.errors import Refusal

app = typer.Typer(
    help="The privacy API: who the people are, what they agreed to, and how the privacy policy comes true.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serve)
app.command("import")(import_people)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(erase)
app.command()(query)
app.command()(seed)
app.command()(work)
app.add_typer(tokens.app, name="token")
app.add_typer(audit.app, name="audit")
app.add_typer(access_grants.app, name="grants")
app.add_typer(backups.app, name="backups")
app.add_typer(erasure.app, name="erasure")
app.add_typer(erasure.register, name="systems")
app.add_typer(keys.app, name="keys")
app.add_typer(emails.app, name="letters")


@app.command()
def migrate() -> None:
    """Bring both databases up to date: tables, then roles and grants. Run it before each new version serves."""
    with locate() as settings:
        for history, before, after in asyncio.run(migrate_databases(settings)):
            typer.echo(f"{history}: {'was' if before == after else (before or 'nothing') + ' ->'} {after}")


@app.command()
def schema(
    *, check: Annotated[bool, typer.Option("--check", help="Compare with schema.graphql, change nothing.")] = False
) -> None:
    """Print schema.graphql, the contract, from the code; redirect it into the file to bring that in step."""
    if not check:
        typer.echo(print_schema(), nl=False)
    elif Path("schema.graphql").read_text() != print_schema():
        raise UnsafeSettingError("schema.graphql is not in step with the code: privacy schema > schema.graphql")


@app.command()
def migrations(
    *, check: Annotated[bool, typer.Option("--check", help="On databases made for this, and thrown away.")] = False
) -> None:
    """Say what the tables in the code have that migrated databases have not, and the other way round."""
    with thrown_away() if check else locate() as settings:
        asyncio.run(migrate_databases(settings))
        for history, url in owned(settings).items():
            found = asyncio.run(differences(history, url))
            typer.echo(f"{history}: {found or 'in step'}")
            if found and check:
                raise typer.Exit(1)


def run() -> None:
    """Run a command; what can be foreseen ends with a sentence and no trace."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        app()
    except (UnsafeSettingError, EmbeddedError) as problem:
        console.print(f"privacy: {problem}", markup=False)
        sys.exit(2)
    except Stopped as stop:
        console.print(f"privacy: {stop}", markup=False)
        sys.exit(1)
    except Refusal as refusal:
        where = f" ({refusal.extensions['argument']})" if refusal.extensions.get("argument") else ""
        console.print(f"privacy: {refusal.code}: {refusal.message}{where}", markup=False)
        sys.exit(1)
    except asyncpg.InsufficientPrivilegeError:
        console.print(
            "privacy: this command acts as the databases' owners: set PRIVACY_OWNER_URL and PRIVACY_KEYRING_OWNER_URL",
            markup=False,
        )
        sys.exit(2)
    except asyncpg.UndefinedTableError:
        console.print("privacy: the databases lack tables: run `privacy migrate`", markup=False)
        sys.exit(2)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
        console.print(
            f"privacy: PostgreSQL does not answer as it should ({type(problem).__name__}): "
            "do PRIVACY_DATABASE_URL and PRIVACY_KEYRING_URL say where it is?",
            markup=False,
        )
        sys.exit(1)
