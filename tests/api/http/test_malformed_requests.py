"""A request leaves nothing behind that only the garbage collector could find: its pauses would delay all tests."""

import asyncio
import gc
import http.client
import json
import time
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from api.http import asgi
from api.http.protocol import MAX_BODY_BYTES, GraphQLProtocol
from tests.api.graphql.execution.test_request_batching import until, waiting_loads
from tests.api.http.connections import connect
from tests.conftest import Api, Databases, Running
from tests.people import OPT_OUT, RECORD_SYNC, SYNC

PAGE = """
query Page($id: ID!) {
    subject(by: {id: $id}) {
        emails { address }
        consents { purpose { key } effectiveAt }
        syncAccounts { clients { app } }
    }
}
"""
DECISION = 'query Decision($id: ID!) { consentDecision(subject: {id: $id}, purpose: "newsletter") { allowed } }'
OURS = ("api.", "models.", "resolvers.")


def _garbage(act: Callable[[], Any]) -> set[str]:
    """Return the classes of ours whose objects only the collector would free after the second of two calls."""
    act()  # what is compiled once may leave what it likes
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        act()
        gc.collect()
        return {type(each).__name__ for each in gc.garbage if type(each).__module__.startswith(OURS)}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def test_requests_leave_no_cycles(api: Api) -> None:
    person = api.register("ada@example.com", displayName="Ada")

    def ask() -> None:
        for _ in range(5):
            assert api.ask("SUPPORT", PAGE, id=person).data["subject"]
            assert api.ask("STORE", DECISION, id=person).data["consentDecision"]

    assert _garbage(ask) == set()


@pytest.mark.parametrize("path", ["/graphql", "/graphql?by=the-adapter"])
@pytest.mark.parametrize("length", [0, MAX_BODY_BYTES])
@pytest.mark.parametrize("monitored_after", [0, asgi.UNMONITORED_SECONDS])
def test_answers_of_every_kind_leave_no_cycles(
    api: Api, monkeypatch: pytest.MonkeyPatch, monitored_after: float, length: int, path: str
) -> None:
    """They are exempt from collection when it happens meanwhile: a body in a cycle would then stay for ever."""
    monkeypatch.setattr(asgi, "UNMONITORED_SECONDS", monitored_after)
    who = {"id": api.register("ada@example.com", displayName="Ada")}
    unknown = {"who": who, "purposes": ["unknown"], "channel": "WEBSITE"}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("SUPPORT", PAGE, who),
        ("STORE", DECISION, who),
        ("STORE", DECISION, {"id": "no id"}),
        ("STORE", PAGE, who),
        ("STORE", "{ no such field }", {}),
        ("STORE", OPT_OUT, unknown | {"purposes": ["newsletter"]}),
        ("STORE", OPT_OUT, unknown),
        ("SYNC", RECORD_SYNC, {"who": who, "input": SYNC}),
    ]

    def ask() -> None:
        for role, document, variables in requests:
            body = json.dumps({"query": document, "variables": variables}).encode() + b" " * length
            headers = {"authorization": f"Bearer {api.secrets[role]}", "content-type": "application/json"}
            response = api.client.post(path, content=body, headers=headers | {"x-case": "case/1"})
            assert response.status_code == 200

    assert _garbage(ask) == set()


@pytest.mark.parametrize("path", ["/graphql", "/graphql?by=the-adapter"])
def test_clients_that_leave_leave_no_cycles(
    api: Api, running: Running, clean: Databases, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(asgi, "UNMONITORED_SECONDS", 0)
    person = api.register("ada@example.com", displayName="Ada")
    body = json.dumps({"query": DECISION, "variables": {"id": person}}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {api.secrets['STORE']}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"

    async def leave() -> None:
        holder = await asyncpg.connect(clean.url)
        try:
            async with holder.transaction():
                await holder.execute("LOCK TABLE subjects IN ACCESS EXCLUSIVE MODE")
                with connect(api) as connection:
                    connection.sendall(head.encode() + body)
                    await until(lambda: waiting_loads(running) == 1)
                await until(lambda: not waiting_loads(running))
            await until(lambda: not any(each.queues for each in running.app._graphql.service.readers.values()))
        finally:
            await holder.close()

    assert _garbage(lambda: asyncio.run(leave())) == set()


def test_connections_leave_nothing_once_they_are_closed(api: Api) -> None:
    """The collector comes rarely: bodies of a mebibyte would wait for it."""
    gc.collect()
    gc.disable()
    try:
        before = _connections()
        for _ in range(10):
            connected = http.client.HTTPConnection(api.url.removeprefix("http://"))
            connected.request("POST", "/graphql", b"{}", {"Content-Type": "application/json", "Connection": "close"})
            assert connected.getresponse().read()
            connected.close()
        until = time.monotonic() + 60
        while _connections() > before and time.monotonic() < until:
            time.sleep(0.05)
        assert _connections() <= before
    finally:
        gc.enable()


def _connections() -> int:
    return sum(type(each) is GraphQLProtocol for each in gc.get_objects())
