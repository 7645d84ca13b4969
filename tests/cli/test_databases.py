"""Several processes migrate the same databases at once, and versions of the service share databases."""

import asyncio
import contextlib
import signal
import socket
from pathlib import Path

import anyio
import asyncpg
import httpx2
import pytest
import sqlalchemy
from alembic import command
from sqlalchemy import NullPool, make_url
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from cli import database_roles
from cli.embedded import Cluster
from migrations import HISTORIES, head, required
from migrations.choices import fill_choices, fill_confirmed_refusals
from models.erasure.column_erasure import ERASE_CHOICES
from models.storage.ids import Prefix, format_id
from tests.cli.commands import privacy, start
from tests.conftest import Databases
from tests.journeys.isolated_databases import open_world
from tests.models.registration.imported_people import imported, person
from tests.models.unit_of_work import decision, granted, refused, refused_all, registered

pytestmark = pytest.mark.anyio


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def downgrade(url: str, revision: str) -> None:
    engine = migrations._engine(url)
    async with engine.connect() as connection:
        await migrations._run_in_gaps(connection, "privacy", lambda config: command.downgrade(config, revision))
    await engine.dispose()


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
    await migrations._upgrade_to(engine, "privacy", "0037")
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


WAITING_FOR_PEOPLE = "SELECT count(*) FROM pg_locks WHERE relation = 'subjects'::regclass AND NOT granted"
REPEATED = """
UPDATE consents SET state = 'WITHDRAWN', confirmed_at = effective_at + interval '1 hour' WHERE subject_id <> $1
"""
REPEATED_IN_THE_ROW = """
SELECT count(*)
FROM subjects AS s
JOIN consents AS c ON c.subject_id = s.id
WHERE c.confirmed_at IS NOT NULL
AND CAST(s.refusals_confirmed_at ->> c.purpose AS timestamptz) = c.confirmed_at
"""


async def test_repeated_refusals_of_before_are_filled_while_the_previous_version_writes(empty: Databases) -> None:
    """A refusal that is repeated meanwhile is committed before the triggers change, and the row gets it."""
    engine = create_async_engine(make_url(empty.url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    await migrations._upgrade_to(engine, "privacy", "0043")
    await execute(empty.url, PEOPLE_OF_BEFORE)
    writer, reader = [await asyncpg.connect(empty.url) for _ in range(2)]
    last = await writer.fetchval("SELECT max(CAST(id AS text)) FROM subjects")
    await writer.execute(REPEATED, last)
    writing = writer.transaction()
    await writing.start()
    await writer.execute("UPDATE consents SET state = 'WITHDRAWN', confirmed_at = now() WHERE subject_id = $1", last)
    migrating = asyncio.create_task(migrations._upgrade_to(engine, "privacy", "0044"))
    async with asyncio.timeout(60):
        while not await reader.fetchval(WAITING_FOR_PEOPLE):  # noqa: ASYNC110 -- no event marks a lock
            await asyncio.sleep(0.01)
    await writing.commit()
    await migrating
    assert await fill_confirmed_refusals(engine, batch_size=2) == 5
    assert await reader.fetchval(REPEATED_IN_THE_ROW) == 5
    await reader.execute("UPDATE consents SET confirmed_at = now() WHERE subject_id = $1", last)
    assert await reader.fetchval(REPEATED_IN_THE_ROW) == 5
    for connection in (writer, reader):
        await connection.close()


DIFFERENT = """
SELECT *
FROM (
    SELECT subject_id, purpose, state, effective_at, channel, policy_version, confirmed_at FROM consents
) AS kept
FULL JOIN (
    SELECT s.id AS subject_id, c.key AS purpose, c.value ->> 0 AS state, (c.value ->> 1)::timestamptz AS effective_at,
        c.value ->> 2 AS channel, c.value ->> 3 AS policy_version,
        (s.refusals_confirmed_at ->> c.key)::timestamptz AS confirmed_at
    FROM subjects AS s, jsonb_each(s.choices) AS c
) AS written USING (subject_id, purpose)
WHERE (kept.state, kept.effective_at, kept.channel, kept.policy_version, kept.confirmed_at)
    IS DISTINCT FROM
    (written.state, written.effective_at, written.channel, written.policy_version, written.confirmed_at)
"""
GRANT_OF_BEFORE = """
UPDATE subjects SET epoch = 4 WHERE id = '{who}';
INSERT INTO consent_events
    (subject_id, epoch, purpose, state, effective_at, recorded_at, channel, policy_version, actor)
SELECT subject_id, 4, purpose, 'GRANTED', now(), now(), channel, policy_version, actor
FROM consent_events
WHERE subject_id = '{who}'
AND epoch = 1;
UPDATE consents
SET state = 'GRANTED', epoch = 4, effective_at = now(), confirmed_at = NULL
WHERE subject_id = '{who}'
AND purpose = 'newsletter'
"""
NOTED = "SELECT number, purpose, state FROM consent_changes WHERE subject_id = $1 ORDER BY number"


async def test_choices_are_copied_in_both_directions_and_noted_once(empty: Databases) -> None:
    engine = create_async_engine(make_url(empty.url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    await migrations._upgrade_to(engine, "privacy", required("privacy"))
    await migrations.upgrade("keyring", empty.keyring_url)
    connection = await asyncpg.connect(empty.url)
    async with open_world(empty) as world:
        imported_person = await person(world)
        await imported(world, imported_person)
        who, other = await registered(world), await registered(world, "other@example.com")
        for each in (who, other):
            await granted(world, each)
            await granted(world, each, "crash-reports")
            for _ in range(2):
                await refused(world, each)
        assert await connection.fetchval("SELECT count(*) FROM consents") == 5
        assert await connection.fetch(DIFFERENT) == []
        assert len(await connection.fetch("SELECT FROM consents WHERE confirmed_at IS NOT NULL")) == 2
        await connection.execute(GRANT_OF_BEFORE.format(who=who))
        assert await connection.fetch(DIFFERENT) == []
        assert [tuple(row) for row in await connection.fetch(NOTED, who)] == [
            (1, "newsletter", "GRANTED"),
            (2, "crash-reports", "GRANTED"),
            (3, "newsletter", "WITHDRAWN"),
            (4, "newsletter", "GRANTED"),
        ]
        await connection.execute("DELETE FROM consents WHERE purpose = 'crash-reports'")
        assert await connection.fetch(DIFFERENT) == []
        assert (await decision(world, who)).reason == "GRANTED"
        assert (await decision(world, who, "crash-reports")).reason == "NEVER_ASKED"
        async with world.database.transaction() as owner:
            await ERASE_CHOICES.rows(owner, ids=[other])
    assert await connection.fetchval("SELECT count(*) FROM consents WHERE subject_id = $1", other) == 0
    await connection.close()


async def test_what_the_previous_version_needs_stays_until_it_is_dropped(empty: Databases, tmp_path: Path) -> None:
    engine = create_async_engine(make_url(empty.url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
    await migrations._upgrade_to(engine, "privacy", "0043")
    pending = "run `privacy migrate --post-deployment` once no process of the previous version is left\n"
    lines = []
    for options in ((), (), ("--post-deployment",), (), ("--roll-back",), ("--roll-back",)):
        ran = await privacy("migrate", *options, on=empty, at=tmp_path)
        assert (ran.code, ran.errors) == (0, "")
        assert await migrations.differences("privacy", empty.url) == []
        assert await database_roles.differences("privacy", empty.url) == []
        lines.append(ran.out.partition("keyring")[0])
    kept, last = required("privacy"), head("privacy")
    assert lines == [
        f"privacy: 0043 -> {kept}\n{pending}",
        f"privacy: was {kept}\n{pending}",
        f"privacy: {kept} -> {last}\n",
        f"privacy: was {last}\n",
        f"privacy: {last} -> {kept}\n",
        f"privacy: was {kept}\n",
    ]
    refused = await privacy("migrate", "--roll-back", "--post-deployment", on=empty, at=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "exclude each other" in refused.errors


async def test_a_database_from_before_has_nothing_to_roll_back(empty: Databases, tmp_path: Path) -> None:
    for revision in ("", "0043"):
        if revision:
            engine = create_async_engine(make_url(empty.url).set(drivername="postgresql+asyncpg"), poolclass=NullPool)
            await migrations._upgrade_to(engine, "privacy", revision)
        refused = await privacy("migrate", "--roll-back", on=empty, at=tmp_path)
        assert (refused.code, refused.out) == (2, "")
        assert f"there is nothing to undo: the database has revision {revision or 'nothing'}" in refused.errors


async def test_repeated_refusals_are_recorded_while_a_roll_back_fills_the_table(empty: Databases) -> None:
    """The number of the person may be that of an opt-out of everything, which has no event."""
    for history, url in zip(HISTORIES, (empty.url, empty.keyring_url), strict=True):
        await migrations.upgrade(history, url)
    async with open_world(empty) as world:
        who = await registered(world)
        await granted(world, who)
        await refused(world, who)
        await refused_all(world, who)
        await downgrade(empty.url, required("privacy"))
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="is not filled"):
            await downgrade(empty.url, "0043")
        await migrations.upgrade("privacy", empty.url)
        await refused(world, who)
        await refused_all(world, who)
    connection = await asyncpg.connect(empty.url)
    assert await connection.fetchval("SELECT count(*) FROM consents") == 0
    await migrations.roll_back(empty.url)
    assert await connection.fetchval("SELECT count(*) FROM consents WHERE confirmed_at IS NOT NULL") > 0
    assert await connection.fetch(DIFFERENT) == []
    await connection.close()


async def test_the_previous_version_is_refused_until_a_roll_back_has_ended(
    empty: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The triggers are disabled until then: choices that it writes would not reach the rows of people."""
    assert (await privacy("migrate", on=empty, at=tmp_path)).code == 0

    async def grants() -> int:
        connection = await asyncpg.connect(empty.url)
        try:
            select = "SELECT count(*) FROM information_schema.column_privileges WHERE table_name = 'consents' "
            return int(await connection.fetchval(select + "AND grantee <> current_user"))
        finally:
            await connection.close()

    async def stop(_engine: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr(migrations.choices, "fill_table", stop)
        with pytest.raises(InterruptedError):
            await migrations.roll_back(empty.url)
    assert (await privacy("migrate", on=empty, at=tmp_path)).code == 0
    assert await grants() == 0
    assert (await privacy("migrate", "--roll-back", on=empty, at=tmp_path)).code == 0
    assert await grants() > 0


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
