"""The service is killed at any moment under load, and the audit log holds every read that was answered."""

import asyncio
import contextlib
import json
import random
import socket
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import anyio
import asyncpg
import pytest

from tests.cli.commands import start
from tests.conftest import Api, Databases
from tests.people import known

CLIENTS = 12
CASES = 3
"""Few, so that the service knows who asks, and what, and has those who meet go on together."""


class Kind(NamedTuple):
    """A question, what its answer holds, and what it is on the record."""

    document: str
    holds: bytes
    action: str


KINDS = (
    Kind("query($id: ID!) { subject(by: {id: $id}) { displayName } }", b"Ada Example", "READ"),
    Kind("query($id: ID!) { subject(by: {id: $id}) { paymentFragments { lastDigits } } }", b"FORBIDDEN", "REFUSED"),
    Kind(
        "query($id: ID!) { subject(by: {id: $id}) { syncAccounts { files { edges { node { name } } } } } }",
        b"GRANT_REQUIRED",
        "REFUSED",
    ),
    Kind(
        'mutation($id: ID!) { optOut(subject: {id: $id}, purposes: ["newsletter"], channel: SUPPORT) { suppressed } }',
        b'"suppressed"',
        "WRITE",
    ),
)


class Load:
    """Clients that ask again and again, until the service is gone."""

    def __init__(self, secret: str, person: str, name: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._secret = secret
        self._person = person
        self._name = name
        self._request_count = 0
        self.answered: Counter[tuple[str, str]] = Counter()
        """How often a case was answered with what must be on the record as this action."""

    async def run(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(CLIENTS)))

    async def _client(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                await self.ask()

    async def ask(self) -> None:
        """Ask once; OSError without an answer."""
        self._request_count += 1
        kind, case = KINDS[self._request_count % len(KINDS)], f"{self._name}/{self._request_count % CASES}"
        if kind.holds in await self._answer(kind.document, case):
            self.answered[case, kind.action] += 1

    async def _answer(self, document: str, case: str) -> bytes:
        """Return all octets that came back, also of an incomplete answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        body = json.dumps({"query": document, "variables": {"id": self._person}}).encode()
        writer.write(
            f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._secret}\r\nX-Case: {case}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        heard = b""
        with contextlib.suppress(ConnectionError):
            while octets := await reader.read(65536):
                heard += octets
        writer.close()
        if not heard:
            raise ConnectionResetError
        return heard


async def killed(load: Load, databases: Databases, at: Path, *, after: int) -> None:
    """Serve, ask, and kill the service after so many answers."""
    process = await start("serve", "--port", str(load.port), on=databases, at=at)
    try:
        with anyio.fail_after(120):
            while not load.answered:
                with contextlib.suppress(OSError):
                    await load.ask()
                await anyio.sleep(0.05)
        task = asyncio.create_task(load.run())
        while load.answered.total() < after:  # noqa: ASYNC110 -- clients set no event
            await anyio.sleep(0.001)
    finally:
        await process.kill()
    await task


async def demand_recorded(api: Api, databases: Databases, at: Path, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    person = await asyncio.to_thread(lambda: known(api).id)
    answered: Counter[str] = Counter()
    for number in range(kills):
        load = Load(api.secrets["SUPPORT"], person, f"kill/{number}")
        await killed(load, databases, at, after=dice.randint(11, 300))
        connection = await asyncpg.connect(databases.url)
        rows = await connection.fetch("SELECT case_reference, action FROM access_events")
        await connection.close()
        recorded = Counter((row[0], row[1]) for row in rows)
        for (case, action), count in load.answered.items():
            # Equal refusals of a minute are one event, whose count a kill may lose. They show no data.
            assert recorded[case, action] >= (1 if action == "REFUSED" else count)
        for (_, action), count in load.answered.items():
            answered[action] += count
    assert answered.keys() == {"READ", "REFUSED", "WRITE"}
    assert answered.total() > 10 * kills


@pytest.mark.anyio
@pytest.mark.parametrize("kills", [1, 4])
async def test_what_was_answered_before_a_kill_is_on_the_record(
    api: Api, clean: Databases, tmp_path: Path, kills: int
) -> None:
    await demand_recorded(api, clean, tmp_path, kills, 1)


@pytest.mark.anyio
@pytest.mark.fuzz
@pytest.mark.timeout(1800)
async def test_what_was_answered_before_each_of_many_kills_is_on_the_record(
    api: Api, clean: Databases, tmp_path: Path
) -> None:
    await demand_recorded(api, clean, tmp_path, 60, 2)
