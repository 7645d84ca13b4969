"""The databases of a command: those of the environment, or the embedded PostgreSQL under ``var/``."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from cryptography.exceptions import InvalidTag

from api.settings import Settings, UnsafeSettingError
from cli.atomic_file import PRIVATE, create_file
from cli.embedded import Cluster
from cli.embedded.memory import memory_bytes, shared_buffers
from cli.embedded.watcher import watched
from cli.version import HISTORIES
from models.access.database_roles import LOGIN
from models.actors import COMMAND_LINE, Actor, Role
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.registration import address_hashes
from models.registration.address_hashes import RenewalCount
from models.storage.database import Database
from models.unit_of_work import UnitOfWork, unit_of_work

VAR = Path("var")
NO_DATABASE = (
    "set PRIVACY_DATABASE_URL, PRIVACY_KEYRING_URL and PRIVACY_MASTER_KEY, "
    "or run `privacy serve --demo`, which starts an embedded PostgreSQL"
)
COMMAND_TIMEOUT = 60.0
"""Seconds that one statement of a command may take."""

_Result = TypeVar("_Result")


class OpenDatabases(NamedTuple):
    """Open connections to both databases."""

    database: Database
    keyring: Keyring


@contextmanager
def database_settings(*, create: bool = False) -> Iterator[Settings]:
    """Yield the settings; without PRIVACY_DATABASE_URL start the embedded PostgreSQL until the context ends.

    Only ``create`` makes a new embedded PostgreSQL. Other commands use the one that exists under ``var/``.
    Raise UnsafeSettingError when there is neither a setting nor an embedded PostgreSQL.
    """
    if "PRIVACY_DATABASE_URL" in os.environ:
        yield Settings.read()
        return
    if not create and not (VAR / "postgres").exists():
        raise UnsafeSettingError(NO_DATABASE)
    VAR.mkdir(mode=0o755, exist_ok=True)
    signal.signal(signal.SIGTERM, _exit_on_signal)
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    sizes = {"shared_buffers": shared_buffers(memory_bytes())}
    with Cluster(VAR.resolve() / "postgres", settings=sizes) as cluster, watched(cluster):
        for history in HISTORIES:
            cluster.create_database(history)
        # The processes that `serve --workers` starts read these from the environment.
        os.environ |= {
            "PRIVACY_OWNER_URL": cluster.url("privacy"),
            "PRIVACY_KEYRING_OWNER_URL": cluster.url("keyring"),
            "PRIVACY_DATABASE_URL": cluster.url("privacy", LOGIN),
            "PRIVACY_KEYRING_URL": cluster.url("keyring", LOGIN),
            "PRIVACY_MASTER_KEY": read_or_create_secret(VAR / "master.key", MasterKeys.generate),
            "PRIVACY_ENVIRONMENT": "development",
        }
        yield Settings.read()


def _exit_on_signal(number: int, _frame: object) -> None:
    """Unwind the stack: a process that a signal ends at once leaves PostgreSQL running."""
    raise SystemExit(128 + number)


@contextmanager
def temporary_databases() -> Iterator[Settings]:
    """Yield the settings of an embedded PostgreSQL that is deleted when the context ends."""
    VAR.mkdir(mode=0o755, exist_ok=True)
    cluster = Cluster(VAR.resolve() / f"temporary-{os.getpid()}", settings={"fsync": "off"})
    try:
        with cluster:
            for history in HISTORIES:
                cluster.create_database(history)
            yield Settings.read(
                database_url=cluster.url("privacy"),
                keyring_url=cluster.url("keyring"),
                master_key=MasterKeys.generate(),
                environment="development",
            )
    finally:
        cluster.remove()


def read_or_create_secret(path: Path, generate: Callable[[], str]) -> str:
    """Return the content of a secret file; generate it and write it with mode 0600 when the file is missing.

    Concurrent processes get the same secret: the first one that creates the file decides.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o755, exist_ok=True)
        with suppress(FileExistsError):
            create_file(path, generate().encode(), PRIVATE)
    return path.read_text().strip()


async def renew_address_hashes(databases: OpenDatabases) -> RenewalCount:
    """Renew the hashes of email addresses that were made by the former rule of equal addresses."""
    actor = Actor(COMMAND_LINE, Role.ADMIN, (Role.ADMIN,), identity=COMMAND_LINE)
    return await address_hashes.renew_hashes(*databases, actor)


def owner_urls(settings: Settings) -> dict[str, str]:
    """Return the URL of each database for the login that owns its tables, by history."""
    urls = {
        "privacy": settings.owner_url or settings.database_url,
        "keyring": settings.keyring_owner_url or settings.keyring_url,
    }
    return {history: url.get_secret_value() for history, url in urls.items()}


@asynccontextmanager
async def open_databases(settings: Settings) -> AsyncIterator[OpenDatabases]:
    """Open both databases as their owners; raise UnsafeSettingError when the master key does not fit."""
    urls = owner_urls(settings)
    database = await Database.open(
        urls["privacy"],
        urls["keyring"],
        readers=settings.read_connections,
        writers=settings.write_connections,
        timeout=COMMAND_TIMEOUT,
    )
    try:
        keyring = Keyring(database.keyring, MasterKeys(settings.master_key.get_secret_value()))
        try:
            await keyring.load()
        except (LookupError, InvalidTag):
            raise UnsafeSettingError(
                "PRIVACY_MASTER_KEY is not the one that wrapped the keys of this keyring, or lacks a version of it"
            ) from None
        yield OpenDatabases(database, keyring)
    finally:
        await database.close()


def run_with_databases(action: Callable[[OpenDatabases], Awaitable[_Result]]) -> _Result:
    """Run an action on both databases and return its result."""

    async def run(settings: Settings) -> _Result:
        async with open_databases(settings) as databases:
            return await action(databases)

    with database_settings() as settings:
        return asyncio.run(run(settings))


@asynccontextmanager
async def admin_unit_of_work(
    databases: OpenDatabases, operation: str, actor_name: str = COMMAND_LINE
) -> AsyncIterator[UnitOfWork]:
    """Open a unit of work of an administrator; it commits when the context ends without an exception."""
    actor = Actor(actor_name, Role.ADMIN, (Role.ADMIN,), identity=COMMAND_LINE)
    async with unit_of_work(databases.database, databases.keyring, actor, operation) as unit:
        yield unit
