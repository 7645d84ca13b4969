"""Tests of consentDecision and consentDecisions, and of their counts by minute, actor, purpose and reason."""

import asyncio

import asyncpg
import pytest

from tests.conftest import Api, Databases, Running, settings_for
from tests.people import DECIDE, GRANT, known

MANY = 'query($ids: [ID!]!) { consentDecisions(subjects: {ids: $ids}, purpose: "newsletter") { reason } }'
ISSUE = "mutation($name: String!, $roles: [Role!]!) { issueToken(name: $name, roles: $roles) { secret } }"
COUNTS = """
SELECT actor, purpose, reason, CAST(sum(count) AS integer)
FROM consent_question_counts
WHERE minute = date_trunc('minute', minute)
AND actor IN ('a shop', 'a sync server')
GROUP BY actor, purpose, reason
"""


def test_the_store_asks_for_a_decision(api: Api) -> None:
    person = api.register("user@example.com")
    query = 'query($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed reason } }'
    assert api.ask("STORE", query, who={"id": person}).data == {
        "consentDecision": {"allowed": False, "reason": "NEVER_ASKED"}
    }


def test_a_grant_from_before_the_first_policy_is_refused_with_its_argument(api: Api) -> None:
    who = {"id": api.register("user@example.com")}
    for at in ("1800-01-01T00:00:00Z", "2015-06-01T12:00:00+02:00"):
        answer = api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE", at=at)
        assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "at")
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE", at="2019-01-01T00:00:00Z").data


def test_decisions_are_counted_and_the_counts_written_when_the_service_stops(api: Api, databases: Databases) -> None:
    person = known(api)
    stranger = api.register("stranger@example.com")
    # The actors are new, because another service may still write the counts of earlier actors.
    secrets = {
        role: api.ask("ADMIN", ISSUE, name=name, roles=[role]).data["issueToken"]["secret"]
        for role, name in (("STORE", "a shop"), ("SYNC", "a sync server"))
    }

    async def read_counts() -> set[tuple[str, str, str, int]]:
        connection = await asyncpg.connect(databases.url)
        rows = await connection.fetch(COUNTS)
        await connection.close()
        return {(row[0], row[1], row[2], row[3]) for row in rows}

    with Running(settings_for(databases)) as url:
        service = Api(url, secrets)
        for role in ("STORE", "STORE", "SYNC"):
            service.ask(role, DECIDE, who={"id": person.id}, purpose="newsletter")
        service.ask("STORE", DECIDE, who={"email": "nobody@example.com"}, purpose="publication")
        service.ask("STORE", MANY, ids=[person.id, stranger, person.id])
        service.client.close()
    assert asyncio.run(read_counts()) == {
        ("a shop", "newsletter", "GRANTED", 4),
        ("a shop", "newsletter", "NEVER_ASKED", 1),
        ("a shop", "publication", "UNKNOWN_SUBJECT", 1),
        ("a sync server", "newsletter", "GRANTED", 1),
    }


WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'tokens'::regclass AND NOT granted"


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["timed out", "cancelled"])
def test_counts_that_cannot_be_written_are_written_later(api: Api, databases: Databases, *, is_cancelled: bool) -> None:
    running = Running(settings_for(databases, statement_timeout=2))

    async def settle_while_tokens_are_locked() -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute("UPDATE tokens SET last_used_at = NULL")
        async with connection.transaction():
            await connection.execute("LOCK TABLE tokens IN SHARE ROW EXCLUSIVE MODE")
            writing = running.settling()
            if is_cancelled:
                other = await asyncpg.connect(databases.url)
                while not await other.fetchval(WAITING):  # noqa: ASYNC110 -- no event marks a lock
                    await asyncio.sleep(0.01)
                await other.close()
                writing.cancel()
            else:
                await asyncio.wrap_future(writing)
        await connection.close()

    async def written() -> set[str]:
        connection = await asyncpg.connect(databases.url)
        rows = await connection.fetch(
            "SELECT name FROM tokens WHERE last_used_at IS NOT NULL "
            "UNION ALL SELECT actor || ' asked ' || count FROM consent_question_counts"
        )
        await connection.close()
        return {row["name"] for row in rows}

    with running as url:
        service = Api(url, api.secrets)
        assert service.ask("STORE", DECIDE, who={"email": "nobody@example.com"}, purpose="newsletter").data
        asyncio.run(settle_while_tokens_are_locked())
        assert asyncio.run(written()) == set()
        running.settle()
        assert asyncio.run(written()) == {"store of the tests", "store of the tests asked 1"}
        service.client.close()
