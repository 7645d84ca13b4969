"""Each role of callers has a PostgreSQL role of its own, and the clusters of the tests have all of them."""

import pytest

from models.access.database_roles import ALL, INTERNAL, LOGIN, READERS, WORKER, WRITER
from models.actors import Role
from tests.conftest import World


def test_each_role_of_callers_reads_as_a_role_of_its_own() -> None:
    assert READERS.keys() == {*Role}
    assert READERS[Role.BILLING] == "privacy_billing"
    assert len({*ALL, LOGIN}) == len(ALL) + 1
    assert {*ALL} == {*READERS.values(), INTERNAL, WRITER, WORKER}


@pytest.mark.anyio
async def test_the_roles_exist_and_cannot_log_in(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname = ANY($1)", [*ALL]
        )
    assert {tuple(row) for row in rows} == {(name, False, False) for name in ALL}
