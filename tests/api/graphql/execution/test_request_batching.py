"""Concurrent requests are each answered with their own subject, and each read is recorded as their own."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest

from api.access import authentication
from api.graphql.execution import batching
from tests.conftest import Api, Databases, Running
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


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so in the service, which runs in another thread."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 -- the service has no event for it
            await asyncio.sleep(0.005)


def waiting_loads(running: Running) -> int:
    """Return how many requests for keys wait in the batch loaders of the service."""
    service = running.app._graphql.service
    return sum(loader.waiting for loader in {service.internal, *service.readers.values()})


def open_exchanges(running: Running) -> int:
    """Return how many requests of connected clients are not answered yet."""
    exchanges = [getattr(connection, "_exchange", None) for connection in [*running.server.server_state.connections]]
    return sum(exchange is not None and not exchange.response_complete for exchange in exchanges)


async def asked_at_once(
    api: Api, running: Running, clean: Databases, requests: list[tuple[str, str, str]], first: str = ""
) -> list[dict[str, Any]]:
    """Send all of these while the table of subjects is locked, and let go of it once all of them wait.

    They are sent once before that; then the SQL in ``first`` is executed.
    """
    limits = httpx2.Limits(max_connections=len(requests), max_keepalive_connections=len(requests))
    async with httpx2.AsyncClient(base_url=api.url, verify=False, timeout=60, limits=limits) as client:

        async def ask(role: str, case: str, email: str) -> dict[str, Any]:
            headers = {"authorization": f"Bearer {api.secrets[role]}", "x-case": case}
            body = {"query": PAGE, "variables": {"email": email}}
            return dict((await client.post("/graphql", json=body, headers=headers)).json())

        await asyncio.gather(*(ask(*each) for each in requests))  # all operations are cached from here on
        await execute(clean.url, f"TRUNCATE access_events; {first}")
        async with holding(clean, "subjects, email_addresses"):
            waiting = [asyncio.create_task(ask(*each)) for each in requests]
            await until(lambda: waiting_loads(running) == len(requests))
        return await asyncio.gather(*waiting)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many requests each batch had, in the end."""
    sizes: list[int] = []

    class CountedBatch(batching._Batch[Any]):
        def __init__(self, before_release: Any, executions: Sequence[Any], on_end: Callable[[], None]) -> None:
            sizes.append(len(executions))
            super().__init__(before_release, executions, on_end)

    monkeypatch.setattr(batching, "_Batch", CountedBatch)
    return sizes


@pytest.fixture(autouse=True)
def tokens_stay_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verify the tokens first, so that no request waits for its token while tables are locked."""
    monkeypatch.setattr(authentication, "CACHE_SECONDS", 600)


def test_each_request_is_answered_with_its_own_subject_and_recorded(
    api: Api, running: Running, clean: Databases, sizes: list[int]
) -> None:
    people = {f"user{n}@example.com": known(api, f"user{n}@example.com").id for n in range(PEOPLE)}
    emails = [*people, "nobody@example.com", *people, *people]
    requests = [("SUPPORT" if n % 3 else "PRIVACY", f"case/{n % 5}", email) for n, email in enumerate(emails)]
    answers = asyncio.run(asked_at_once(api, running, clean, requests))
    assert max(sizes) > len(emails) // 4
    for (_, _, email), answer in zip(requests, answers, strict=True):
        assert "errors" not in answer
        shown = answer["data"]["subject"]
        if email in people:
            assert shown["id"] == people[email]
            assert [each["address"] for each in shown["emails"]] == [email]
            assert [each["state"] for each in shown["consents"]] == ["GRANTED"]
            assert shown["syncAccounts"][0]["clients"] == [{"userAgent": "Outliner/5.1 (Macintosh)"}]
        else:
            assert shown is None
    events = asyncio.run(read(clean))
    recorded = [row for row in events if row["subject_id"]]
    questions = [row for row in events if not row["subject_id"]]
    assert {frozenset(row["fields"]) for row in questions} <= {frozenset({"Query.subject"})}
    looks = Counter(
        (f"sub_{row['subject_id'].hex}", row["case_reference"], row["actor"].split()[0]) for row in recorded
    )
    expected = Counter((people[email], case, role.lower()) for role, case, email in requests if email in people)
    assert looks == expected
    assert {frozenset(row["fields"]) for row in recorded} == {frozenset(FIELDS & {*recorded[0]["fields"]})}
    assert FIELDS >= {*recorded[0]["fields"]} > {"Subject.displayName", "Subject.emails"}


def test_a_request_whose_row_is_there_waits_for_those_whose_rows_are_not(
    api: Api, running: Running, clean: Databases, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    batcher = running.app._graphql.batcher
    monkeypatch.setattr(batcher, "_max_delay", 3600)
    people = {f"user{n}@example.com": known(api, f"user{n}@example.com").id for n in range(PEOPLE)}
    [*others, last] = people
    headers = {"authorization": f"Bearer {api.secrets['SUPPORT']}", "x-case": "case/1"}

    async def batched_names() -> list[str]:
        async with httpx2.AsyncClient(base_url=api.url, verify=False, timeout=30, headers=headers) as client:

            async def ask(by: dict[str, str]) -> str:
                body = {"query": STATUS, "variables": {"by": by}}
                return str((await client.post("/graphql", json=body)).json()["data"]["subject"]["id"])

            every = [*({"email": email} for email in others), {"id": people[last]}]
            for _ in range(2):  # first all operations are cached; then it is known that their rows need further reads
                await asyncio.gather(*map(ask, every))
            sizes.clear()
            async with holding(clean, "email_addresses"):
                waiting = [asyncio.create_task(ask(by)) for by in every[:-1]]
                await until(lambda: waiting_loads(running) == len(others))
                waiting.append(asyncio.create_task(ask(every[-1])))
                await until(lambda: sum(map(len, [*batcher._queued.values()])) == 1)
                assert not any(task.done() for task in waiting)
            answers = await asyncio.gather(*waiting)
        await until(lambda: not batcher._in_flight)
        return answers

    assert asyncio.run(batched_names()) == [*people.values()]
    assert sizes


def test_a_destroyed_key_fails_no_other_request_of_the_batch(api: Api, running: Running, clean: Databases) -> None:
    people = {f"user{n}@example.com": known(api, f"user{n}@example.com").id for n in range(PEOPLE)}
    gone = "user7@example.com"
    key = people[gone].removeprefix("sub_")
    asyncio.run(execute(clean.keyring_url, "DELETE FROM subject_keys WHERE subject_id = $1", key))
    answers = asyncio.run(asked_at_once(api, running, clean, [("SUPPORT", "case/1", email) for email in people]))
    for email, answer in zip(people, answers, strict=True):
        if email == gone:
            assert "errors" in answer
            assert "Ada Example" not in json.dumps(answer)
        else:
            assert answer["data"]["subject"]["id"] == people[email]
            assert answer["data"]["subject"]["displayName"] == "Ada Example"
            assert "errors" not in answer
    # Reads that were recorded for the batch, before each request was executed individually, are not recorded twice.
    looks = Counter(f"sub_{row['subject_id'].hex}" for row in asyncio.run(read(clean)))
    assert looks == Counter(people.values())


def test_no_request_of_a_batch_is_shown_what_cannot_be_recorded(api: Api, running: Running, clean: Databases) -> None:
    emails = [f"user{n}@example.com" for n in range(PEOPLE)]
    for email in emails:
        known(api, email)
    requests = [("SUPPORT", f"case/{n % 2}", email) for n, email in enumerate(emails)]
    try:
        spoilt = "ALTER TABLE access_events ADD CONSTRAINT nothing_is_written CHECK (false) NOT VALID"
        answers = asyncio.run(asked_at_once(api, running, clean, requests, spoilt))
    finally:
        asyncio.run(execute(clean.url, "ALTER TABLE access_events DROP CONSTRAINT nothing_is_written"))
    assert [answer["errors"][0]["extensions"]["code"] for answer in answers] == ["UNAVAILABLE"] * PEOPLE
    assert not any(answer.get("data") for answer in answers)
    assert asyncio.run(read(clean)) == []


def test_disconnected_clients_leave_a_batch_and_the_others_are_answered(
    api: Api, running: Running, clean: Databases
) -> None:
    people = {f"user{n}@example.com": known(api, f"user{n}@example.com").id for n in range(PEOPLE)}
    before = hung_up(api)
    answered = asyncio.run(left_waiting(api, running, clean, [*people], leaving=PEOPLE // 2))
    assert [answer["data"]["subject"]["id"] for answer in answered] == [*people.values()][PEOPLE // 2 :]
    assert asyncio.run(left_waiting(api, running, clean, [*people], leaving=PEOPLE)) == []
    asyncio.run(until(lambda: hung_up(api) >= before + PEOPLE // 2 + PEOPLE))
    assert hung_up(api) == before + PEOPLE // 2 + PEOPLE


def hung_up(api: Api) -> int:
    counted = re.findall(
        r'privacy_operations_total{code="HUNG_UP",role="SUPPORT"} (\d+)', api.client.get("/metrics").text
    )
    return int(counted[0]) if counted else 0


async def left_waiting(
    api: Api, running: Running, clean: Databases, emails: list[str], *, leaving: int
) -> list[dict[str, Any]]:
    """Send all of these while sync accounts are locked; the first ones disconnect before they are answered."""
    headers = {"authorization": f"Bearer {api.secrets['SUPPORT']}", "x-case": "case/1"}

    async def ask(client: httpx2.AsyncClient, email: str) -> dict[str, Any]:
        body = {"query": PAGE, "variables": {"email": email}}
        return dict((await client.post("/graphql", json=body, headers=headers)).json())

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx2.AsyncClient(base_url=api.url, verify=False, timeout=30))
            for _ in range(len(emails))
        ]
        for client, email in zip(clients, emails, strict=True):
            await ask(client, email)
        async with holding(clean, "sync_accounts"):
            waiting = [asyncio.create_task(ask(*each)) for each in zip(clients, emails, strict=True)]
            await until(lambda: open_exchanges(running) == len(emails))
            for task in waiting[:leaving]:
                task.cancel()
            await until(lambda: open_exchanges(running) == len(emails) - leaving)
        return await asyncio.gather(*waiting[leaving:])


@asynccontextmanager
async def holding(clean: Databases, tables: str) -> AsyncIterator[None]:
    """Lock these tables."""
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
