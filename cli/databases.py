"""Where a command works: on the databases that the environment names, or on the embedded default under var/."""

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag

from api.settings import Settings, UnsafeSettingError
from cli import database_roles
from cli.embedded import Cluster
from migrations import HISTORIES, upgrade
from models.access.database_roles import LOGIN
from models.actors import Actor, Role
from models.audit import epochs
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from models.unit_of_work import UnitOfWork, unit_of_work

VAR = Path("var")
NOWHERE = (
    "set PRIVACY_DATABASE_URL, PRIVACY_KEYRING_URL and PRIVACY_MASTER_KEY, "
    "or try it out with `privacy serve --demo`, which brings a PostgreSQL of its own"
)


class OpenDatabases(NamedTuple):
    """The two databases, open."""

    database: Database
    keyring: Keyring


@contextmanager
def locate(*, demo: bool = False) -> Iterator[Settings]:
    """Give the settings; without PRIVACY_DATABASE_URL the embedded default's, which runs as long as this is open.

    The embedded default is begun only for a demonstration; other commands find what one began.
    """
    if "PRIVACY_DATABASE_URL" in os.environ:
        yield Settings.read()
        return
    if not demo and not (VAR / "postgres").exists():
        raise UnsafeSettingError(NOWHERE)
    VAR.mkdir(mode=0o755, exist_ok=True)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    with Cluster(VAR.resolve() / "postgres") as cluster:
        for history in HISTORIES:
            cluster.create_database(history)
        # The environment carries them to the processes that `serve --workers` starts.
        os.environ |= {
            "PRIVACY_OWNER_URL": cluster.url("privacy"),
            "PRIVACY_KEYRING_OWNER_URL": cluster.url("keyring"),
            "PRIVACY_DATABASE_URL": cluster.url("privacy", LOGIN),
            "PRIVACY_KEYRING_URL": cluster.url("keyring", LOGIN),
            "PRIVACY_MASTER_KEY": secret(VAR / "master.key", MasterKeys.generate),
            "PRIVACY_ENVIRONMENT": "development",
        }
        yield Settings.read()


def _end(number: int, _frame: object) -> None:
    """End by unwinding: a signal that ended us at once would leave PostgreSQL running."""
    raise SystemExit(128 + number)


@contextmanager
def thrown_away() -> Iterator[Settings]:
    """Give the settings of an embedded PostgreSQL that is made for this and removed after it."""
    VAR.mkdir(mode=0o755, exist_ok=True)
    cluster = Cluster(VAR.resolve() / f"thrown-away-{os.getpid()}", settings={"fsync": "off"})
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


def secret(path: Path, make: Callable[[], str]) -> str:
    """Give what a private file holds; made, with mode 0600, when there is none."""
    if not path.exists():
        beside = path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
        beside.replace(path)
    return path.read_text().strip()


async def migrate(settings: Settings) -> list[tuple[str, str, str]]:
    """Bring both databases up to date, tables, then roles; give for each the revisions before and after."""
    done = []
    for history, url in owned(settings).items():
        done.append((history, *await upgrade(history, url)))
        await database_roles.apply(history, url, database_roles.logins(settings))
    async with database_roles.connected(owned(settings)["privacy"]) as connection:
        await epochs.begin_epoch(connection)  # type: ignore[arg-type]  # one of a pool does the same
    return done


def owned(settings: Settings) -> dict[str, str]:
    """Give the address of each database as its owner has it."""
    urls = {
        "privacy": settings.owner_url or settings.database_url,
        "keyring": settings.keyring_owner_url or settings.keyring_url,
    }
    return {history: url.get_secret_value() for history, url in urls.items()}


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[OpenDatabases]:
    """Open both databases for a command."""
    urls = owned(settings)
    database = await Database.open(
        urls["privacy"],
        urls["keyring"],
        readers=settings.read_connections,
        writers=settings.write_connections,
        timeout=60,
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


@asynccontextmanager
async def acting(place: OpenDatabases, verb: str, name: str = "command line") -> AsyncIterator[UnitOfWork]:
    """Give a deed of the administrator at the command line, in one transaction."""
    actor = Actor(name, Role.ADMIN, (Role.ADMIN,))
    async with unit_of_work(place.database, place.keyring, actor, verb) as made:
        yield made
