"""Each mutation acts as the role of its group, for its transaction only; all share the sessions of one pool."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from models.access.database_roles import INTERNAL_WRITER, WRITERS
from models.storage.database import Database, DatabaseRoles
from tests.conftest import Databases, World

pytestmark = pytest.mark.anyio
CONSENT = "privacy_consent_writer"


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    roles = DatabaseRoles("privacy_internal", INTERNAL_WRITER, {}, WRITERS)
    database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=2, timeout=10, roles=roles)
    yield database
    await database.close()


async def act(database: Database, role: str | None) -> str:
    async with database.transaction(role) as connection:
        return str(await connection.fetchval("SELECT current_user"))


async def test_mutations_of_all_groups_share_the_sessions_of_one_pool(database: Database) -> None:
    assert await asyncio.gather(*(act(database, role) for role in (None, *WRITERS, None))) == [
        *(INTERNAL_WRITER, *WRITERS, INTERNAL_WRITER),
    ]
    assert database.writers.get_size() <= 2
    assert database.max_connections.database == 3
    assert await database.keyring.fetchval("SELECT current_user") == INTERNAL_WRITER


async def test_a_role_ends_with_its_transaction(database: Database) -> None:
    async with database.writers.acquire() as connection:
        for statement in ("SELECT 1", "SELECT 1 / 0", "UPDATE tokens SET revoked_at = now()"):
            with_error = statement != "SELECT 1"
            try:
                async with database.writers.begin(connection, CONSENT):
                    assert await connection.fetchval("SELECT current_user") == CONSENT
                    async with connection.transaction():
                        await connection.execute(statement)
            except (asyncpg.DivisionByZeroError, asyncpg.InsufficientPrivilegeError):
                assert with_error
            else:
                assert not with_error
            assert await connection.fetchval("SELECT current_user") == INTERNAL_WRITER
            async with connection.transaction():
                assert await connection.fetchval("SELECT current_user") == INTERNAL_WRITER


async def test_a_role_is_part_of_the_message_that_begins_the_transaction(database: Database) -> None:
    sent = []
    async with database.writers.acquire() as connection:
        connection.add_query_logger(lambda record: sent.append(record.query))
        async with database.writers.begin(connection, CONSENT):
            pass
    assert sent[:2] == [f"BEGIN; SET LOCAL ROLE {CONSENT};", "COMMIT;"]


async def test_a_cancelled_mutation_leaves_no_role_behind(database: Database) -> None:
    started = asyncio.Event()

    async def wait() -> None:
        async with database.transaction(CONSENT):
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert {await act(database, None) for _ in range(4)} == {INTERNAL_WRITER}


async def test_without_roles_of_mutations_all_write_as_one(world: World) -> None:
    async with world.database.transaction(CONSENT) as connection:
        assert await connection.fetchval("SELECT current_user = session_user")
