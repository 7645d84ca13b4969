"""Column grants: PostgreSQL itself refuses each role the columns that the access policy does not give it."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import pytest

from api.access import column_grants, policy
from api.access.policy import ACCESS_POLICY
from api.graphql.schema import core
from models.access.database_roles import (
    INTERNAL,
    INTERNAL_WRITER,
    READERS,
    WORKER,
    WRITER_OF_THE_PREVIOUS_VERSION,
    WRITERS,
)
from models.actors import Role
from tests.conftest import Api, Databases, Running, settings_for
from tests.people import known
from tests.values import contains

SHOWN = {
    "subjects.display_name": "Subject.displayName",
    "subjects.country": "Subject.country",
    "subjects.regime": "Subject.regime",
    "subjects.registered_at": "Subject.registeredAt",
    "subjects.status": "Subject.status",
    "email_addresses.address": "EmailAddress.address",
    "email_addresses.is_primary": "EmailAddress.isPrimary",
    "email_addresses.verified_at": "EmailAddress.verifiedAt",
    "accounts.reference": "Account.reference",
    "payment_fragments.reference": "PaymentFragment.reference",
    "payment_fragments.last_digits": "PaymentFragment.lastDigits",
    "payment_fragments.expiry_month": "PaymentFragment.expiryMonth",
    "payment_fragments.expiry_year": "PaymentFragment.expiryYear",
    "payment_fragments.stored_at": "PaymentFragment.storedAt",
    "sync_accounts.reference": "SyncAccount.reference",
    "sync_accounts.storage_bytes": "SyncAccount.storageBytes",
    "sync_accounts.file_count": "SyncAccount.fileCount",
    "sync_clients.app": "SyncClient.app",
    "sync_clients.user_agent": "SyncClient.userAgent",
    "sync_files.name": "SyncFile.name",
    "sync_files.size_bytes": "SyncFile.sizeBytes",
    "sync_files.modified_at": "SyncFile.modifiedAt",
    "consent_events.actor": "ConsentEvent.actor",
    "access_events.actor": "AccessEvent.actor",
    "access_events.fields": "AccessEvent.fields",
    "access_events.case_reference": "AccessEvent.case",
    "access_grants.case_reference": "AccessGrant.case",
    "tokens.name": "Token.name",
    "tokens.last_used_at": "Token.lastUsedAt",
}
"""Columns whose readers are those of one field, by hand: the code that derives the rest is not its own only judge."""
NOBODY_READS = (
    "tokens.secret_sha256",
    "access_events.written_in",
    "subjects.epoch",
    "letters.address",
    "sync_clients.app_index",
)

ALL_WRITERS = (*WRITERS, INTERNAL_WRITER, WRITER_OF_THE_PREVIOUS_VERSION)

TRY_COLUMNS = """
DO $$
DECLARE
    one record;
    columns text[] := '{}';
BEGIN
    FOR one IN
        SELECT c.relname, a.attname
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace IN ('public'::regnamespace, to_regnamespace('monthly')) AND c.relkind IN ('r', 'p')
    LOOP
        BEGIN
            EXECUTE format('SELECT %I FROM %I LIMIT 1', one.attname, one.relname);
            columns := columns || (one.relname || '.' || one.attname);
        EXCEPTION
            WHEN insufficient_privilege OR undefined_table THEN NULL;
        END;
    END LOOP;
    PERFORM set_config('tests.columns', array_to_string(columns, ' '), false);
END $$
"""
"""Tries every column of every table with plain SQL; leaves the names of those that can be read in a setting."""


class Sessions:
    """Sessions of PostgreSQL's roles, one for each role and database, for all tests of this module."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._connections: dict[tuple[str, str], asyncpg.Connection] = {}

    def readable(self, url: str, role: str) -> set[str]:
        """Return the columns that a role can read."""
        return self._runner.run(self._readable(url, role))

    def refuses(self, url: str, role: str, sql: str) -> bool:
        """Return whether a role may not execute a statement; leave nothing of it."""
        return self._runner.run(self._refuses(url, role, sql))

    def close(self) -> None:
        for connection in self._connections.values():
            connection.terminate()

    async def _session(self, url: str, role: str) -> asyncpg.Connection:
        if (url, role) not in self._connections:
            self._connections[url, role] = await asyncpg.connect(url, server_settings={"role": role})
        return self._connections[url, role]

    async def _readable(self, url: str, role: str) -> set[str]:
        connection = await self._session(url, role)
        assert await connection.fetchval("SELECT current_user") == role
        async with connection.transaction(readonly=True):
            await connection.execute(TRY_COLUMNS)
        return set((await connection.fetchval("SELECT current_setting('tests.columns')")).split())

    async def _refuses(self, url: str, role: str, sql: str) -> bool:
        connection = await self._session(url, role)
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(sql)
        except asyncpg.InsufficientPrivilegeError:
            return True
        else:
            return False
        finally:
            await transaction.rollback()


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        sessions = Sessions(runner)
        yield sessions
        sessions.close()


@pytest.fixture(scope="module")
def reads(databases: Databases, sessions: Sessions) -> dict[str, set[str]]:
    """Return the columns of the first database that each role can read."""
    return {role: sessions.readable(databases.url, role) for role in (*READERS.values(), INTERNAL)}


@pytest.fixture(scope="module")
def needed(databases: Databases) -> dict[str, set[str]]:
    """Return the columns of the first database that the fields of each role read."""

    async def derive() -> dict[str, set[str]]:
        connection = await asyncpg.connect(databases.url)
        columns = await column_grants.columns_read(connection, core)
        await connection.close()
        return {role: {f"{one.table}.{one.column}" for one in columns[role]} for role in READERS.values()}

    return asyncio.run(derive())


@pytest.mark.parametrize("role", list(Role))
def test_a_role_reads_the_columns_that_its_fields_need_and_no_other(
    role: Role, reads: dict[str, set[str]], needed: dict[str, set[str]]
) -> None:
    assert reads[READERS[role]] == needed[READERS[role]]


@pytest.mark.parametrize(("column", "coordinate"), SHOWN.items())
def test_the_readers_of_a_column_are_those_of_its_field(
    column: str, coordinate: str, reads: dict[str, set[str]]
) -> None:
    assert {role for role in Role if column in reads[READERS[role]]} == ACCESS_POLICY[coordinate]


@pytest.mark.parametrize("column", NOBODY_READS)
def test_no_caller_reads_what_no_field_shows(column: str, reads: dict[str, set[str]]) -> None:
    assert not [role for role in Role if column in reads[READERS[role]]]


def test_the_service_itself_reads_tokens_and_no_people(reads: dict[str, set[str]]) -> None:
    counted = {f"rights_requests.{name}" for name in ("kind", "state", "due_at", "extended_until")}
    assert counted <= reads[INTERNAL]
    assert {column.partition(".")[0] for column in reads[INTERNAL] - counted} == {"tokens", "alembic_version"}


@pytest.mark.parametrize("role", list(Role))
def test_keys_are_read_by_the_roles_that_open_seals(role: Role, databases: Databases, sessions: Sessions) -> None:
    sealed = set(Role) - {Role.AUDITOR, Role.ANALYST, Role.ADMIN}
    columns = sessions.readable(databases.keyring_url, READERS[role])
    keys = {"subject_keys.subject_id", "subject_keys.master_version", "subject_keys.wrapped"}
    assert columns == (keys if role in sealed else set())


@pytest.mark.parametrize("role", [*READERS.values(), INTERNAL, *ALL_WRITERS, WORKER])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE consent_events SET actor = 'somebody'",
        "DELETE FROM consent_events",
        "TRUNCATE consent_events CASCADE",
        "UPDATE access_events SET actor = 'somebody'",
        "DELETE FROM access_events",
        "TRUNCATE access_events",
        "INSERT INTO access_events (at, id, written_in) SELECT now(), gen_random_uuid(), 7",
        "INSERT INTO audit_eras SELECT number + 1, server, begins_after, begun_at FROM audit_eras",
        "UPDATE audit_eras SET begins_after = 0",
        "UPDATE purposes SET legal_basis = 'CONTRACT'",
        "ALTER TABLE subjects ADD COLUMN more text",
        "CREATE TABLE more (id int)",
        "DROP TABLE access_grants",
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_nobody_who_serves_callers_bends_the_record_or_the_schema(
    databases: Databases, sessions: Sessions, role: str, sql: str
) -> None:
    assert sessions.refuses(databases.url, role, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE tokens SET roles = roles",
        "UPDATE tokens SET secret_sha256 = secret_sha256",
        "UPDATE tokens SET name = name",
        "DELETE FROM tokens",
        "UPDATE systems SET webhook_url = NULL",
        "INSERT INTO systems (name) VALUES ('x')",
        "DELETE FROM systems",
    ],
)
def test_mutations_change_no_token_s_rights_and_no_webhook(databases: Databases, sessions: Sessions, sql: str) -> None:
    for role in ALL_WRITERS:
        assert sessions.refuses(databases.url, role, sql), role


@pytest.mark.parametrize("role", [*READERS.values(), INTERNAL])
def test_readers_write_nothing(databases: Databases, sessions: Sessions, role: str) -> None:
    assert sessions.refuses(databases.url, role, "DELETE FROM letters")
    assert sessions.refuses(databases.url, role, "INSERT INTO tokens (name) VALUES ('x')")


@pytest.mark.parametrize("sql", ["SELECT access_event_era()", "SELECT access_event_months(CURRENT_DATE, 1)"])
def test_workers_alone_have_the_record_s_tables_made_ready(databases: Databases, sessions: Sessions, sql: str) -> None:
    for role, outcome in ((WORKER, False), *((each, True) for each in (*ALL_WRITERS, *READERS.values()))):
        assert sessions.refuses(databases.url, role, sql) is outcome


def test_keys_are_destroyed_by_workers_alone(databases: Databases, sessions: Sessions) -> None:
    for role, outcome in ((WORKER, False), *((each, True) for each in (*ALL_WRITERS, *READERS.values()))):
        assert sessions.refuses(databases.keyring_url, role, "DELETE FROM subject_keys") is outcome


@pytest.fixture(scope="module")
def second_service(databases: Databases, served: Api) -> Iterator[Api]:
    """Yield a service whose operations no other test has prepared."""
    with Running(settings_for(databases)) as url:
        service = Api(url, served.secrets)
        yield service
        service.client.close()


@pytest.fixture
def unlocked(second_service: Api, clean: Databases, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Return a service without access checks, so that only the database refuses."""
    allow: Callable[..., None] = lambda *_: None  # noqa: E731
    monkeypatch.setattr(policy, "check_access", allow)
    return second_service


FORBIDDEN: list[tuple[str, str]] = [
    ("STORE", "emails { address }"),
    ("SYNC", "emails { address }"),
    ("SERVICE", "paymentFragments { lastDigits }"),
    ("STORE", "accounts { reference }"),
    ("BILLING", "syncAccounts { clients { userAgent } }"),
    ("SUPPORT", "paymentFragments { lastDigits }"),
    ("PRIVACY", "paymentFragments { lastDigits expiryYear }"),
    ("SUPPORT", "accessEvents { edges { node { actor } } }"),
    ("ADMIN", "emails { address }"),
    ("ADMIN", "consentHistory { edges { node { actor } } }"),
    ("SERVICE", "displayName"),
    ("STORE", "displayName country regime"),
    ("BILLING", "country"),
    ("ADMIN", "displayName"),
]


@pytest.mark.parametrize(("role", "selection"), FORBIDDEN)
def test_postgresql_refuses_where_the_first_lock_is_gone(unlocked: Api, role: str, selection: str) -> None:
    person = known(unlocked)
    answer = unlocked.ask(role, f"query($id: ID!) {{ subject(by: {{id: $id}}) {{ {selection} }} }}", id=person.id)
    text: Any = str(answer.body)
    for value in ("user@example.com", "Ada Example", "Outliner", "'DE'", "GDPR", "store of the tests"):
        assert value not in text
    assert not any(contains(text, value) for value in ("4242", "2031"))
    if "errors" in answer.body:
        assert answer.code == "INTERNAL"
    else:
        assert set(answer.data["subject"].values()) == {None}
