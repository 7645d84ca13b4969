"""Many who look at the same moment are each shown whom they asked for, and each look is on the record as their own."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from api.access import authentication
from api.graphql.execution import batching
from resolvers.context import AppState
from tests.conftest import Api, Databases
from tests.people import known

PAGE = (
    "query Page($email: String!) { subject(by: {email: $email}) { id displayName country emails { address } "
    "consents { purpose { key } state } syncAccounts { reference clients { userAgent } } } }"
)
FIELDS = {
    *("Subject.displayName", "Subject.country", "Subject.emails", "EmailAddress.address", "Subject.consents"),
    *("Consent.purpose", "Consent.state", "Subject.syncAccounts", "SyncAccount.reference", "SyncAccount.clients"),
    "SyncClient.userAgent",
}
STATUS = "query Status($by: SubjectBy!) { subject(by: $by) { id displayName consents { state } } }"
PEOPLE = 12
EVENTS = "SELECT subject_id, case_reference, actor, fields FROM access_events WHERE action = 'READ'"


async def asked_at_once(
    api: Api, clean: Databases, asked: list[tuple[str, str, str]], first: str = ""
) -> list[dict[str, Any]]:
    """Ask all of this while nobody can be found, so that all who ask are answered in one turn; do something ``first``.

    It has been asked once before that.
    """
    limits = httpx.Limits(max_connections=len(asked), max_keepalive_connections=len(asked))
    async with httpx.AsyncClient(base_url=api.url, timeout=30, limits=limits) as client:

        async def ask(role: str, case: str, email: str) -> dict[str, Any]:
            headers = {"authorization": f"Bearer {api.secrets[role]}", "x-case": case}
            body = {"query": PAGE, "variables": {"email": email}}
            return dict((await client.post("/graphql", json=body, headers=headers)).json())

        await asyncio.gather(*(ask(*each) for each in asked))  # all heads, tokens and documents are known from here on
        await execute(clean.url, f"TRUNCATE access_events; {first}")
        async with holding(clean, "subjects, email_addresses"):
            waiting = [asyncio.create_task(ask(*each)) for each in asked]
            await asyncio.sleep(1)
        return await asyncio.gather(*waiting)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give how many requests were in each convoy, in the end."""
    sizes: list[int] = []

    class Counted(batching._Convoy):
        def __init__(self, service: AppState, errands: Sequence[Any], ended: Callable[[], None]) -> None:
            sizes.append(len(errands))
            super().__init__(service, errands, ended)

    monkeypatch.setattr(batching, "_Convoy", Counted)
    return sizes


def test_each_is_shown_whom_they_asked_for_and_each_look_is_recorded(
    api: Api, clean: Databases, sizes: list[int]
) -> None:
    people = {f"user{n}@example.com": known(api, f"user{n}@example.com").id for n in range(PEOPLE)}
    emails = [*people, "nobody@example.com", *people, *people]
    asked = [("SUPPORT" if n % 3 else "PRIVACY", f"case/{n % 5}", email) for n, email in enumerate(emails)]
    answers = asyncio.run(asked_at_once(api, clean, asked))
    assert max(sizes) > len(emails) // 4
    for (_, _, email), answer in zip(asked, answers, strict=True):
        assert "errors" not in answer
        shown = answer["data"]["subject"]
        if email in people:
            assert shown["id"] == people[email]
            assert [each["address"] for each in shown["emails"]] == [email]
            assert [each["state"] for each in shown["consents"]] == ["GRANTED"]
            assert shown["syncAccounts"][0]["clients"] == [{"userAgent": "Outliner/5.1 (Macintosh)"}]
        else:
            assert shown is None
    recorded = asyncio.run(read(clean))
    looks = Counter(
        (f"sub_{row['subject_id'].hex}", row["case_reference"], row["actor"].split()[0]) for row in recorded
    )
    expected = Counter((people[email], case, role.lower()) for role, case, email in asked if email in people)
    assert looks == expected
    assert {frozenset(row["fields"]) for row in recorded} == {frozenset(FIELDS & {*recorded[0]["fields"]})}
    assert FIELDS >= {*recorded[0]["fields"]} > {"Subject.displayName", "Subject.emails"}


def test_one_whose_row_is_there_waits_for_those_whose_rows_are_yet_to_come(
    api: Api, clean: Databases, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    expect = batching.Convoys.expect

    def counted(self: batching.Convoys, level: Any, count: int = 1) -> None:
        counts.append(count)
        expect(self, level, count)

    monkeypatch.setattr(batching, "PATIENCE", 3600)
    monkeypatch.setattr(batching.Convoys, "expect", counted)
    monkeypatch.setattr(authentication, "CACHE_SECONDS", 60)
    people = {f"user{n}@example.com": known(api, f"user{n}@example.com").id for n in range(PEOPLE)}
    [*others, last] = people
    headers = {"authorization": f"Bearer {api.secrets['SUPPORT']}", "x-case": "case/1"}

    async def asked() -> list[str]:
        async with httpx.AsyncClient(base_url=api.url, timeout=30, headers=headers) as client:

            async def ask(by: dict[str, str]) -> str:
                body = {"query": STATUS, "variables": {"by": by}}
                return str((await client.post("/graphql", json=body)).json()["data"]["subject"]["id"])

            every = [*({"email": email} for email in others), {"id": people[last]}]
            for _ in range(2):  # all heads, the token and the document are known; then, that its rows lead to more
                await asyncio.gather(*map(ask, every))
            sizes.clear()
            async with holding(clean, "email_addresses"):
                waiting = [asyncio.create_task(ask(by)) for by in every[:-1]]
                await asyncio.sleep(0.5)
                waiting.append(asyncio.create_task(ask(every[-1])))
                await asyncio.sleep(0.5)
                assert not any(task.done() for task in waiting)
            answers = await asyncio.gather(*waiting)
        async with asyncio.timeout(10):
            while sum(counts):  # noqa: ASYNC110 -- the last answer leaves a moment before it is counted off
                await asyncio.sleep(0.01)
        return answers

    assert asyncio.run(asked()) == [*people.values()]
    assert sizes


def test_one_whose_key_is_gone_spoils_nobody_elses_answer(api: Api, clean: Databases) -> None:
    people = {f"user{n}@example.com": known(api, f"user{n}@example.com").id for n in range(PEOPLE)}
    gone = "user7@example.com"
    key = people[gone].removeprefix("sub_")
    asyncio.run(execute(clean.keyring_url, "DELETE FROM subject_keys WHERE subject_id = $1", key))
    answers = asyncio.run(asked_at_once(api, clean, [("SUPPORT", "case/1", email) for email in people]))
    for email, answer in zip(people, answers, strict=True):
        if email == gone:
            assert "errors" in answer
            assert "Ada" not in json.dumps(answer)
        else:
            assert answer["data"]["subject"]["id"] == people[email]
            assert answer["data"]["subject"]["displayName"] == "Ada Example"
            assert "errors" not in answer
    # What had been taken down for all of them, before each was answered alone, is not taken down again.
    looks = Counter(f"sub_{row['subject_id'].hex}" for row in asyncio.run(read(clean)))
    assert looks == Counter(people.values())


def test_none_of_them_is_shown_what_cannot_be_recorded(api: Api, clean: Databases) -> None:
    emails = [f"user{n}@example.com" for n in range(PEOPLE)]
    for email in emails:
        known(api, email)
    asked = [("SUPPORT", f"case/{n % 2}", email) for n, email in enumerate(emails)]
    try:
        spoilt = "ALTER TABLE access_events ADD CONSTRAINT nothing_is_written CHECK (false) NOT VALID"
        answers = asyncio.run(asked_at_once(api, clean, asked, spoilt))
    finally:
        asyncio.run(execute(clean.url, "ALTER TABLE access_events DROP CONSTRAINT nothing_is_written"))
    assert [answer["errors"][0]["extensions"]["code"] for answer in answers] == ["UNAVAILABLE"] * PEOPLE
    assert not any(answer.get("data") for answer in answers)
    assert asyncio.run(read(clean)) == []


def test_those_who_hang_up_are_let_go_and_the_others_answered(api: Api, clean: Databases) -> None:
    people = {f"user{n}@example.com": known(api, f"user{n}@example.com").id for n in range(PEOPLE)}
    before = hung_up(api)
    answered = asyncio.run(left_waiting(api, clean, [*people], leaving=PEOPLE // 2))
    assert [answer["data"]["subject"]["id"] for answer in answered] == [*people.values()][PEOPLE // 2 :]
    assert asyncio.run(left_waiting(api, clean, [*people], leaving=PEOPLE)) == []
    assert hung_up(api) == before + PEOPLE // 2 + PEOPLE


def hung_up(api: Api) -> int:
    counted = re.findall(
        r'privacy_operations_total{code="HUNG_UP",role="SUPPORT"} (\d+)', api.client.get("/metrics").text
    )
    return int(counted[0]) if counted else 0


async def left_waiting(api: Api, clean: Databases, emails: list[str], *, leaving: int) -> list[dict[str, Any]]:
    """Ask for all of these while nobody can be shown; the first ones hang up before anybody can."""
    headers = {"authorization": f"Bearer {api.secrets['SUPPORT']}", "x-case": "case/1"}

    async def ask(client: httpx.AsyncClient, email: str) -> dict[str, Any]:
        body = {"query": PAGE, "variables": {"email": email}}
        return dict((await client.post("/graphql", json=body, headers=headers)).json())

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=api.url, timeout=30)) for _ in range(len(emails))
        ]
        for client, email in zip(clients, emails, strict=True):
            await ask(client, email)
        async with holding(clean, "consents"):
            waiting = [asyncio.create_task(ask(*each)) for each in zip(clients, emails, strict=True)]
            await asyncio.sleep(0.5)
            for task in waiting[:leaving]:
                task.cancel()
            await asyncio.sleep(0.3)
        return await asyncio.gather(*waiting[leaving:])


@asynccontextmanager
async def holding(clean: Databases, tables: str) -> AsyncIterator[None]:
    """Let nobody read these tables."""
    holder = await asyncpg.connect(clean.url)
    try:
        async with holder.transaction():
            await holder.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await holder.close()


async def read(clean: Databases) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(clean.url)
    try:
        return list(await connection.fetch(EVENTS))
    finally:
        await connection.close()


async def execute(url: str, sql: str, *values: Any) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql, *values)
    finally:
        await connection.close()
