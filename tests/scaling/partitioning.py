"""The tables about people, and those of hashes, rewritten as tables in partitions, as a sharded engine spreads them.

A partitioned table refuses a primary or unique key that lacks the column it is partitioned by. The rewriting shows
therefore what a move needs. It applies to a migrated database without people.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import asyncpg

from tests.scaling.exceptions import KEYS, LOOK_UP_TABLES, SHARDED_BY_HASH

PARTITIONS: Final = 16
PERSON: Final = "subject_id"
HASHED: Final = SHARDED_BY_HASH | LOOK_UP_TABLES

SPREAD_TABLES: Final = """
SELECT c.oid::regclass::text AS name, c.reloptions AS options
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
AND c.relkind = 'r'
AND NOT c.relispartition
AND (c.relname = 'subjects' OR c.relname = ANY($1) OR EXISTS (
    SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'subject_id' AND NOT a.attisdropped
))
ORDER BY c.relname
"""
FOREIGN_KEYS: Final = """
SELECT conrelid::regclass::text AS table_name, conname AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype = 'f'
AND (conrelid::regclass::text = ANY($1) OR confrelid::regclass::text = ANY($1))
ORDER BY conname
"""
UNIQUE_CONSTRAINTS: Final = """
SELECT conrelid::regclass::text AS table_name, conname AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype IN ('p', 'u')
AND conrelid::regclass::text = ANY($1)
ORDER BY contype, conname
"""
INDEXES: Final = """
SELECT i.indrelid::regclass::text AS table_name, c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid::regclass::text = ANY($1)
AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
ORDER BY c.relname
"""
TRIGGERS: Final = """
SELECT tgrelid::regclass::text AS table_name, tgname AS name, pg_get_triggerdef(oid) AS definition
FROM pg_trigger
WHERE NOT tgisinternal
AND tgrelid::regclass::text = ANY($1)
ORDER BY tgname
"""
FUNCTIONS: Final = """
SELECT p.proname AS table_name, p.proname AS name, pg_get_functiondef(p.oid) AS definition
FROM pg_proc AS p
WHERE p.pronamespace = 'public'::regnamespace
AND EXISTS (
    SELECT FROM pg_depend AS d
    WHERE d.classid = 'pg_proc'::regclass
    AND d.objid = p.oid
    AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid::regclass::text = ANY($1)
)
ORDER BY p.proname
"""


class Catalog(NamedTuple):
    """What the rewriting keeps of the tables: their storage options, keys, indexes, triggers and functions on them."""

    options: dict[str, list[str]]
    foreign_keys: list[asyncpg.Record]
    unique_constraints: list[asyncpg.Record]
    indexes: list[asyncpg.Record]
    triggers: list[asyncpg.Record]
    functions: list[asyncpg.Record]

    @classmethod
    async def read(cls, connection: asyncpg.Connection) -> "Catalog":
        rows = await connection.fetch(SPREAD_TABLES, list(HASHED))
        tables = [row["name"] for row in rows]
        definitions = [
            await connection.fetch(query, tables)
            for query in (FOREIGN_KEYS, UNIQUE_CONSTRAINTS, INDEXES, TRIGGERS, FUNCTIONS)
        ]
        return cls({row["name"]: row["options"] or [] for row in rows}, *definitions)


def shard_column(table: str) -> str:
    """Return the column by which a table is spread."""
    if table in HASHED:
        return HASHED[table]
    return "id" if table == "subjects" else PERSON


async def partition(url: str) -> None:
    """Rewrite every table about a person, and every one of hashes, of a migrated database without people."""
    connection = await asyncpg.connect(url)
    try:
        catalog = await Catalog.read(connection)
        async with connection.transaction():
            for statement in statements(catalog):
                await connection.execute(statement)
        after = await Catalog.read(connection)
        assert after.options == {}, "a table about a person or of hashes is not in partitions"
    finally:
        await connection.close()


def statements(catalog: Catalog) -> Iterator[str]:
    """Yield the statements of the rewriting. Foreign keys and triggers come last, when all tables are there."""
    for table, options in catalog.options.items():
        yield f"""
            CREATE TABLE {table}_partitioned (
                LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE
            ) PARTITION BY HASH ({shard_column(table)})
        """
        yield f"DROP TABLE {table} CASCADE"
        yield f"ALTER TABLE {table}_partitioned RENAME TO {table}"
        storage = f" WITH ({', '.join(options)})" if options else ""
        for number in range(PARTITIONS):
            yield (
                f"CREATE TABLE {table}_part_{number} PARTITION OF {table} "
                f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number}){storage}"
            )
    for row in catalog.unique_constraints:
        yield _unique_constraint(row)
    for row in catalog.indexes:
        yield _index(row)
    for row in catalog.foreign_keys:
        yield f"ALTER TABLE {row['table_name']} ADD CONSTRAINT {row['name']} {row['definition']}"
    for row in (*catalog.functions, *catalog.triggers):
        yield row["definition"]


def columns_of(definition: str) -> list[str]:
    """Return the columns of a key, from its definition."""
    match = re.search(r"\(([^)]*)\)", definition)
    assert match, definition
    return [name.strip() for name in match[1].split(",")]


def _unique_constraint(row: asyncpg.Record) -> str:
    table, name, definition = row
    columns = columns_of(definition)
    column = shard_column(table)
    if column in columns:
        return f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
    if definition.startswith("PRIMARY KEY"):
        assert table in SHARDED_BY_HASH, f"the primary key of {table} lacks {column}"
        return f"ALTER TABLE {table} ADD CONSTRAINT {name} PRIMARY KEY ({', '.join([*columns, column])})"
    assert name in KEYS, f"the key {name} of {table} lacks {column}"
    return f"CREATE INDEX {name} ON {table} ({', '.join(columns)})"


def _index(row: asyncpg.Record) -> str:
    table, name, definition = row
    plain = re.sub(rf" ON (?:ONLY )?(?:public\.)?{table} ", f" ON {table} ", definition)
    if "UNIQUE INDEX" in definition and shard_column(table) not in columns_of(definition):
        assert name in KEYS, f"the index {name} of {table} lacks {shard_column(table)}"
        return plain.replace("UNIQUE INDEX", "INDEX")
    return plain
