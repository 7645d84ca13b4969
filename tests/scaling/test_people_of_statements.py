"""Each table, key, foreign key and statement names its person, or is listed with the reason and what a move needs."""

import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sqlglot import exp

from api.access.write_grants import statements_for_mutations
from migrations import HISTORIES
from models.storage.columns import ErasureAction
from models.storage.statement import Statement
from tests.conftest import Databases
from tests.scaling.exceptions import (
    JOINED_BY_HASH,
    KEYS,
    LOCKS,
    LOOK_UP_TABLES,
    SHARDED_BY_HASH,
    STATEMENTS,
    TABLES,
    Reason,
)
from tests.scaling.sql_walk import StatementWalk

TABLES_OF_PEOPLE = {
    table.name: "id" if table.name == "subjects" else "subject_id"
    for table in HISTORIES["privacy"].tables.values()
    if table.name not in TABLES
}
COLUMNS = {table.name: list(table.columns.keys()) for tables in HISTORIES.values() for table in tables.tables.values()}
LOCKING = re.compile(r"\badvisory|pg_\w*advisory\w*|\bLOCK TABLE\b|\bnextval\b", re.IGNORECASE)


def statements() -> Iterator[tuple[str, Statement]]:
    """Yield the statements of reads and mutations, each under the name of the module that defines it."""
    seen: set[int] = set()
    for name, statement in statements_for_mutations():
        is_imported = id(statement) in seen
        seen.add(id(statement))
        if not is_imported:
            yield name, statement


@pytest.fixture(scope="module")
def walks() -> dict[str, StatementWalk]:
    walked = {name: StatementWalk(statement.sql, COLUMNS) for name, statement in statements() if name not in LOCKS}
    return {name: walk for name, walk in walked.items() if not isinstance(walk.root, exp.Command | exp.Set)}


def test_the_walk_sees_every_table_of_every_statement(walks: dict[str, StatementWalk]) -> None:
    for name, walk in walks.items():
        mentioned = sorted(table.name for table in walk.root.find_all(exp.Table) if table.name in TABLES_OF_PEOPLE)
        assert sorted(each.table for each in walk.references if each.table in TABLES_OF_PEOPLE) == mentioned, name


def test_each_table_has_the_person_in_its_primary_key_or_is_listed_with_the_reason() -> None:
    assert TABLES.keys() <= COLUMNS.keys(), "these tables are gone"
    lacking = {
        table.name
        for table in HISTORIES["privacy"].tables.values()
        if table.name in TABLES_OF_PEOPLE and TABLES_OF_PEOPLE[table.name] not in table.primary_key.columns
    }
    assert lacking == set()
    assert SHARDED_BY_HASH.keys() <= TABLES_OF_PEOPLE.keys()


def test_a_table_is_listed_as_one_without_people_only_if_none_of_its_columns_is_about_a_person() -> None:
    """Each column states what an erasure does to it where it is declared."""
    without_people = {Reason.REFERENCE, Reason.CONFIGURATION, Reason.CHANGE_FEED}
    for table in HISTORIES["privacy"].tables.values():
        if TABLES.get(table.name) in without_people:
            actions = {column.name: column.info["erasure_action"] for column in table.columns}
            assert set(actions.values()) == {ErasureAction.IMPERSONAL}, (table.name, actions)
            assert not {key.referred_table.name for key in table.foreign_key_constraints} & TABLES_OF_PEOPLE.keys()
    of_hashes = {name for name, reason in TABLES.items() if reason is Reason.HASH}
    assert of_hashes == LOOK_UP_TABLES.keys()
    for name, column in LOOK_UP_TABLES.items():
        assert column in HISTORIES["privacy"].tables[name].primary_key.columns


@pytest.mark.anyio
async def test_each_unique_key_has_the_person_or_is_listed_with_the_reason(databases: Databases) -> None:
    """The database is asked, as some keys are made by migrations alone."""
    connection = await asyncpg.connect(databases.url)
    rows = await connection.fetch(
        """
        SELECT t.relname AS table_name, c.relname AS name,
            ARRAY(SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = i.indexrelid ORDER BY a.attnum) AS columns
        FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        JOIN pg_class AS t ON t.oid = i.indrelid
        WHERE i.indisunique AND t.relname = ANY($1)
        """,
        [*TABLES_OF_PEOPLE, *LOOK_UP_TABLES],
    )
    sequences = await connection.fetch("SELECT sequencename FROM pg_sequences")
    await connection.close()
    columns = TABLES_OF_PEOPLE | SHARDED_BY_HASH | LOOK_UP_TABLES
    assert {row["name"] for row in rows if columns[row["table_name"]] not in row["columns"]} == KEYS.keys()
    assert sequences == [], "a sequence is one counter for all shards"


def test_each_foreign_key_between_tables_of_people_has_the_person() -> None:
    keys = [
        key
        for table in HISTORIES["privacy"].tables.values()
        for key in table.foreign_key_constraints
        if key.referred_table.name in TABLES_OF_PEOPLE
    ]
    assert len(keys) > 18
    for key in keys:
        own, referred = TABLES_OF_PEOPLE[key.table.name], TABLES_OF_PEOPLE[key.referred_table.name]
        assert (own, referred) in {(e.parent.name, e.column.name) for e in key.elements}, key.name


def test_each_statement_names_the_person_of_each_table_or_is_listed_with_the_reason(
    walks: dict[str, StatementWalk],
) -> None:
    about_people = [walk for walk in walks.values() if any(each.table in TABLES_OF_PEOPLE for each in walk.references)]
    assert len(about_people) > 150
    unbound = {name: [each.table for each in walk.unbound(TABLES_OF_PEOPLE)] for name, walk in walks.items()}
    assert {name: tables for name, tables in unbound.items() if tables and name not in STATEMENTS} == {}
    assert {name for name in STATEMENTS if not unbound.get(name)} == set(), "these name their people now"


def test_tables_of_people_are_joined_on_the_person(walks: dict[str, StatementWalk]) -> None:
    several = {name for name, walk in walks.items() if len(walk.people(TABLES_OF_PEOPLE)) > 1}
    assert several == JOINED_BY_HASH


def test_each_lock_of_more_than_rows_is_listed_with_the_reason() -> None:
    locking = {name for name, statement in statements() if LOCKING.search(statement.sql)}
    assert locking == LOCKS.keys()


@pytest.mark.parametrize(
    ("sql", "unbound"),
    [
        ("SELECT FROM letters WHERE id = $1", ["letters"]),
        ("SELECT FROM letters WHERE subject_id = $1 OR id = $2", ["letters"]),
        ("SELECT FROM exports AS e JOIN letters AS l ON l.id = e.archive_id WHERE e.subject_id = $1", ["letters"]),
        ("SELECT FROM exports AS e JOIN letters AS l USING (subject_id) WHERE e.subject_id = ANY($1)", []),
        (
            "SELECT FROM subjects AS s WHERE EXISTS (SELECT FROM letters AS l WHERE l.subject_id = s.id)",
            ["subjects", "letters"],
        ),
        (
            "DELETE FROM letters WHERE subject_id IN (SELECT subject_id FROM exports WHERE request_id = $1)",
            ["letters", "exports"],
        ),
        ("WITH own AS (SELECT $1 AS id) UPDATE letters SET state = 'SENT' FROM own WHERE subject_id = own.id", []),
        ("INSERT INTO disclosures (subject_id, id) SELECT s.person, s.id FROM unnest($1, $2) AS s (person, id)", []),
        (
            "INSERT INTO disclosures (subject_id, id) SELECT subject_id, id FROM letters WHERE id = $1",
            ["letters", "disclosures"],
        ),
    ],
)
def test_the_walk_finds_what_is_not_named(sql: str, unbound: list[str]) -> None:
    walk: Any = StatementWalk(sql, COLUMNS)
    assert sorted(each.table for each in walk.unbound(TABLES_OF_PEOPLE)) == sorted(unbound)
