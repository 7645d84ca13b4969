"""The writing role of mutations changes the columns that their statements write, and no other."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

import migrations
from api.access.write_grants import NOT_BY_MUTATIONS, NOT_FOR_MUTATIONS, columns_written, statements_for_mutations
from models.access.database_roles import WRITER
from models.storage.written_columns import Write, writes_of
from tests.conftest import ROOT, Databases

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
}
"""Columns that no mutation updates, by hand: the code that derives the grants is not its own only judge."""
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


async def attempts(url: str) -> dict[Write, bool]:
    """Try every write of every column of every table as the writing role, and return which are allowed."""
    connection = await asyncpg.connect(url, server_settings={"role": WRITER})
    allowed: dict[Write, bool] = {}
    for name, table in migrations.HISTORIES["privacy"].tables.items():
        statements = {Write(name, "", "DELETE"): f"DELETE FROM {name}", Write(name, "", "TRUNCATE"): f"TRUNCATE {name}"}
        for column in table.columns:
            statements[Write(name, column.name, "UPDATE")] = f'UPDATE {name} SET "{column.name}" = NULL'
            statements[Write(name, column.name, "INSERT")] = f'INSERT INTO {name} ("{column.name}") VALUES (NULL)'
        for write, sql in statements.items():
            try:
                await connection.execute(sql if write.privilege == "TRUNCATE" else f"EXPLAIN {sql}")
                allowed[write] = True
            except asyncpg.InsufficientPrivilegeError:
                allowed[write] = False
    await connection.close()
    return allowed


@pytest.fixture(scope="module")
def writable(databases: Databases) -> dict[Write, bool]:
    return asyncio.run(attempts(databases.url))


def test_mutations_write_what_their_statements_name_and_nothing_else(writable: dict[Write, bool]) -> None:
    written = {write for write in columns_written() if write.table in migrations.HISTORIES["privacy"].tables}
    assert {write for write, is_allowed in writable.items() if is_allowed} == written
    assert not {write.table for write in written} & NOT_BY_MUTATIONS
    assert len(writable) > 2 * len(written)


@pytest.mark.parametrize("table", NEVER_WRITTEN)
def test_what_no_mutation_changes_cannot_be_changed(table: str, writable: dict[Write, bool]) -> None:
    columns = NEVER_WRITTEN[table]
    assert columns <= set(migrations.HISTORIES["privacy"].tables[table].columns.keys())
    assert not [column for column in columns if writable[Write(table, column, "UPDATE")]]


def test_what_no_mutation_deletes_cannot_be_deleted(writable: dict[Write, bool]) -> None:
    assert not [table for table in NEVER_DELETED if writable[Write(table, "", "DELETE")]]
    assert not [write for write, is_allowed in writable.items() if write.privilege == "TRUNCATE" and is_allowed]


def test_every_statement_of_the_mutations_passes_as_the_writing_role(databases: Databases) -> None:
    async def refused() -> list[str]:
        connection = await asyncpg.connect(databases.url, server_settings={"role": WRITER, "plan_cache_mode": "auto"})
        names = []
        for name, statement in statements_for_mutations():
            tables = {write.table for write in writes_of(statement)} - NOT_BY_MUTATIONS
            if not tables & migrations.HISTORIES["privacy"].tables.keys():
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
    reached = {name for name in imports if name.startswith(("api.", "resolvers."))}
    fresh = reached
    while fresh:
        fresh = {name for module in fresh for name in imports[module] if name in imports} - reached
        reached |= fresh
    assert not reached & NOT_FOR_MUTATIONS, sorted(reached & NOT_FOR_MUTATIONS)
    assert imports.keys() >= NOT_FOR_MUTATIONS
