"""``privacy backup`` and ``privacy restore``: the first database alone; the keyring has a backup life of its own."""

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
from cli.databases import locate, opened, owned
from cli.embedded import EmbeddedError
from cli.embedded.cluster import carried_binaries
from models.audit import epochs
from models.erasure import backups, completion, ledger_replay
from models.erasure.backups import BackupRow
from models.erasure.ledger_replay import ReplayResult
from models.storage.clock import now

REPLAY = "replay"
SCHEMAS = """
SELECT format('DROP SCHEMA %I CASCADE', nspname) AS dropping
FROM pg_namespace
WHERE nspname !~ '^pg_'
AND nspname <> 'information_schema'
"""


def program(name: str) -> str:
    """Find a client program of PostgreSQL: the one that the embedded default carries, or else the system's.

    A program as new as its server, or newer, is understood; what a system carries is often older.
    """
    with suppress(EmbeddedError):
        return str(carried_binaries() / name)
    if found := shutil.which(name):
        return found
    raise UnsafeSettingError(f"{name} is not installed: it comes with PostgreSQL's client programs")


def environment(url: str) -> dict[str, str]:
    """Give what tells a client program where a database is; never on its command line, which others can read."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    wanted = {
        "PGHOST": given.get("host") or parts.hostname or "",
        "PGPORT": given.get("port") or str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGSSLMODE": given.get("sslmode", ""),
        "PGSSLROOTCERT": given.get("sslrootcert", ""),
    }
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | {key: value for key, value in wanted.items() if value}


def backup(
    directory: Annotated[Path, typer.Option("--to", help="Where backups are put; made, with mode 0700, if missing.")],
) -> None:
    """Back up the first database, and record until when the file may be kept.

    The keyring is not in it: whoever is erased after this stays unreadable in it.
    """
    with locate() as settings:
        made, path = asyncio.run(_backed_up(settings, directory))
    typer.echo(f"{path} ({made.size_bytes} octets), to be removed by {made.expires_at:%Y-%m-%d}")


async def _backed_up(settings: Settings, directory: Path) -> tuple[BackupRow, Path]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = directory / f"unfinished-{os.getpid()}.dump"
    async with opened(settings) as place:
        async with place.database.writers.acquire() as connection:
            position = await completion.set_ledger_mark(connection)
        made_at = now()
        url = owned(settings)["privacy"]
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            _run(["pg_dump", "--format=custom", "--no-owner"], url, stdout=file.fileno())
        async with place.keyring.pool.acquire() as ring:
            backup_id = await backups.record_backup(
                ring, made_at, settings.backup_life, position=position, size_bytes=beside.stat().st_size
            )
            made = next(row for row in await backups.all_backups(ring) if row.id == backup_id)
    return made, beside.rename(directory / backups.file_name(made))


def restore(
    what: Annotated[str, typer.Argument(metavar="FILE|replay", help="The backup to restore, or the word replay.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    replaying: Annotated[
        bool, typer.Option("--replay/--no-replay", help="Erase again at once whoever the backup brought back.")
    ] = True,
) -> None:
    """Put a backup in the first database's place, and erase again whoever it brought back.

    `privacy restore replay` does the second part alone; it may be run as often as you like, and the service answers
    nothing before it has been.
    """
    with locate() as settings:
        if what != REPLAY:
            path = Path(what)
            if not path.is_file():
                raise UnsafeSettingError("there is no such file")
            if not yes:
                typer.confirm("Everything in the first database is replaced. Is the service stopped?", abort=True)
            url = owned(settings)["privacy"]
            asyncio.run(_emptied(url))
            where = f"--dbname={environment(url)['PGDATABASE']}"
            _run(["pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", where, str(path)], url)
            held = asyncio.run(_letters_held(settings))
            typer.echo(f"restored; {held} letters that waited are left to you: privacy letters show --uncertain")
            if not replaying:
                return
        asyncio.run(_moved_in(settings))
        done = asyncio.run(_replayed(settings))
    typer.echo(
        f"{done.known} erasures in the ledger, {done.erased_again} people erased again, "
        f"{done.restored} erasures entered into the ledger again"
    )


async def _emptied(url: str) -> None:
    """Drop everything in the database: `pg_restore --clean` stumbles over the keys of partitions."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for row in await connection.fetch(SCHEMAS):
                await connection.execute(row["dropping"])
            await connection.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
    finally:
        await connection.close()


async def _moved_in(settings: Settings) -> None:
    """Begin an era of the record if this is another server than the one that was backed up."""
    async with opened(settings) as place, place.database.writers.acquire() as connection:
        await epochs.begin_epoch(connection)


async def _letters_held(settings: Settings) -> int:
    async with opened(settings) as place:
        return await ledger_replay.hold_emails(place.database)


async def _replayed(settings: Settings) -> ReplayResult:
    async with opened(settings) as place:
        return await ledger_replay.replay_ledger(place.database, place.keyring)


def _run(arguments: list[str], url: str, stdout: int | None = None) -> None:
    done = subprocess.run(
        [program(arguments[0]), *arguments[1:]],
        env=environment(url),
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        # What it says may quote rows: its last words go to no log.
        raise UnsafeSettingError(f"{arguments[0]} failed with status {done.returncode}")


app = typer.Typer(help="The register of backups.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def listed() -> None:
    """List all backups with the day by which each must be removed."""

    async def found() -> list[BackupRow]:
        with locate() as settings:
            async with opened(settings) as place, place.keyring.pool.acquire() as ring:
                return await backups.all_backups(ring)

    for row in asyncio.run(found()):
        state = f"removed {_day(row.removed_at)}" if row.removed_at else f"remove by {_day(row.expires_at)}"
        typer.echo(f"{backups.file_name(row)}  {state}")


@app.command()
def removed(name: Annotated[str, typer.Argument(help="The file's name, as `privacy backups list` has it.")]) -> None:
    """Record that a backup is gone, after you removed every copy of it."""

    async def noted() -> bool:
        with locate() as settings:
            async with opened(settings) as place, place.keyring.pool.acquire() as ring:
                for row in await backups.all_backups(ring):
                    if backups.file_name(row) == name:
                        return await backups.remove_backup(ring, row.id)
        return False

    if not asyncio.run(noted()):
        raise UnsafeSettingError("the register knows no backup of that name")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
