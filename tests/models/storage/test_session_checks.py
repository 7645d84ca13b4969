"""A connection pooler between the service and PostgreSQL is refused with a sentence: it would mix up the roles."""

import contextlib
import os
import pwd
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from models.access.database_roles import INTERNAL_WRITER, WRITERS
from models.storage.database import OUTAGE_ERRORS, Database, DatabaseRoles
from models.storage.outages import describe
from models.storage.session_checks import require_roles, require_settings
from tests.cli.commands import privacy
from tests.conftest import Databases

PGBOUNCER = Path("/usr/sbin/pgbouncer")
SETTINGS = "role,default_transaction_read_only,default_transaction_isolation,plan_cache_mode,enable_seqscan"
SETTINGS += ",jit,enable_bitmapscan,idle_in_transaction_session_timeout,extra_float_digits"
CONFIGURATION = """
[databases]
* = host='{host}' port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = {mode}
ignore_startup_parameters = {ignored}
"""
SENTENCE = "does not keep the settings of a session: a connection pooler is in between; connect to PostgreSQL itself"
pytestmark = pytest.mark.anyio


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a directory that another user may read: PgBouncer refuses to run as root."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextlib.contextmanager
def pooled(databases: Databases, folder: Path, mode: str, ignored: str) -> Iterator[str]:
    """Run PgBouncer before the server of the tests; yield the URL of the first database through it."""
    url = urlsplit(databases.url)
    query = parse_qs(url.query)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listen = probe.getsockname()[1]
    users, configuration = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{url.username}" ""\n')
    configuration.write_text(
        CONFIGURATION.format(
            host=query["host"][0], port=query["port"][0], listen=listen, users=users, mode=mode, ignored=ignored
        )
    )
    for path in (users, configuration):
        path.chmod(0o644)
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    process = subprocess.Popen(
        [PGBOUNCER, str(configuration)], user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", listen), 1):
                break
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"postgresql://{url.username}@127.0.0.1:{listen}{url.path}"
    finally:
        process.terminate()
        process.wait()


@pytest.mark.skipif(not PGBOUNCER.exists(), reason="PgBouncer is not installed: tests/install-peers.sh")
@pytest.mark.parametrize(
    ("mode", "ignored"), [("session", "extra_float_digits"), ("session", SETTINGS), ("transaction", SETTINGS)]
)
async def test_pgbouncer_is_refused_with_a_sentence(
    clean: Databases, folder: Path, tmp_path: Path, mode: str, ignored: str
) -> None:
    with pooled(clean, folder, mode, ignored) as url:
        direct = await asyncpg.connect(url)
        assert await direct.fetchval("SELECT current_user") == "privacy", "PgBouncer itself works"
        await direct.close()
        readers = {"privacy_store": frozenset[str]()}
        roles = DatabaseRoles("privacy_internal", INTERNAL_WRITER, readers, WRITERS)
        database = await Database.open(url, clean.keyring_url, readers=2, writers=2, timeout=10, roles=roles)
        try:
            for pool in (database.readers, database.writers, database.role_readers["privacy_store"]):
                with pytest.raises(asyncpg.ProtocolViolationError) as refusal:
                    await pool.acquire()
                assert isinstance(refusal.value, OUTAGE_ERRORS)
                assert describe(refusal.value) == f"{SENTENCE} (SQLSTATE 08P01)"
        finally:
            await database.close()
        listing = await privacy("token", "list", on=clean._replace(url=url), at=tmp_path)
        assert listing.code == 1
        assert SENTENCE in listing.errors


async def test_a_session_has_its_role_and_is_a_reader_or_a_writer(clean: Databases) -> None:
    settings = {"idle_in_transaction_session_timeout": "1000", "default_transaction_read_only": "on"}
    connection = await asyncpg.connect(clean.url, server_settings={**settings, "role": "privacy_store"})
    try:
        await require_settings(connection, "privacy_store", read_only=True)
        await require_settings(connection, None, read_only=True)
        for role, read_only in (("privacy_sync", True), ("privacy_store", False)):
            with pytest.raises(asyncpg.ProtocolViolationError):
                await require_settings(connection, role, read_only=read_only)
        await connection.execute("SET idle_in_transaction_session_timeout = 0")
        with pytest.raises(asyncpg.ProtocolViolationError):
            await require_settings(connection, "privacy_store", read_only=True)
    finally:
        await connection.close()


async def test_a_session_for_mutations_may_act_as_all_of_their_roles(clean: Databases) -> None:
    connection = await asyncpg.connect(clean.url, server_settings={"role": INTERNAL_WRITER})
    try:
        await require_roles(connection, [*WRITERS, INTERNAL_WRITER])
        assert await connection.fetchval("SELECT current_user") == INTERNAL_WRITER
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await require_roles(connection, [*WRITERS, "privacy_missing", INTERNAL_WRITER])
    finally:
        await connection.close()
