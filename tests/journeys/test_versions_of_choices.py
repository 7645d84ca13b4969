"""The previous version, which writes the table ``consents``, and this one record choices on the same databases."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self

import asyncpg
import pytest

import migrations
from cli import database_roles
from migrations import head, required
from tests.cli.commands import Ran, environment, privacy
from tests.cli.test_databases import downgrade
from tests.conftest import ROOT, Databases
from tests.journeys.balancer import Version
from tests.journeys.test_rolling import has_history

BEFORE = "08a078d"
"""The last version that writes the table, and copies it into the rows of people."""
PROCESS = Path(__file__).parent / "choosing_process.py"
REFUSALS = {"StateConflict", "BadInput"}
PURPOSES = ("newsletter", "crash-reports", "forum-notices")
START = datetime(2026, 1, 1, tzinfo=UTC)
# The last change of each purpose in the feed has the state of the row, and each change has its own number.
FEED_DIFFERS = """
SELECT s.id, f.purpose
FROM subjects AS s
JOIN (
    SELECT DISTINCT ON (subject_id, purpose) subject_id, purpose, state
    FROM consent_changes
    WHERE kind = 'CHOICE'
    ORDER BY subject_id, purpose, number DESC
) AS f ON f.subject_id = s.id
WHERE s.status = 'ACTIVE'
AND f.state IS DISTINCT FROM s.choices -> f.purpose ->> 0
"""
NOT_IN_THE_FEED = """
SELECT s.id, c.purpose
FROM subjects AS s, jsonb_object_keys(s.choices) AS c (purpose)
WHERE NOT EXISTS (
    SELECT FROM consent_changes AS f WHERE f.subject_id = s.id AND f.kind = 'CHOICE' AND f.purpose = c.purpose
)
"""

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not has_history(BEFORE), reason="this clone lacks the history of the previous version"),
]


class ChoosingProcess(NamedTuple):
    """A process of one version that takes commands."""

    process: asyncio.subprocess.Process

    @classmethod
    @asynccontextmanager
    async def start(cls, version: Version) -> AsyncIterator[Self]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", str(PROCESS)),
            cwd=version.tree,
            env={**version.variables, "PYTHONPATH": str(version.tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=2**24,
        )
        try:
            yield cls(process)
        finally:
            assert process.stdin
            process.stdin.close()
            assert await process.wait() == 0

    async def ask(self, *words: Any) -> Any:
        """Send a command and return its answer. Raise AssertionError for an error that is no refusal of a choice."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(words).encode() + b"\n")
        answer = json.loads(await self.process.stdout.readline())
        assert not isinstance(answer, dict) or answer.get("error", "StateConflict") in REFUSALS, answer
        return answer


class Histories:
    """People and random choices of them, which processes record."""

    def __init__(self, url: str, seed: int) -> None:
        self._random = random.Random(seed)
        self._url = url
        self.people: list[str] = []
        self._count = 0

    async def go_on(self, processes: list[ChoosingProcess], count: int) -> None:
        """Record choices of different people at once, each by one of the processes."""
        for _ in range(5):
            self._count += 1
            email = f"user{self._count}@example.com"
            self.people.append(await self._random.choice(processes).ask("register", email))
            consents = [self._choice() for _ in range(self._random.randrange(6))]
            await self._random.choice(processes).ask("import", f"imported-{email}", consents)
        self.people = [str(row[0]) for row in await self._rows("SELECT id FROM subjects WHERE status = 'ACTIVE'")]
        queues: list[list[list[Any]]] = [[] for _ in processes]
        for _ in range(count):
            self._random.choice(queues).append(self._command())

        async def work(process: ChoosingProcess, commands: list[list[Any]]) -> None:
            for words in commands:
                await process.ask(*words)

        await asyncio.gather(*(work(*each) for each in zip(processes, queues, strict=True)))
        await self._random.choice(processes).ask("erase", self.people.pop())

    async def meanwhile(self, processes: list[ChoosingProcess], running: Coroutine[Any, Any, Ran]) -> Ran:
        """Record choices until a command has ended, and some before and after it."""
        await self.go_on(processes, 30)
        task = asyncio.create_task(running)
        while not task.done():
            await self.go_on(processes, 10)
        await self.go_on(processes, 30)
        return await task

    def _choice(self) -> tuple[str, bool, str, str]:
        at = START + timedelta(days=self._random.randrange(4))
        return self._random.choice(PURPOSES), self._random.random() < 0.5, "WEBSITE", at.isoformat()

    def _command(self) -> list[Any]:
        who = self._random.choice(self.people)
        if self._random.random() < 0.05:
            return ["refuse all", who]
        purpose, grants, _, at = self._choice()
        channel = self._random.choice(["WEBSITE", "STORE", "IMPORT"])
        return ["grant" if grants else "refuse", who, purpose, channel, self._random.choice([None, at])]

    async def agree(self, *processes: ChoosingProcess) -> None:
        """Assert that all processes read the same, and that each check of theirs finds nothing."""
        views = [await process.ask("read", self.people) for process in processes]
        assert all(view == views[0] for view in views)
        assert sum(len(choices) for choices, *_ in views[0].values()) > len(self.people)
        for process in processes:
            assert await process.ask("check") == []
        for query in (FEED_DIFFERS, NOT_IN_THE_FEED):
            assert await self._rows(query) == []

    async def _rows(self, query: str) -> list[Any]:
        connection = await asyncpg.connect(self._url)
        rows: list[Any] = await connection.fetch(query)
        await connection.close()
        return rows


@pytest.mark.timeout(300)
async def test_two_versions_record_choices_side_by_side_and_the_later_one_can_be_rolled_back(
    empty: Databases, tmp_path: Path
) -> None:
    variables = environment(empty)
    before, this = Version.of(BEFORE, tmp_path / "before", variables), Version(ROOT, variables, drains=True)
    await asyncio.to_thread(before.command, "migrate")
    histories = Histories(empty.url, 5)
    async with ChoosingProcess.start(before) as old:
        await histories.go_on([old], 60)
        ran = await histories.meanwhile([old], privacy("migrate", on=empty, at=tmp_path))
        assert (ran.code, ran.out.splitlines()[0]) == (0, f"privacy: 0043 -> {required('privacy')}"), ran.errors
        assert "privacy migrate --post-deployment" in ran.out
        assert await database_roles.differences("privacy", empty.url) == []
        async with ChoosingProcess.start(this) as new:
            for _ in range(3):
                await histories.go_on([old, new], 150)
                await histories.agree(old, new)

    async with ChoosingProcess.start(this) as new:
        ran = await histories.meanwhile([new], privacy("migrate", "--post-deployment", on=empty, at=tmp_path))
        assert ran.out.splitlines()[0] == f"privacy: {required('privacy')} -> {head('privacy')}", ran.errors
        assert await database_roles.differences("privacy", empty.url) == []
        assert await migrations.differences("privacy", empty.url) == []
        await histories.agree(new)
        ran = await histories.meanwhile([new], privacy("migrate", "--roll-back", on=empty, at=tmp_path))
        assert ran.out.splitlines()[0] == f"privacy: {head('privacy')} -> {required('privacy')}", ran.errors
        assert await database_roles.differences("privacy", empty.url) == []
        async with ChoosingProcess.start(before) as old:
            await histories.agree(old, new)
            await histories.go_on([old, new], 150)
            await histories.agree(old, new)

    await downgrade(empty.url, "0043")
    async with ChoosingProcess.start(before) as old:
        await histories.go_on([old], 60)
        await histories.agree(old)
    assert (await privacy("migrate", on=empty, at=tmp_path)).code == 0
    async with ChoosingProcess.start(this) as new:
        await histories.agree(new)
