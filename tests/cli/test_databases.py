"""Several processes migrate the same databases at once, and versions of the service share databases."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import asyncpg
import httpx2
import pytest
from sqlalchemy import NullPool, make_url
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from cli import database_roles
from cli.embedded import Cluster
from migrations import HISTORIES, head
from migrations.choices import REVISION, fill_choices
from models.storage.ids import Prefix, format_id
from tests.cli.commands import privacy, start
from tests.conftest import Databases, Templates

pytestmark = pytest.mark.anyio


@pytest.fixture
def empty(databases: Databases, templates: Templates, worker_id: str) -> Iterator[Databases]:
    """Return two databases without tables."""
    names = f"empty_{worker_id}", f"empty_keyring_{worker_id}"
    templates.drop(*names)
    for name in names:
        databases.cluster.create_database(name)
    yield databases._replace(url=databases.cluster.url(names[0]), keyring_url=databases.cluster.url(names[1]))
    templates.drop(*names)


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def test_migrations_that_start_at_once_all_succeed(empty: Databases, tmp_path: Path) -> None:
    commands = [await start("migrate", on=empty, at=tmp_path) for _ in range(5)]
    results = await asyncio.gather(*(command.wait() for command in commands))
    assert [(result.code, result.errors) for result in results] == [(0, "")] * 5
    migrated = f"privacy: nothing -> {head('privacy')}\nkeyring: nothing -> {head('keyring')}\n"
    unchanged = f"privacy: was {head('privacy')}\nkeyring: was {head('keyring')}\n"
    assert sorted(result.out for result in results) == sorted([migrated, *[unchanged] * 4])
    for history, url in zip(HISTORIES, (empty.url, empty.keyring_url), strict=True):
        assert await database_roles.differences(history, url) == []


async def test_roles_that_are_applied_at_once_end_as_the_policy_has_them(empty: Databases, tmp_path: Path) -> None:
    assert (await privacy("migrate", on=empty, at=tmp_path)).code == 0
    await asyncio.gather(*(database_roles.apply("privacy", empty.url) for _ in range(6)))
    assert await database_roles.differences("privacy", empty.url) == []


async def test_an_older_version_leaves_a_newer_database_unchanged(empty: Databases, tmp_path: Path) -> None:
    assert (await privacy("migrate", on=empty, at=tmp_path)).code == 0
    await execute(empty.url, "UPDATE alembic_version SET version_num = '9999'")
    # A privilege of the newer version, which this version would revoke.
    await execute(empty.url, "GRANT SELECT (address) ON email_addresses TO privacy_store")
    ran = await privacy("migrate", on=empty, at=tmp_path)
    assert (ran.code, ran.errors) == (0, "")
    assert ran.out == (
        f"privacy: was 9999, which a newer version has made (this one knows {head('privacy')}): nothing was changed\n"
        f"keyring: was {head('keyring')}\n"
    )
    assert await database_roles.differences("privacy", empty.url) == [
        "privacy_store may SELECT email_addresses.address, and must not"
    ]


WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'consent_changes'::regclass AND NOT granted"
LOCKED = "SELECT count(*) FROM pg_locks WHERE relation = $1::text::regclass AND mode = 'AccessExclusiveLock'"
PEOPLE_OF_BEFORE = """
INSERT INTO subjects (id, registered_at, regime) SELECT gen_random_uuid(), now(), 'GDPR' FROM generate_series(1, 5);
INSERT INTO consent_events
    (subject_id, epoch, purpose, state, effective_at, recorded_at, channel, policy_version, actor)
SELECT s.id, 1, 'newsletter', 'GRANTED', now(), now(), 'STORE', (SELECT min(version) FROM policy_versions), 'store'
FROM subjects AS s;
INSERT INTO consents (subject_id, purpose, state, effective_at, epoch, channel, policy_version)
SELECT subject_id, purpose, state, effective_at, epoch, channel, policy_version FROM consent_events;
UPDATE subjects SET choices = NULL
"""


async def test_people_of_before_are_filled_while_the_previous_version_writes(empty: Databases, tmp_path: Path) -> None:
    """A choice that is committed while the migration waits for its person is the one that the row gets."""
    engine = create_async_engine(make_url(empty.url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    await migrations._upgrade_to(engine, "privacy", REVISION)
    await execute(empty.url, PEOPLE_OF_BEFORE)
    writer = await asyncpg.connect(empty.url)
    writing = writer.transaction()
    await writing.start()
    changed = await writer.fetchval("SELECT id FROM subjects ORDER BY id LIMIT 1")
    await writer.execute("UPDATE consents SET state = 'WITHDRAWN' WHERE subject_id = $1", changed)
    filling = asyncio.create_task(fill_choices(engine, batch_size=2))
    await writing.commit()
    assert await filling == 5
    assert (await privacy("migrate", on=empty, at=tmp_path)).code == 0
    rows = await writer.fetch("SELECT id, choices -> 'newsletter' ->> 0 FROM subjects")
    assert dict(map(tuple, rows)) == {row[0]: "WITHDRAWN" if row[0] == changed else "GRANTED" for row in rows}
    await writer.close()
    checked = await privacy("check", "choices", on=empty, at=tmp_path)
    assert checked.code == 1, "the test wrote the choice of one person without the ledger"
    assert checked.out == f"{format_id(Prefix.SUBJECT, changed)}  choices differ from the ledger\n"


REVISION_FILE = """
revision = "{number}"
down_revision = {before!r}
is_post_deployment = {is_post_deployment}
"""


@pytest.mark.parametrize(
    ("kinds", "number"),
    [([False, False], "2"), ([False, True], "1"), ([False, True, True], "1"), ([True, False], "2")],
    ids=["none", "one", "two", "one of an earlier version"],
)
async def test_a_version_is_ready_without_the_post_deployment_migrations_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: list[bool], number: str
) -> None:
    for index, is_post_deployment in enumerate(kinds, 1):
        before = str(index - 1) if index > 1 else None
        text = REVISION_FILE.format(number=index, before=before, is_post_deployment=is_post_deployment)
        (tmp_path / f"{index}.py").write_text(text)
    config = migrations._config("privacy")
    config.set_main_option("version_locations", str(tmp_path))
    monkeypatch.setattr(migrations, "_config", lambda _: config)
    assert migrations.required.__wrapped__("privacy") == number


async def test_a_migration_whose_table_is_in_use_blocks_no_request(empty: Databases) -> None:
    """A backup reads a table for long: requests do not queue behind the migration, and earlier ones are committed."""
    engine = create_async_engine(make_url(empty.url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    await migrations._upgrade_to(engine, "privacy", "0040")
    backup, reader = [await asyncpg.connect(empty.url) for _ in range(2)]
    reading = backup.transaction()
    await reading.start()
    await backup.execute("LOCK TABLE consent_changes IN ACCESS SHARE MODE")
    migrating = asyncio.create_task(migrations._upgrade_to(engine, "privacy", "head"))
    async with asyncio.timeout(60):
        while not await reader.fetchval(WAITING):  # noqa: ASYNC110 -- no event marks a lock
            await asyncio.sleep(0.01)
        assert await reader.fetchval("SELECT version_num FROM alembic_version") == "0041"
        assert not await reader.fetchval(LOCKED, "retention_rules"), "locks of an earlier migration are kept"
        await reader.execute("SELECT FROM consent_changes")
        await reader.execute("SELECT FROM subjects")
    assert not migrating.done()
    await reading.rollback()
    assert await migrating == "0040"
    assert await reader.fetchval("SELECT version_num FROM alembic_version") == head("privacy")
    for connection in (backup, reader):
        await connection.close()


async def test_two_demonstrations_of_one_directory_start_at_once(tmp_path: Path) -> None:
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    processes = [await start("serve", "--demo", "--port", str(port), at=tmp_path) for port in ports]
    try:
        await asyncio.gather(*(_ready(port) for port in ports))
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        results = [await process.wait() for process in processes]
        Cluster(tmp_path / "var" / "postgres").remove()
    assert not any("Traceback" in result.errors for result in results)


async def _ready(port: int) -> None:
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False) as client:
        with anyio.fail_after(120):
            while True:
                with contextlib.suppress(httpx2.HTTPError):
                    if (await client.get("/readyz")).is_success:
                        return
                await anyio.sleep(0.1)
