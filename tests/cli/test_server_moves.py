"""The audit log continues on another server after a dump: no event is missing, and the whole chain verifies."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

import migrations
from cli import database_roles
from cli.backups import connection_environment, find_program
from cli.embedded import Cluster
from models.audit.segments import Segment, SegmentSigner
from models.audit.verification import Finding, VerificationResult
from models.storage.database import OUTAGE_ERRORS, Database
from tests.cli.commands import privacy
from tests.clusters import initialised
from tests.conftest import Api, Databases, Running, settings_for
from tests.models.audit.sample_log import seal_all, verify_log, write_events
from workers.audit_sealer import AuditSealer

pytestmark = pytest.mark.anyio
KEY = SegmentSigner.generate()
SIGNER = SegmentSigner(KEY)
COUNT_ON = "DO $$ BEGIN FOR i IN 1 .. 20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
NEWEST = "SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"
BEGINNINGS = "SELECT count(*) FROM access_events WHERE fields = '{beginEra}'"
PAGE = "query($id: ID!) { subject(by: {id: $id}) { displayName } }"


@pytest.fixture
def elsewhere(databases: Databases, tmp_path: Path) -> Iterator[Databases]:
    """Create a database of the same name and roles on a new server."""
    with Cluster(initialised(tmp_path / "elsewhere"), settings={"fsync": "off"}) as cluster:
        cluster.create_database("privacy")
        asyncio.run(migrations.upgrade("privacy", cluster.url("privacy")))
        asyncio.run(database_roles.apply("privacy", cluster.url("privacy")))
        yield databases._replace(cluster=cluster, url=cluster.url("privacy"))


async def opened(databases: Databases) -> Database:
    return await Database.open(databases.url, databases.keyring_url, readers=2, writers=4, timeout=10)


async def begun(databases: Databases) -> list[Segment]:
    """Write a record of which two segments are sealed, and the last events are not."""
    database = await opened(databases)
    segments = []
    for size in (3, 5):
        await write_events(database, size)
        segments += await seal_all(database, SIGNER)
    await write_events(database, 2)
    await database.close()
    return segments


async def gone_on(databases: Databases, seen: list[Segment]) -> tuple[VerificationResult, list[Finding]]:
    """Write on, seal and verify everything, with the heads that were kept on the other server."""
    database = await opened(databases)
    await write_events(database, 4)
    await seal_all(database, SIGNER)
    await write_events(database, 1)
    await seal_all(database, SIGNER)
    findings = await verify_log(database, SIGNER, seen=seen)
    await database.close()
    return findings


async def value(url: str, sql: str) -> int:
    connection = await asyncpg.connect(url)
    scalar: int = await connection.fetchval(sql)
    await connection.close()
    return scalar


def dumped(source: Databases, target: Databases) -> None:
    """Move the first database with PostgreSQL's own programs, beside all that this service knows of backups."""
    dump = subprocess.run(
        [find_program("pg_dump"), "--format=custom", "--no-owner"],
        env=connection_environment(source.url),
        capture_output=True,
        check=True,
    ).stdout
    asyncio.run(value(target.url, "DROP SCHEMA public CASCADE"))
    asyncio.run(value(target.url, "DROP SCHEMA monthly CASCADE"))
    asyncio.run(value(target.url, "CREATE SCHEMA public"))
    name = connection_environment(target.url)["PGDATABASE"]
    subprocess.run(
        [find_program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={name}"],
        env=connection_environment(target.url),
        input=dump,
        check=True,
    )


@pytest.mark.parametrize("is_ahead", [False, True], ids=["counting from its beginning", "having counted further"])
def test_a_restored_record_goes_on_on_another_server(
    clean: Databases, elsewhere: Databases, tmp_path: Path, *, is_ahead: bool
) -> None:
    asyncio.run(value((elsewhere if is_ahead else clean).url, COUNT_ON))
    if is_ahead:
        while asyncio.run(value(elsewhere.url, NEWEST)) < asyncio.run(value(clean.url, NEWEST)):
            asyncio.run(value(elsewhere.url, COUNT_ON))
    seen = asyncio.run(begun(clean))
    backup = asyncio.run(privacy("backup", "--to", str(tmp_path / "backups"), on=clean, at=tmp_path))
    assert backup.code == 0, backup.errors
    file = next((tmp_path / "backups").iterdir())
    restored = asyncio.run(privacy("restore", str(file), "--yes", on=elsewhere, at=tmp_path))
    assert restored.code == 0, restored.errors
    result, findings = asyncio.run(gone_on(elsewhere, seen))
    assert (result.events, findings) == (3 + 5 + 2 + 1 + 4 + 1, [])
    assert asyncio.run(value(elsewhere.url, BEGINNINGS)) == 1
    run = asyncio.run(privacy("audit", "verify", on=elsewhere, variables={"PRIVACY_AUDIT_KEY": KEY}, at=tmp_path))
    assert run.out == f"{result.segments} segments with 16 events, 0 findings\n"


def test_nothing_is_recorded_on_a_server_before_its_era_and_the_sealer_begins_it(
    api: Api, clean: Databases, elsewhere: Databases
) -> None:
    asyncio.run(value(clean.url, COUNT_ON))
    person = api.register("ada@example.com", displayName="Ada Example")
    seen = asyncio.run(begun(clean))
    dumped(clean, elsewhere)

    async def refused() -> None:
        database = await opened(elsewhere)
        with pytest.raises(OUTAGE_ERRORS):
            await write_events(database, 1)
        await database.close()

    async def sealed_by_a_worker() -> None:
        database = await opened(elsewhere)
        assert await AuditSealer(database, SIGNER).drain() == 3
        await database.close()

    asyncio.run(refused())
    with Running(settings_for(elsewhere)) as url:
        moved = Api(url, api.secrets)
        answer = moved.ask("SUPPORT", PAGE, id=person)
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")
        assert "Ada Example" not in str(answer.body)
        asyncio.run(sealed_by_a_worker())
        assert moved.ask("SUPPORT", PAGE, id=person).data == {"subject": {"displayName": "Ada Example"}}
        moved.client.close()
    result, findings = asyncio.run(gone_on(elsewhere, seen))
    assert (result.events, findings) == (1 + 3 + 5 + 2 + 1 + 1 + 4 + 1, [])


def test_a_record_that_moves_away_and_back_is_one(clean: Databases, elsewhere: Databases, tmp_path: Path) -> None:
    asyncio.run(value(clean.url, COUNT_ON))
    seen = asyncio.run(begun(clean))
    dumped(clean, elsewhere)
    migrated = asyncio.run(privacy("migrate", on=elsewhere, at=tmp_path))
    assert migrated.code == 0, migrated.errors
    there, findings = asyncio.run(gone_on(elsewhere, seen))
    assert (there.events, findings) == (3 + 5 + 2 + 1 + 4 + 1, [])
    assert there.last
    back = elsewhere._replace(url=clean.cluster.url("moved_back"))
    clean.cluster.run("dropdb", "--if-exists", "--force", "moved_back")
    clean.cluster.create_database("moved_back")
    asyncio.run(migrations.upgrade("privacy", back.url))
    dumped(elsewhere, back)
    assert asyncio.run(privacy("migrate", on=back, at=tmp_path)).code == 0
    here, findings = asyncio.run(gone_on(back, [*seen, there.last]))
    assert (here.events, findings) == (there.events + 1 + 4 + 1, [])
    assert asyncio.run(value(back.url, "SELECT max(number) FROM audit_eras")) == 3
    clean.cluster.run("dropdb", "--force", "moved_back")


def test_a_record_that_is_restored_where_it_was_needs_no_era(clean: Databases, tmp_path: Path) -> None:
    seen = asyncio.run(begun(clean))
    there = clean._replace(url=clean.cluster.url("beside"))
    clean.cluster.run("dropdb", "--if-exists", "--force", "beside")
    clean.cluster.create_database("beside")
    asyncio.run(migrations.upgrade("privacy", there.url))
    dumped(clean, there)
    result, findings = asyncio.run(gone_on(there, seen))
    assert (result.events, findings) == (3 + 5 + 2 + 4 + 1, [])
    assert asyncio.run(value(there.url, "SELECT max(number) FROM audit_eras")) == 1
    clean.cluster.run("dropdb", "--force", "beside")
