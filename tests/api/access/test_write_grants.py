"""Each group of mutations has a PostgreSQL role, which writes the columns of the group's statements and no other."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

import migrations
from api.access.column_grants import database_roles
from api.access.write_grants import (
    LOCK,
    NOT_BY_MUTATIONS,
    NOT_FOR_MUTATIONS,
    columns_written_by,
    columns_written_by_the_previous_version,
    statements_of_group,
)
from api.graphql.schema import core
from models.access.database_roles import INTERNAL_WRITER, WRITER_OF_THE_PREVIOUS_VERSION, WRITERS
from models.access.write_groups import GROUPS, SERVICE, WriteGroup
from models.storage.written_columns import Write, writes_of
from tests.conftest import ROOT, Databases

TABLES = {
    "privacy_access_writer": {"access_grants", "notices", "tokens"},
    "privacy_consent_writer": {"consent_events", "letters", "suppressions"},
    "privacy_registration_writer": {
        *("accounts", "consent_events", "email_addresses", "identity_codes", "letters", "notices"),
        *("rights_requests", "suppressions"),
    },
    "privacy_payments_writer": {"payment_fragments", "payment_removals"},
    "privacy_sync_writer": {"sync_accounts", "sync_clients", "sync_files"},
    "privacy_requests_writer": {
        *("email_addresses", "erasure_steps", "export_chunks", "export_steps", "exports", "identity_codes"),
        *("letters", "notices", "rights_requests"),
    },
    "privacy_disclosures_writer": {
        *("affected_people", "disclosures", "forced_disclosures", "incidents", "recipients", "tokens"),
    },
    "privacy_policy_writer": {
        *("policy_notices", "policy_versions", "retention_holds", "retention_rules", "system_backups"),
    },
    "privacy_internal_writer": {"consent_question_counts", "people_counts", "tokens"},
}
"""The tables that each role changes, by hand: the code that derives the grants is not its own only judge.

Each also appends access events and known systems, and may update the columns of people below.
"""
OF_EACH = {"access_events", "known_systems", "subjects"}
CHOICES = {"choices", "epoch", "opted_out_at", "opted_out_confirmed_at", "refusals_confirmed_at"}
UPDATED = {
    "subjects": {
        "privacy_access_writer": {"id"},
        "privacy_consent_writer": {"id", *CHOICES},
        "privacy_registration_writer": {"id", *CHOICES, "country", "display_name", "regime", "status"},
        "privacy_payments_writer": {"id"},
        "privacy_sync_writer": {"id"},
        "privacy_requests_writer": {"id", "status"},
        "privacy_disclosures_writer": {"id"},
        "privacy_policy_writer": {"id"},
        "privacy_internal_writer": set(),
    },
    "tokens": {
        "privacy_access_writer": {"approved_at", "approved_by", "revoked_at"},
        "privacy_disclosures_writer": {"revoked_at"},
        "privacy_internal_writer": {"last_used_at"},
    },
    "access_grants": {
        "privacy_access_writer": {"decided_at", "decided_by", "decided_by_identity", "ended_at", "expires_at"},
    },
    "email_addresses": {
        "privacy_registration_writer": {"is_primary", "stopped_at"},
        "privacy_requests_writer": {"verified_at"},
    },
}
"""The columns that each role updates in the tables of several groups, by hand. All may lock people, by their id."""
NEVER_WRITTEN = {
    "tokens": {"id", "name", "roles", "secret_sha256", "issued_at", "issued_by", "system", "expires_at"},
    "access_grants": {"subject_id", "id", "actor", "actor_identity", "case_reference", "minutes", "asked_at"},
    "rights_requests": {"certificate", "certified_at", "erased", "erased_at", "received_at"},
    "systems": {"name", "webhook_url", "is_always_concerned", "secret_generation"},
    "letters": {"sent_at", "handed_at", "message_id", "reply_code", "attempts", "recipient", "letter"},
    "consent_events": {"state", "actor", "purpose"},
    "access_events": {"actor", "actor_identity", "at", "fields", "written_in", "occurrences"},
    "erasure_steps": {"system", "request_id", "attempts"},
    "payment_fragments": {"reference", "subject_id"},
    "email_addresses": {"address", "lookup_hash", "subject_id"},
    "sync_accounts": {"reference", "subject_id"},
    "sync_clients": {"app", "version", "platform", "lookup_hash", "index_version", "app_index"},
    "subjects": {"registered_at"},
}
"""Columns that no mutation updates, by hand."""
NEVER_DELETED = {
    "tokens",
    "access_grants",
    "subjects",
    "rights_requests",
    "systems",
    "erasure_steps",
    "letters",
    "notices",
}
ROLES = (*WRITERS, INTERNAL_WRITER, WRITER_OF_THE_PREVIOUS_VERSION)

TRY_WRITES = """
DO $$
DECLARE
    one record;
    writes text[] := '{}';
BEGIN
    FOR one IN
        SELECT c.relname, a.attname, p.privilege, CASE p.privilege
            WHEN 'UPDATE' THEN format('EXPLAIN UPDATE %I SET %I = NULL', c.relname, a.attname)
            WHEN 'INSERT' THEN format('EXPLAIN INSERT INTO %I (%I) VALUES (NULL)', c.relname, a.attname)
            WHEN 'DELETE' THEN format('EXPLAIN DELETE FROM %I', c.relname)
            ELSE format('TRUNCATE %I CASCADE', c.relname)
        END AS statement
        FROM pg_class AS c
        CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS p (privilege)
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
            AND a.attnum >= 1 AND (a.attnum = 1 OR p.privilege IN ('INSERT', 'UPDATE'))
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    LOOP
        BEGIN
            EXECUTE one.statement;
            writes := writes || format('%s %s %s', one.relname, one.attname, one.privilege);
        EXCEPTION
            WHEN insufficient_privilege OR generated_always THEN NULL;
        END;
    END LOOP;
    PERFORM set_config('tests.writes', array_to_string(writes, ','), false);
END $$
"""
"""Tries every write of every column of every table; leaves what is allowed in a setting."""


def tables(history: str = "privacy") -> set[str]:
    return set(migrations.HISTORIES[history].tables)


async def attempts(url: str, role: str) -> set[Write]:
    """Try every write as a role, undo it, and return which were allowed."""
    connection = await asyncpg.connect(url, server_settings={"role": role})
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(TRY_WRITES)
    text = await connection.fetchval("SELECT current_setting('tests.writes')")
    await transaction.rollback()
    await connection.close()
    allowed = {Write(*line.split(" ")) for line in filter(None, text.split(","))}
    return {
        write._replace(column="") if write.privilege in {"DELETE", "TRUNCATE"} else write
        for write in allowed
        if write.table != "alembic_version"
    }


@pytest.fixture(scope="module")
def writable(databases: Databases) -> dict[str, set[Write]]:
    """Return what each writing role may write in the first database."""
    return {role: asyncio.run(attempts(databases.url, role)) for role in ROLES}


@pytest.mark.parametrize("group", [*GROUPS, SERVICE], ids=lambda group: group.role)
def test_a_group_writes_what_its_statements_name_and_nothing_else(
    group: WriteGroup, writable: dict[str, set[Write]]
) -> None:
    assert writable[group.role] == {write for write in columns_written_by(group) if write.table in tables()}


def test_the_role_of_the_previous_version_keeps_its_grants(writable: dict[str, set[Write]]) -> None:
    written = {write for write in columns_written_by_the_previous_version() if write.table in tables()}
    assert writable[WRITER_OF_THE_PREVIOUS_VERSION] == written
    for role in WRITERS:
        assert writable[role] - {LOCK} < written, role
        assert len(writable[role]) < len(written) / 2, role


def test_no_process_of_this_version_acts_as_the_role_of_the_previous_one() -> None:
    roles = database_roles(core)
    assert (roles.writer, roles.mutations) == (INTERNAL_WRITER, WRITERS)
    assert WRITER_OF_THE_PREVIOUS_VERSION not in {roles.internal, *roles.readers}


@pytest.mark.parametrize("role", TABLES)
def test_a_group_changes_its_own_tables(role: str, writable: dict[str, set[Write]]) -> None:
    assert {write.table for write in writable[role]} - OF_EACH == TABLES[role]
    assert TABLES.keys() == {*WRITERS, INTERNAL_WRITER}


@pytest.mark.parametrize("table", UPDATED)
def test_a_group_updates_its_own_columns_of_shared_tables(table: str, writable: dict[str, set[Write]]) -> None:
    updated = {
        role: {write.column for write in writable[role] if (write.table, write.privilege) == (table, "UPDATE")}
        for role in TABLES
    }
    assert {role: columns for role, columns in updated.items() if columns} == {
        role: columns for role, columns in UPDATED[table].items() if columns
    }


def test_a_right_to_lock_people_changes_no_id(databases: Databases) -> None:
    async def change(role: str) -> None:
        connection = await asyncpg.connect(databases.url, server_settings={"role": role})
        try:
            await connection.execute("SELECT id FROM subjects FOR UPDATE")
            await connection.execute("UPDATE subjects SET id = gen_random_uuid()")
        finally:
            await connection.close()

    for role in WRITERS:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="the id of a person never changes"):
            asyncio.run(change(role))


@pytest.mark.parametrize("table", NEVER_WRITTEN)
def test_what_no_mutation_changes_cannot_be_changed(table: str, writable: dict[str, set[Write]]) -> None:
    columns = NEVER_WRITTEN[table]
    assert columns <= set(migrations.HISTORIES["privacy"].tables[table].columns.keys())
    updates = {Write(table, column, "UPDATE") for column in columns}
    assert not [role for role in ROLES if writable[role] & updates]


def test_what_no_mutation_deletes_cannot_be_deleted(writable: dict[str, set[Write]]) -> None:
    removals = {write for writes in writable.values() for write in writes if not write.column}
    assert not [write for write in removals if write.privilege == "TRUNCATE"]
    assert not {write.table for write in removals} & NEVER_DELETED
    assert not {write.table for writes in writable.values() for write in writes} & NOT_BY_MUTATIONS


def test_the_service_inserts_keys_and_changes_nothing_else_in_the_keyring(databases: Databases) -> None:
    writes = asyncio.run(attempts(databases.keyring_url, INTERNAL_WRITER))
    assert {write.privilege for write in writes} == {"INSERT"}
    assert {write.table for write in writes} == {
        *("letter_keys", "lifted_suppressions", "lookup_keys", "signing_keys", "subject_keys"),
    }
    assert writes == {write for write in columns_written_by(SERVICE) if write.table in tables("keyring")}
    for role in WRITERS:
        assert asyncio.run(attempts(databases.keyring_url, role)) == set()


@pytest.mark.parametrize("group", [*GROUPS, SERVICE], ids=lambda group: group.role)
def test_every_statement_of_a_group_passes_as_its_role(group: WriteGroup, databases: Databases) -> None:
    async def refused() -> list[str]:
        settings = {"role": group.role, "plan_cache_mode": "auto"}
        connection = await asyncpg.connect(databases.url, server_settings=settings)
        names = []
        for name, statement in statements_of_group(group):
            if not {write.table for write in writes_of(statement)} <= tables():
                continue
            try:
                await connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement.sql}")
            except asyncpg.InsufficientPrivilegeError:
                names.append(name)
        await connection.close()
        return names

    assert asyncio.run(refused()) == []


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield str(node.module)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_no_resolver_and_no_model_of_a_mutation_imports_the_modules_of_the_workers() -> None:
    paths = [path for package in ("api", "resolvers", "models") for path in (ROOT / package).rglob("*.py")]
    imports = {module_of(path): set(imports_of(path)) for path in paths}
    reached_modules = {name for name in imports if name.startswith(("api.", "resolvers."))}
    fresh = reached_modules
    while fresh:
        fresh = {name for module in fresh for name in imports[module] if name in imports} - reached_modules
        reached_modules |= fresh
    assert not reached_modules & NOT_FOR_MUTATIONS, sorted(reached_modules & NOT_FOR_MUTATIONS)
    assert imports.keys() >= NOT_FOR_MUTATIONS


def test_nobody_executes_the_functions_of_the_owner(databases: Databases) -> None:
    """A role that may execute a trigger's function has it write anything, by a trigger on a temporary table."""

    async def executed_by_all() -> dict[str, bool]:
        connection = await asyncpg.connect(databases.url)
        select = "SELECT proname, has_function_privilege('public', oid, 'EXECUTE') AS is_permitted FROM pg_proc "
        select += "WHERE prosecdef"
        rows = await connection.fetch(select)
        await connection.close()
        return {row["proname"]: row["is_permitted"] for row in rows}

    functions = asyncio.run(executed_by_all())
    assert len(functions) > 5
    assert [name for name, is_permitted in functions.items() if is_permitted] == []
