"""The roles of PostgreSQL: who makes them, what is said when they cannot be made, and how they are compared."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

import migrations
from api.settings import UnsafeSettingError
from cli import database_roles
from cli.embedded import Cluster
from models.access.database_roles import (
    ALL,
    INTERNAL_WRITER,
    READERS,
    WRITER_OF_THE_PREVIOUS_VERSION,
    WRITERS,
)
from models.actors import Role
from models.encryption.master_keys import MasterKeys
from tests.clusters import initialised
from tests.conftest import Databases, Running, settings_for
from tests.readiness import readiness


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Yield a server with an owner that is no superuser and a login without rights."""
    with Cluster(initialised(Path(tmp_path_factory.mktemp("production"))), settings={"fsync": "off"}) as cluster:
        yield cluster


def run(cluster: Cluster, *statements: str, database: str = "postgres") -> None:
    for statement in statements:
        cluster.run("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={database}", text=statement)


def new_database(cluster: Cluster, name: str, owner: str, rights: str) -> str:
    """Make a database with an owner; return its address as the owner has it."""
    run(cluster, f"CREATE ROLE {owner} LOGIN {rights}", f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0")
    url = cluster.url(name, owner)
    asyncio.run(migrations.upgrade("privacy", url))
    return url


async def reads(url: str, role: str, sql: str) -> bool:
    try:
        connection = await asyncpg.connect(url, server_settings={"role": role})
    except asyncpg.PostgresError:
        return False
    try:
        await connection.execute(sql)
    except asyncpg.InsufficientPrivilegeError:
        return False
    else:
        return True
    finally:
        await connection.close()


def test_an_owner_without_createrole_reads_what_to_do(production: Cluster) -> None:
    url = new_database(production, "first", "owner_one", "")
    with pytest.raises(UnsafeSettingError, match="privacy grants sql"):
        asyncio.run(database_roles.apply("privacy", url, ["web"]))
    run(production, ";\n".join(database_roles.role_statements(["web", "owner_one"])) + ";")
    asyncio.run(database_roles.apply("privacy", url, ["web"]))
    assert asyncio.run(database_roles.differences("privacy", url)) == []
    as_web = production.url("first", "web")
    assert asyncio.run(reads(as_web, READERS[Role.SUPPORT], "SELECT address FROM email_addresses"))
    assert not asyncio.run(reads(as_web, READERS[Role.STORE], "SELECT address FROM email_addresses"))
    assert not asyncio.run(reads(as_web, "web", "SELECT id FROM subjects"))
    assert not asyncio.run(reads(as_web, "owner_one", "SELECT id FROM subjects"))


def test_an_owner_with_createrole_makes_the_roles(tmp_path: Path) -> None:
    with Cluster(initialised(tmp_path / "server"), settings={"fsync": "off"}) as cluster:
        url = new_database(cluster, "second", "owner_two", "CREATEROLE")
        asyncio.run(database_roles.apply("privacy", url, ["web"]))
        assert asyncio.run(database_roles.differences("privacy", url)) == []
        assert asyncio.run(reads(cluster.url("second", "web"), READERS[Role.STORE], "SELECT status FROM subjects"))
        assert asyncio.run(reads(url, READERS[Role.STORE], "SELECT status FROM subjects"))


def states_of(url: str) -> dict[str, object]:
    """Return what a service says about its components, once it listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return dict(readiness(url).json())
        except httpx2.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_process_waits_for_the_roles_of_its_version_and_those_of_the_previous_one_go_on(tmp_path: Path) -> None:
    with Cluster(initialised(tmp_path / "server"), settings={"fsync": "off"}) as cluster:
        url = new_database(cluster, "third", "owner_three", "CREATEROLE")
        run(cluster, "CREATE DATABASE keys OWNER owner_three TEMPLATE template0")
        keyring_url = cluster.url("keys", "owner_three")
        asyncio.run(migrations.upgrade("keyring", keyring_url))
        histories, new_roles = {"privacy": url, "keyring": keyring_url}, (*WRITERS, INTERNAL_WRITER)
        for history, database_url in histories.items():
            asyncio.run(database_roles.apply(history, database_url))
        for name in ("third", "keys"):
            run(cluster, f"DROP OWNED BY {', '.join(new_roles)}", database=name)
        run(cluster, f"DROP ROLE {', '.join(new_roles)}")
        service = Running(settings_for(Databases(cluster, url, keyring_url, MasterKeys.generate())))
        address = service.begin()
        states = states_of(address)
        assert states["ready"] is False
        for component in ("database", "keyring"):
            assert states[component] == "lacks a role of the service: run `privacy migrate` (SQLSTATE 22023)"
        for history, database_url in histories.items():
            asyncio.run(database_roles.apply(history, database_url))
        deadline = time.monotonic() + 60
        while not states_of(address)["ready"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        as_before = reads(url, WRITER_OF_THE_PREVIOUS_VERSION, "UPDATE tokens SET approved_at = now() WHERE false")
        assert asyncio.run(as_before), "processes of the previous version serve, too"
        service.end()


def test_a_privilege_too_many_or_too_few_is_named(databases: Databases) -> None:
    async def change(sql: str) -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute(sql)
        await connection.close()

    assert asyncio.run(database_roles.differences("privacy", databases.url)) == []
    assert asyncio.run(database_roles.differences("keyring", databases.keyring_url)) == []
    asyncio.run(change("GRANT SELECT (address) ON email_addresses TO privacy_store"))
    asyncio.run(change("REVOKE SELECT (status) ON subjects FROM privacy_store"))
    assert asyncio.run(database_roles.differences("privacy", databases.url)) == [
        "privacy_store may SELECT email_addresses.address, and must not",
        "privacy_store may not SELECT subjects.status, and must",
    ]
    asyncio.run(database_roles.apply("privacy", databases.url))
    assert asyncio.run(database_roles.differences("privacy", databases.url)) == []


def test_the_roles_cannot_log_in(databases: Databases) -> None:
    async def login_roles() -> list[str]:
        connection = await asyncpg.connect(databases.url)
        rows = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname = ANY($1)", list(ALL))
        await connection.close()
        return [row[0] for row in rows]

    assert asyncio.run(login_roles()) == []
