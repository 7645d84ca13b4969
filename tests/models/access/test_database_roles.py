"""Each role of callers has a PostgreSQL role of its own, and the clusters of the tests have all of them."""

import pytest

from models.access.database_roles import (
    ALL,
    INTERNAL,
    INTERNAL_WRITER,
    LOGIN,
    READERS,
    WORKER,
    WRITER_OF_THE_PREVIOUS_VERSION,
    WRITERS,
)
from models.actors import Role
from tests.conftest import World


def test_each_role_of_callers_reads_as_a_role_of_its_own() -> None:
    assert READERS.keys() == {*Role}
    assert READERS[Role.BILLING] == "privacy_billing"
    assert len({*ALL, LOGIN}) == len(ALL) + 1
    writers = {*WRITERS, INTERNAL_WRITER, WRITER_OF_THE_PREVIOUS_VERSION}
    assert {*ALL} == {*READERS.values(), INTERNAL, *writers, WORKER}


@pytest.mark.anyio
async def test_the_roles_exist_and_cannot_log_in(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname = ANY($1)", [*ALL]
        )
    assert {tuple(row) for row in rows} == {(name, False, False) for name in ALL}
