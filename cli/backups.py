"""``privacy backup``, ``restore`` and ``backups``: dumps of the main database; the keyring has its own backups."""

import asyncio
import os
import shutil
import subprocess
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg
import typer

from api.settings import Settings, UnsafeSettingError
from cli.atomic_file import PRIVATE
from cli.databases import OpenDatabases, database_settings, open_databases, owner_urls, run_with_databases
from cli.embedded import EmbeddedError
from cli.embedded.cluster import bundled_binaries
from models.audit import epochs
from models.erasure import backups, ledger_marks, ledger_replay
from models.erasure.backups import BackupRow
from models.erasure.ledger_replay import ReplayResult
from models.storage.clock import now

REPLAY = "replay"
SCHEMA_DROPS = """
SELECT format('DROP SCHEMA %I CASCADE', nspname) AS statement
FROM pg_namespace
WHERE nspname !~ '^pg_'
AND nspname <> 'information_schema'
"""

app = typer.Typer(help="The register of backups.", no_args_is_help=True, rich_markup_mode=None)


def find_program(name: str) -> str:
    """Return the path of a PostgreSQL client program: the bundled one, or the one on the PATH.

    The bundled one is preferred: pg_dump must be as new as its server, and a system often has older programs.
    """
    with suppress(EmbeddedError):
        return str(bundled_binaries() / name)
    if path := shutil.which(name):
        return path
    raise UnsafeSettingError(f"{name} is not installed: install the client programs of PostgreSQL")


def connection_environment(url: str) -> dict[str, str]:
    """Return an environment that connects a client program to a database; other users can read command lines."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    variables = {
        "PGHOST": options.get("host") or parts.hostname or "",
        "PGPORT": options.get("port") or str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGSSLMODE": options.get("sslmode", ""),
        "PGSSLROOTCERT": options.get("sslrootcert", ""),
    }
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return inherited | {key: value for key, value in variables.items() if value}


def backup(
    directory: Annotated[Path, typer.Option("--to", help="The directory of backups; created with mode 0700.")],
) -> None:
    """Back up the main database into a file, and register the day by which the file must be deleted.

    The keyring is not part of the file: people who are erased later become unreadable in it.
    """
    with database_settings() as settings:
        row, path = asyncio.run(_back_up(settings, directory))
    typer.echo(f"{path} ({row.size_bytes} octets), to be removed by {row.expires_at:%Y-%m-%d}")


async def _back_up(settings: Settings, directory: Path) -> tuple[BackupRow, Path]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = directory / f"unfinished-{os.getpid()}.dump"
    async with open_databases(settings) as databases:
        async with databases.database.writers.acquire() as connection:
            position = await ledger_marks.read(connection)
        made_at = now()
        url = owner_urls(settings)["privacy"]
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            _run_program(["pg_dump", "--format=custom", "--no-owner"], url, stdout=file.fileno())
        async with databases.keyring.pool.acquire() as connection:
            backup_id = await backups.record_backup_set(
                connection, made_at, settings.backup_life, position=position, size_bytes=unfinished.stat().st_size
            )
            row = next(row for row in await backups.all_backups(connection) if row.id == backup_id)
    return row, unfinished.rename(directory / backups.file_name(row))


def restore(
    file: Annotated[str, typer.Argument(metavar="FILE|replay", help="A backup to restore, or the word replay.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    is_replayed: Annotated[
        bool, typer.Option("--replay/--no-replay", help="Repeat at once the erasures that the backup does not contain.")
    ] = True,
) -> None:
    """Replace the main database with a backup, then repeat all erasures that the backup does not contain.

    `privacy restore replay` only repeats the erasures, and may run several times. The service answers no requests
    between a restore and the replay.
    """
    with database_settings() as settings:
        if file != REPLAY:
            _restore_file(settings, Path(file), is_confirmed=yes)
            letter_count = asyncio.run(_hold_letters(settings))
            typer.echo(
                f"restored; {letter_count} letters that were queued need a decision: privacy letters show --uncertain"
            )
            if not is_replayed:
                return
        asyncio.run(_begin_audit_epoch(settings))
        result = asyncio.run(_replay(settings))
    typer.echo(
        f"{result.known} erasures in the ledger, {result.erased_again} people erased again, "
        f"{result.restored} erasures entered into the ledger again"
    )


def _restore_file(settings: Settings, path: Path, *, is_confirmed: bool) -> None:
    if not path.is_file():
        raise UnsafeSettingError("the backup file does not exist")
    if not is_confirmed:
        typer.confirm("This replaces all data of the main database. Is the service stopped?", abort=True)
    url = owner_urls(settings)["privacy"]
    asyncio.run(_drop_schemas(url))
    database = f"--dbname={connection_environment(url)['PGDATABASE']}"
    _run_program(["pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", database, str(path)], url)


async def _drop_schemas(url: str) -> None:
    """Drop all schemas, because `pg_restore --clean` fails at the foreign keys of partitions."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for row in await connection.fetch(SCHEMA_DROPS):
                await connection.execute(row["statement"])
            await connection.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
    finally:
        await connection.close()


async def _begin_audit_epoch(settings: Settings) -> None:
    """Begin an epoch of the audit log if this is another server than the one that was backed up."""
    async with open_databases(settings) as databases, databases.database.writers.acquire() as connection:
        await epochs.begin_epoch(connection)


async def _hold_letters(settings: Settings) -> int:
    async with open_databases(settings) as databases:
        return await ledger_replay.hold_emails(databases.database)


async def _replay(settings: Settings) -> ReplayResult:
    async with open_databases(settings) as databases:
        return await ledger_replay.replay_ledger(
            databases.database, databases.keyring, issuer=settings.public_url, backup_life=settings.backup_life
        )


def _run_program(arguments: list[str], url: str, stdout: int | None = None) -> None:
    process = subprocess.run(
        [find_program(arguments[0]), *arguments[1:]],
        env=connection_environment(url),
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    if process.returncode:
        # The error output may quote rows, so that it is not printed.
        raise UnsafeSettingError(f"{arguments[0]} failed with status {process.returncode}")


@app.command("list")
def list_backups() -> None:
    """List all backups with the day by which each file must be deleted."""

    async def load(databases: OpenDatabases) -> list[BackupRow]:
        async with databases.keyring.pool.acquire() as connection:
            return await backups.all_backups(connection)

    for row in run_with_databases(load):
        typer.echo(f"{backups.file_name(row)}  {_state(row)}")


@app.command()
def removed(name: Annotated[str, typer.Argument(help="The file's name, as `privacy backups list` prints it.")]) -> None:
    """Record that a backup is deleted; run this after you deleted every copy of the file."""

    async def remove(databases: OpenDatabases) -> bool:
        async with databases.keyring.pool.acquire() as connection:
            for row in await backups.all_backups(connection):
                if backups.file_name(row) == name:
                    return await backups.remove_backup(connection, row.id)
        return False

    if not run_with_databases(remove):
        raise UnsafeSettingError("no backup of that name is registered: see `privacy backups list`")


def _state(row: BackupRow) -> str:
    if row.removed_at:
        return f"removed {_day(row.removed_at)}"
    is_overdue = row.expires_at <= now()
    return (
        f"OVERDUE: delete every copy, due {_day(row.expires_at)}" if is_overdue else f"remove by {_day(row.expires_at)}"
    )


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"
