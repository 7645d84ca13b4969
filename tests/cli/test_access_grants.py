"""``privacy grants`` prints the columns of each role, compares them with a database, and lists access grants."""

import asyncio
import re
from pathlib import Path
from typing import Any

import asyncpg

from cli import database_roles
from models.access.database_roles import INTERNAL_WRITER, WRITERS
from tests.cli.commands import Ran, privacy
from tests.conftest import Api, Databases
from tests.people import known

OPEN = "mutation($who: ID!) { openAccessGrant(subject: $who, minutes: 15) { id } }"
APPROVE = "mutation($id: ID!) { approveAccessGrant(id: $id) { state } }"
FILES = "query($id: ID!) { subject(by: {id: $id}) { syncAccounts { files { edges { node { name } } } } } }"


def ran(databases: Databases, at: Path, *arguments: str) -> Ran:
    return asyncio.run(privacy("grants", *arguments, on=databases, at=at))


def changed(databases: Databases, sql: str) -> None:
    async def change() -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(change())


def rows(table: str) -> dict[str, list[str]]:
    """Take a printed table apart: the cells of each line by its first one."""
    lines = [[cell.strip() for cell in line.replace("┃", "│").split("│")] for line in table.splitlines()]
    return {cells[1]: cells[2:-1] for cells in lines if len(cells) > 2 and cells[1]}


def test_the_matrix_of_columns_is_printed(clean: Databases, tmp_path: Path) -> None:
    shown = rows(ran(clean, tmp_path, "show").out)
    order = shown["column"]
    readers = {
        column: {role for role, cell in zip(order, cells, strict=True) if cell} for column, cells in shown.items()
    }
    assert readers["sync_files.name"] == {"support", "privacy"}
    assert readers["payment_fragments.last_digits"] == {"store", "billing"}
    assert readers["email_addresses.address"] == {"support", "billing", "privacy"}
    assert "analyst" not in readers["subjects.status"]
    assert readers["tokens.secret_sha256"] == set()


def test_the_columns_that_each_group_writes_are_printed(clean: Databases, tmp_path: Path) -> None:
    shown = rows(ran(clean, tmp_path, "show", "--writes").out)
    order = shown["column"]
    writers = {
        column: {group: cell for group, cell in zip(order, cells, strict=True) if cell}
        for column, cells in shown.items()
    }
    assert order == [role.removeprefix("privacy_").removesuffix("_writer") for role in (*WRITERS, INTERNAL_WRITER)]
    assert writers["tokens.revoked_at"] == {"access": "U", "disclosures": "U"}
    assert writers["tokens.secret_sha256"] == {"access": "I"}
    assert writers["subjects.choices"] == {"consent": "U", "registration": "U"}
    assert writers["payment_fragments"] == {"payments": "D"}


def test_a_live_database_is_compared_with_the_matrix(clean: Databases, tmp_path: Path) -> None:
    whole = ran(clean, tmp_path, "check")
    assert (whole.code, whole.out) == (0, "the privileges of all roles match the access policy\n")
    changed(clean, "GRANT SELECT (name) ON sync_files TO privacy_billing")
    try:
        more = ran(clean, tmp_path, "check")
    finally:
        asyncio.run(database_roles.apply("privacy", clean.url))
    assert (more.code, more.out) == (1, "privacy_billing may SELECT sync_files.name, and must not\n")
    assert ran(clean, tmp_path, "check").code == 0


def test_grants_are_reviewed_with_what_was_read_under_them(api: Api, clean: Databases, tmp_path: Path) -> None:
    person = known(api)
    grant: Any = api.ask("SUPPORT", OPEN, who=person.id).data["openAccessGrant"]["id"]
    assert ran(clean, tmp_path, "review").out.startswith(f"{grant} WAITING, on {person.id}\n")
    api.ask("PRIVACY", APPROVE, id=grant)
    assert api.ask("SUPPORT", FILES, id=person.id).data
    output = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "WHEN", ran(clean, tmp_path, "review").out)
    assert output.splitlines() == [
        f"{grant} OPEN, on {person.id}",
        "  asked by support of the tests for case/1, 15 minutes, WHEN",
        "  decided by privacy of the tests, WHEN",
        "  WHEN support of the tests: openAccessGrant",
        "  WHEN privacy of the tests: approveAccessGrant",
        "  WHEN support of the tests: SyncAccount.files",
    ]
