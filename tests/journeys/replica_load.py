"""Callers that write and read without a pause, and check each answer against every write that was made."""

import asyncio
import json
import math
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from tests.journeys.balancer import wait_until
from tests.people import DECIDE, GRANT, OPT_OUT

CONSENTS = "query Consents($who: SubjectBy!) { subject(by: $who) { consents { purpose { key } state } } }"
PURPOSE = "newsletter"
RETRY_PAUSE = 0.05
"""Seconds that a caller waits after UNAVAILABLE."""
MAX_IDLE = 2.0
"""Seconds after which a caller opens a new connection: the service closes one that is idle for five."""


@dataclass
class Write:
    """One choice of a person: it may be seen from ``sent_at`` on, and must be from ``answered_at`` on."""

    is_granted: bool
    sent_at: float
    answered_at: float = math.inf


@dataclass
class Person:
    """A person, whom one caller writes about."""

    id: str
    writes: list[Write] = field(default_factory=lambda: [Write(False, -math.inf, -math.inf)])
    """The choices in their order; the first one stands for that there is none."""

    def permits(self, since: float, until: float) -> set[bool]:
        """Return the choices that an answer may show which is no older than one time, and no newer than another."""
        replaced_at = [write.answered_at for write in self.writes[1:]] + [math.inf]
        return {
            write.is_granted
            for write, end in zip(self.writes, replaced_at, strict=True)
            if write.sent_at <= until and end >= since
        }


class Process(NamedTuple):
    """A process of the API, and how old its decisions may be, in seconds."""

    port: int
    decision_lag: float


class Answer(NamedTuple):
    """What a caller gets."""

    body: dict[str, Any]
    position: str | None
    sent_at: float
    answered_at: float

    @property
    def code(self) -> str | None:
        errors = self.body.get("errors")
        return errors[0]["extensions"]["code"] if errors else None


class Connection:
    """A connection of one caller to one process, opened anew before the service would close it as idle."""

    def __init__(self, port: int, secret: str) -> None:
        self._port = port
        self._secret = secret
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used_at = 0.0

    async def ask(self, document: str, position: str | None = None, **variables: Any) -> Answer:
        if time.monotonic() - self._used_at > MAX_IDLE:
            self.close()
            self._streams = None
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        body = json.dumps({"query": document, "variables": variables}).encode()
        named = f"privacy-position: {position}\r\n" if position else ""
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self._secret}\r\n"
            f"content-type: application/json\r\naccept: application/graphql-response+json\r\n{named}"
            f"content-length: {len(body)}\r\n\r\n"
        )
        sent_at = time.monotonic()
        writer.write(head.encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        answer = json.loads(await reader.readexactly(int(headers["content-length"])))
        self._used_at = time.monotonic()
        return Answer(answer, headers.get("privacy-position"), sent_at, self._used_at)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()


class CheckedCallers:
    """Callers in a thread, each of which writes about one person and reads about all, until the context ends."""

    def __init__(self, processes: list[Process], secret: str, people: list[str], lag: float) -> None:
        self._processes = processes
        self._secret = secret
        self._people = [Person(each) for each in people]
        self._lag = lag
        self._is_over = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        """What is stale, and every code but UNAVAILABLE."""
        self.written: list[tuple[float, float]] = []
        """When mutations were sent, and when they were answered."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()

    def wait_for_more(self, count: int) -> None:
        """Wait until each of so many more mutations is answered; nothing may have been wrong."""
        target = len(self.written) + count
        wait_until(lambda: len(self.written) >= target or bool(self.wrong), "no answers")
        assert not self.wrong, self.wrong[:3]

    def first_written_since(self, at: float) -> float:
        """Return when the first mutation was answered that was sent after a time."""
        return min(answered_at for sent_at, answered_at in self.written if sent_at > at)

    async def _run(self) -> None:
        await asyncio.gather(*(self._call(person) for person in self._people))

    async def _call(self, own: Person) -> None:
        connections = [Connection(process.port, self._secret) for process in self._processes]
        try:
            while not self._is_over:
                await self._work(own, connections)
        except Exception as error:  # noqa: BLE001 -- a caller that ends is a failure of the service
            self.wrong.append(f"{type(error).__name__}: {error}")
        finally:
            for connection in connections:
                connection.close()

    async def _work(self, own: Person, connections: list[Connection]) -> None:
        position = await self._write(own, random.choice(connections))
        for process, connection in zip(self._processes, connections, strict=True):
            other = random.choice(self._people)
            decision = await self._read(connection, DECIDE, position, own)
            choices = await self._read(connection, CONSENTS, position, own)
            for answer in (decision, choices):
                # What a caller has seen it sees again, wherever it asks next.
                position = answer.position or position
                self._check(own, answer, 0.0, "of a caller's own write")
            self._check(other, await self._read(connection, CONSENTS, None, other), self._lag, "of a list")
            self._check(other, await self._read(connection, DECIDE, None, other), process.decision_lag, "of a decision")

    async def _write(self, own: Person, connection: Connection) -> str | None:
        is_granted = not own.writes[-1].is_granted
        write = Write(is_granted, time.monotonic())
        own.writes.append(write)
        who = {"id": own.id}
        while not self._is_over:
            if is_granted:
                answer = await connection.ask(GRANT, who=who, purpose=PURPOSE, channel="STORE")
            else:
                answer = await connection.ask(OPT_OUT, who=who, purposes=[PURPOSE], channel="STORE")
            if not await self._is_refused(answer):
                write.answered_at = answer.answered_at
                self.written.append((answer.sent_at, answer.answered_at))
                return answer.position
        return None

    async def _read(self, connection: Connection, document: str, position: str | None, person: Person) -> Answer:
        variables = {"purpose": PURPOSE} if document is DECIDE else {}
        while True:
            answer = await connection.ask(document, position, who={"id": person.id}, **variables)
            if not await self._is_refused(answer) or self._is_over:
                return answer

    async def _is_refused(self, answer: Answer) -> bool:
        self.counts[answer.code or "answered"] += 1
        if answer.code not in {None, "UNAVAILABLE"}:
            self.wrong.append(str(answer.body))
        if answer.code:
            await asyncio.sleep(RETRY_PAUSE)
        return answer.code is not None

    def _check(self, person: Person, answer: Answer, lag: float, what: str) -> None:
        if answer.code is None:
            self.counts["checked"] += 1
            permitted = person.permits(answer.sent_at - lag, answer.answered_at)
            if shown(answer) not in permitted:
                self.wrong.append(f"stale answer {what}: {shown(answer)} is not in {permitted}")


def shown(answer: Answer) -> bool:
    """Return whether an answer shows the person's consent."""
    data = answer.body["data"]
    if "consentDecision" in data:
        return bool(data["consentDecision"]["allowed"])
    return [choice["state"] for choice in data["subject"]["consents"]] == ["GRANTED"]
