"""The work of the policy worker and the letters in the outbox, for tests over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import orjson

from models.encryption.keyring import Keyring
from models.outbox.emails import ADDRESS, CONTEXT
from models.storage.database import Database
from tests.conftest import LASTING_WORLDS, Databases
from workers.policy_worker import PolicyWorker

_Result = TypeVar("_Result")


class QueuedLetter(NamedTuple):
    """A letter in the outbox, decrypted."""

    kind: str
    address: str
    context: dict[str, Any]


async def _no_sleep(_seconds: float) -> None:
    return None


def with_database(databases: Databases, work: Callable[[Database, Keyring], Awaitable[_Result]]) -> _Result:
    """Run work beside the service, and return its result."""
    return LASTING_WORLDS.run(databases, lambda world: work(world.database, world.keyring))


def drain(databases: Databases, *, rate: float = 1000) -> None:
    """Run the policy worker until no work is due."""

    async def work(database: Database, keyring: Keyring) -> None:
        await PolicyWorker(database, keyring, rate=rate, sleep=_no_sleep).drain()

    with_database(databases, work)


def letters(databases: Databases, kind: str) -> list[QueuedLetter]:
    """Return the queued letters of a kind, in the order of their addresses."""

    async def work(database: Database, keyring: Keyring) -> list[QueuedLetter]:
        async with database.writers.acquire() as connection:
            rows = await connection.fetch(
                "SELECT subject_id, letter, address, context FROM letters WHERE letter = $1 AND state = 'QUEUED'", kind
            )
        async with keyring.pool.acquire() as connection:
            keys = await keyring.of_subjects(connection, [row[0] for row in rows])
        queued = []
        for subject_id, letter, address, context in rows:
            key = keys[subject_id]
            assert key is not None
            text = CONTEXT.decrypt(key, context)
            queued.append(QueuedLetter(letter, ADDRESS.decrypt(key, address), orjson.loads(text)))
        return sorted(queued)

    return with_database(databases, work)


def execute(databases: Databases, sql: str, *values: Any) -> Any:
    """Run one statement as the owner of the tables, and return the first value of its answer."""
    return LASTING_WORLDS.execute(databases, sql, *values)
