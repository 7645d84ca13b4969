"""Sessions: a statement is planned once, by an index however few rows there are; a refused session is an outage."""

import re
from urllib.parse import urlsplit

import asyncpg
import pytest

from models.audit import event_search, events
from models.consent import decision_statements, ledger, stored_choices
from models.delivery import review
from models.erasure import steps
from models.requests import requests, searching
from models.storage.connection_budget import ConnectionBudget
from models.storage.database import Database, unavailable_for
from models.storage.outages import describe
from models.storage.pool import Pool, SessionRefused
from models.storage.statement import Statement
from models.subjects import resolution, subjects
from models.sync import accounts
from tests.conftest import Databases, World
from tests.models.unit_of_work import decision, registered

pytestmark = pytest.mark.anyio
LISTS = {
    "subjects": subjects.PAGE,
    "consentHistory": ledger.HISTORY,
    "accessEvents of a subject": events.OF_SUBJECTS,
    **{
        f"accessEvents by {', '.join(by)}": statement
        for by, statement in event_search.FIND_EVENTS.items()
        if "after" in by and "since" not in by
    },
    "rightsRequests": searching.NEWEST,
    "rightsRequests in a state": searching.NEWEST_IN_STATE,
    "rightsRequests by deadline": searching.DUE,
    "rightsRequests in an open state by deadline": searching.DUE_IN_OPEN_STATE,
    "erasureSteps": steps.OF_SYSTEM,
    "erasureSteps in a state": steps.OF_SYSTEM_IN_STATE,
    "files": accounts.FILES_OF_ACCOUNTS,
}
NAMED = {
    "people by id": subjects.BY_IDS,
    "people by address": resolution.BY_ADDRESSES,
    "current choices": stored_choices.PURPOSES_AND_PEOPLE,
    "requests by id": requests.BY_IDS,
    "requests of people": requests.OF_SUBJECTS,
    "steps of requests": steps.OF_REQUESTS,
    "events of grants": events.OF_GRANTS,
    **{f"letters that are {look}": statement for look, statement in review.BY_FILTER.items()},
    "sync accounts": accounts.OF_SUBJECTS,
    "sync clients": accounts.CLIENTS_OF_ACCOUNTS,
}


FORGET_RELATIONS = """
SELECT pg_clear_relation_stats('public', relname::text)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace
AND relkind IN ('r', 'p', 'i')
"""
"""Autovacuum, which runs at any time, counts what other tests left in the tables."""
FORGET_COLUMNS = """
SELECT pg_clear_attribute_stats('public', tablename::text, attname::text, inherited)
FROM pg_stats
WHERE schemaname = 'public'
"""


async def planned(world: World, statement: Statement) -> str:
    """Return the generic plan of a statement in a reading session, on tables that were never vacuumed or analysed."""
    async with world.database.transaction() as connection:
        await connection.execute(FORGET_RELATIONS)
        await connection.execute(FORGET_COLUMNS)
    count = len(set(re.findall(r"\$\d+", statement.sql)))
    async with world.database.readers.acquire() as connection:
        await connection.execute(f"PREPARE asked AS {statement.sql}")
        try:
            rows = await connection.fetch(f"EXPLAIN EXECUTE asked ({', '.join(['NULL'] * count)})")
        finally:
            await connection.execute("DEALLOCATE asked")
    return "\n".join(row[0] for row in rows)


async def test_a_question_is_planned_once_on_a_connection(world: World) -> None:
    who = await registered(world)
    for _ in range(10):
        await decision(world, who)
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1",
            decision_statements.DECIDE_BY_ID.sql,
        )
    assert [*map(tuple, rows)] == [(10, 0)]


@pytest.mark.parametrize("name", LISTS)
async def test_a_page_begins_at_its_place_in_an_index(world: World, name: str) -> None:
    """Each page is read by an index; with OFFSET the hundredth page would cost a hundred times the first."""
    plan = await planned(world, LISTS[name])
    assert "Seq Scan" not in plan
    place = r"Index Cond: \(.*(ROW\(|(id >|effective_at <=) COALESCE)"
    assert re.search(place, plan), plan
    # A plan for any values cannot drop a condition. Only requests, of which there are few, are filtered row by row.
    assert name.startswith("rightsRequests") or "IS NULL" not in plan


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("rightsRequests in a state", "rights_requests_by_state"),
        ("erasureSteps in a state", "erasure_steps_of_system"),
    ],
)
async def test_a_list_of_one_state_is_read_from_its_index(world: World, name: str, index: str) -> None:
    plan = await planned(world, LISTS[name])
    assert f"using {index} on" in plan
    assert re.search(r"Index Cond: \(.*state.*ROW\(|Index Cond: \(.*ROW\(state", plan), plan


@pytest.mark.parametrize("name", NAMED)
async def test_what_is_named_is_found_by_an_index_though_its_table_is_empty(world: World, name: str) -> None:
    """A table may be filled long before PostgreSQL analyses it: until then it goes by the plan that it has."""
    plan = await planned(world, NAMED[name])
    assert "Seq Scan" not in plan.replace("Seq Scan on purposes", ""), "all purposes are read, no other table whole"


async def test_no_statement_is_compiled(world: World) -> None:
    """Without sequential scans the estimated costs are high, so that PostgreSQL would compile at each execution."""
    pools = [world.database.readers, world.database.writers, world.database.keyring]
    for pool in [*pools, *world.database.role_readers.values(), *world.database.role_keyrings.values()]:
        assert await pool.fetchval("SELECT current_setting('jit')") == "off"


async def test_a_url_may_name_several_hosts_of_which_one_is_the_primary(databases: Databases) -> None:
    url = databases.keyring_url.replace("host=", "host=/nonexistent,").replace("port=5432", "port=5432,5432")
    several = f"{url}&target_session_attrs=primary"
    database = await Database.open(databases.url, several, readers=1, writers=1, timeout=10)
    try:
        assert await database.keyring.fetchval("SELECT pg_is_in_recovery()") is False
    finally:
        await database.close()


LOCK_OUT = """
CREATE ROLE locked_out LOGIN;
REVOKE CONNECT ON DATABASE {0} FROM PUBLIC;
"""
LET_IN = """
GRANT CONNECT ON DATABASE {0} TO PUBLIC;
DROP ROLE locked_out;
"""


@pytest.mark.parametrize(
    ("login", "role", "sqlstate"),
    [("locked_out", None, "42501"), ("privacy", "privacy_missing", "22023"), ("locked_out", "privacy_store", "42501")],
)
async def test_a_session_that_postgresql_refuses_is_an_outage_with_its_reason(
    clean: Databases, login: str, role: str | None, sqlstate: str
) -> None:
    name = urlsplit(clean.url).path.lstrip("/")
    owner = await asyncpg.connect(clean.url)
    url = clean.url.replace("//privacy@", f"//{login}@")
    pool = Pool(url, target="test", timeout=5, budget=ConnectionBudget(1), read_only=True, role=role)
    try:
        await owner.execute(LOCK_OUT.format(name))
        with pytest.raises(SessionRefused) as caught:
            async with pool, pool.acquire():
                pass
        assert unavailable_for(caught.value)
        assert describe(caught.value).endswith(f"(SQLSTATE {sqlstate})")
    finally:
        await owner.execute(LET_IN.format(name))
        await owner.close()
