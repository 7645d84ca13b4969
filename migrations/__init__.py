"""The migration histories of the two databases, and the functions that upgrade and compare a database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

import models
from migrations import choices, previous_version
from models.storage.columns import KeyringTable, Table

for _module in walk_packages(models.__path__, "models."):
    import_module(_module.name)  # importing a module registers its tables

HISTORIES = {"privacy": Table.metadata, "keyring": KeyringTable.metadata}
LOCK_TIMEOUT = "200ms"
"""How long a migration waits for a table that other sessions use.

It is far below PostgreSQL's deadlock_timeout of one second: where a migration and a request wait for each other, the
migration gives up, and not the request.
"""
LOCK_PAUSE = 1.0
"""Seconds until it tries again."""
LOCK_ATTEMPTS = 300
"""Attempts until it fails, after five minutes or more."""
LOCK_NOT_AVAILABLE = "55P03"
_FOLDER = Path(__file__).parent


def _config(history: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(_FOLDER / history).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["metadata"] = HISTORIES[history]
    return config


def _engine(url: str) -> AsyncEngine:
    """Return an engine for a PostgreSQL URL, which may name a socket directory."""
    from_url = sqlalchemy.make_url(url)
    return create_async_engine(from_url.set(drivername="postgresql+asyncpg"), poolclass=NullPool)


@cache
def head(history: str) -> str:
    """Return the newest revision of a history."""
    return ScriptDirectory.from_config(_config(history)).get_current_head() or ""


@cache
def required(history: str) -> str:
    """Return the revision from which on this version is ready: the newest one before its post-deployment migrations."""
    revisions = ScriptDirectory.from_config(_config(history)).walk_revisions()
    return next(each.revision for each in revisions if not getattr(each.module, "is_post_deployment", False))


def is_ready(history: str, revision: str) -> bool:
    """Return whether a process of this version can serve on a database of a revision, which may be a newer one."""
    return revision >= required(history)


def is_newer(history: str, revision: str) -> bool:
    """Return whether a newer version of this service made a revision: it follows all that this version knows."""
    script = ScriptDirectory.from_config(_config(history))
    return revision not in {known.revision for known in script.walk_revisions()} and revision > head(history)


async def upgrade(history: str, url: str, *, post_deployment: bool = False) -> tuple[str, str]:
    """Upgrade a database under an advisory lock; return the revisions before and after.

    Post-deployment migrations run only if asked for, or in a database without tables. A database of a newer version
    stays as it is: its revision is returned twice.
    """
    engine = _engine(url)
    try:
        before = await _revision_of(engine)
        if is_newer(history, before):
            return before, before
        for revision, fill in choices.FILLS.items() if history == "privacy" else ():
            if await _upgrade_to(engine, history, revision) <= revision:
                await fill(engine)
        target = head(history) if post_deployment or not before else max(before, required(history))
        await _upgrade_to(engine, history, target)
        return before, target
    finally:
        await engine.dispose()


async def roll_back(url: str) -> tuple[str, str]:
    """Undo the post-deployment migrations of the first database; return the revisions before and after.

    The previous version can serve again afterwards. The call may be stopped and repeated. A database of a newer version
    stays as it is: its revision is returned twice.
    """
    engine, target = _engine(url), required("privacy")
    try:
        async with _locked(engine) as connection:
            before = await connection.run_sync(_revision)
            await connection.commit()
            if is_newer("privacy", before) or before < target:
                return before, before
            if before > target:
                await _run_in_gaps(connection, "privacy", lambda config: command.downgrade(config, target))
        await choices.fill_table(engine)
        return before, target
    finally:
        await engine.dispose()


async def _upgrade_to(engine: AsyncEngine, history: str, target: str) -> str:
    """Upgrade to a revision, each migration in a transaction of its own; return the revision before the first one.

    A transaction keeps the locks of its tables until its end, and the requests of processes that serve wait for these.
    """
    async with _locked(engine) as connection:
        before = await connection.run_sync(_revision)
        await connection.commit()
        if not is_newer(history, before) and (target == "head" or before < target):
            await _run_in_gaps(connection, history, lambda config: command.upgrade(config, target))
        return before


@asynccontextmanager
async def _locked(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection that holds the lock of migrations. The lock belongs to the session, which ends with it."""
    async with engine.connect() as connection:
        await connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(7235467)"))
        await connection.execute(sqlalchemy.text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        yield connection


async def _run_in_gaps(connection: AsyncConnection, history: str, run: Callable[[Config], None]) -> None:
    """Run migrations, and try one again whose tables others use, such as a backup.

    While it waits for a table, all requests that need the table wait behind it: hence it gives up soon.
    """
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            await connection.run_sync(partial(_run, _config(history), run))
        except sqlalchemy.exc.DBAPIError as error:
            await connection.rollback()
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or attempt == LOCK_ATTEMPTS:
                raise
            await asyncio.sleep(LOCK_PAUSE)
        else:
            return


def _run(config: Config, run: Callable[[Config], None], connection: sqlalchemy.Connection) -> None:
    config.attributes["connection"] = connection
    run(config)


def _revision(connection: sqlalchemy.Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or ""


async def revision(url: str) -> str:
    """Return the current revision of a database; empty when it has none."""
    engine = _engine(url)
    try:
        return await _revision_of(engine)
    finally:
        await engine.dispose()


async def _revision_of(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        return await connection.run_sync(_revision)


async def differences(history: str, url: str) -> list[object]:
    """Return the differences between the tables in the code and those of a migrated database.

    The table that a post-deployment migration drops is none.
    """
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(partial(_compare, history))
    finally:
        await engine.dispose()


def _compare(history: str, connection: sqlalchemy.Connection) -> list[object]:
    options = {"include_name": lambda name, kind, _: kind != "table" or name != previous_version.TABLE}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, HISTORIES[history]))
