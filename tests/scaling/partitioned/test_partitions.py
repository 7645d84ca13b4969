"""The tables about people are in partitions, rows are spread over them, and every statement can be planned on them."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

import asyncpg
import pytest

import models
from migrations import HISTORIES
from models.storage.statement import Statement
from tests.conftest import Api, Databases
from tests.people import known
from tests.scaling.exceptions import LOOK_UP_TABLES, SHARDED_BY_HASH, TABLES
from tests.scaling.partitioning import PARTITIONS

PEOPLE = 24
KEYRING = re.compile(rf"\b({'|'.join(HISTORIES['keyring'].tables)})\b")
PLANNABLE = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


def statements() -> Iterator[tuple[str, Statement]]:
    """Yield all statements on the first database, those of workers and commands, too."""
    for module in pkgutil.walk_packages(models.__path__, "models."):
        for name, statement in vars(import_module(module.name)).items():
            if isinstance(statement, Statement) and not KEYRING.search(statement.sql):
                yield f"{module.name}.{name}", statement


@pytest.mark.anyio
async def test_every_statement_can_be_planned_on_partitions(databases: Databases) -> None:
    """PostgreSQL refuses a conflict or a lock there that no key of a partitioned table answers."""
    connection = await asyncpg.connect(databases.url)
    refused = {}
    planned = {statement.sql: name for name, statement in statements() if statement.sql.lstrip().startswith(PLANNABLE)}
    for sql, name in planned.items():
        try:
            await connection.execute(f"EXPLAIN (GENERIC_PLAN) {sql}")
        except asyncpg.PostgresError as error:
            refused[name] = str(error)
    await connection.close()
    assert refused == {}
    assert len(planned) > 300


@pytest.mark.anyio
async def test_the_people_are_spread_over_the_partitions(api: Api, databases: Databases) -> None:
    for number in range(PEOPLE):
        known(api, f"user{number}@example.com")
    connection = await asyncpg.connect(databases.url)
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'p' AND relname <> 'access_events'")
    tables = {row[0] for row in rows}
    used = {
        table: await connection.fetchval(f"SELECT count(DISTINCT tableoid) FROM {table}")
        for table in ("subjects", "consent_events", "email_addresses", "sync_accounts", "payment_fragments")
    }
    await connection.close()
    assert tables == {name for name in HISTORIES["privacy"].tables if name not in TABLES} | LOOK_UP_TABLES.keys()
    assert SHARDED_BY_HASH.keys() < tables
    assert all(PARTITIONS // 4 < count <= PARTITIONS for count in used.values()), used
