"""Workers that erase people and write to them are killed again and again: all is done in the end, nothing twice."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from models.actors import Actor, Role
from models.erasure import ledger, ledger_lag, ledger_marks, steps
from models.unit_of_work import unit_of_work
from tests.cli.commands import conversation, environment
from tests.conftest import Databases, World
from tests.journeys.isolated_databases import open_world, request_erasures
from tests.mailers.fake_smtp import FakeSmtpServer, serve

pytestmark = pytest.mark.anyio

EACH = 4
"""People who are to be erased at each kill: half of them have an account that a system has to erase, too."""
STRIDE = 37
"""Lives of all lengths alternate, so that no backlog grows: the lines of the kills are in steps of so many."""
LEASE = "0.1"
FORUM = Actor("forum", Role.SERVICE, (Role.SERVICE,), system="forum")

LEFT = "SELECT count(*) FROM rights_requests WHERE state <> 'COMPLETED'"
UNFINISHED = """
SELECT count(*)
FROM rights_requests AS r
WHERE state <> 'COMPLETED'
AND (erased_at IS NULL OR NOT EXISTS (SELECT FROM erasure_steps WHERE request_id = r.id AND state = 'PENDING'))
"""
UNSENT = "SELECT count(*) FROM letters WHERE state = 'QUEUED'"

# What a worker had behind it, by what it left: each request is at one of these points.
POINTS = """
SELECT subject_id, CASE
    WHEN state = 'SCHEDULED' THEN 'not begun'
    WHEN state = 'COMPLETED' THEN 'completed'
    WHEN settled_at IS NOT NULL AND erased_at IS NOT NULL THEN 'answered'
    WHEN erased_at IS NOT NULL THEN 'rows gone'
    WHEN prepared_at IS NOT NULL THEN 'prepared'
    ELSE 'claimed'
END
FROM rights_requests
"""
ENTERED = "SELECT subject_id FROM erasures WHERE erased_at IS NULL"
KEYED = "SELECT subject_id FROM subject_keys"
UNNOTED = "SELECT subject_id FROM erasures WHERE completed_at IS NULL"


class Mortal:
    """Workers, one after another, each of which is killed."""

    def __init__(self, output: asyncio.StreamReader, entry: asyncio.StreamWriter) -> None:
        self._output = output
        self._entry = entry
        self._living = 0
        self._death: asyncio.Task[int] | None = None

    async def born(self, last: int = 0) -> None:
        """Begin one, which dies at this line; it works when this returns."""
        self._entry.write(f"{last}\n".encode())
        self._living = await self._next_number()
        self._death = asyncio.create_task(self._next_number())

    @property
    def is_dead(self) -> bool:
        return self._death is None or self._death.done()

    async def killed(self) -> int:
        """Kill the one that lives, if there is one. Return the number of lines that it ran."""
        if self._death is None:
            return 0
        if not self._death.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._living, signal.SIGKILL)
        return await asyncio.wait_for(self._death, 60)

    async def _next_number(self) -> int:
        return int(await self._output.readline())


@contextlib.asynccontextmanager
async def mortal(databases: Databases, port: int) -> AsyncIterator[Mortal]:
    smtp_url = f"smtp://127.0.0.1:{port}?starttls=never"
    variables = environment(databases) | {"LEASE": LEASE}
    async with conversation("tests.journeys.killable_worker", smtp_url, variables=variables) as (output, entry):
        assert await asyncio.wait_for(output.readline(), 60) == b"ready\n"
        worker = Mortal(output, entry)
        try:
            yield worker
        finally:
            await worker.killed()


async def value(world: World, sql: str) -> Any:
    async with world.database.writers.acquire() as connection:
        return await connection.fetchval(sql)


async def ring(world: World, sql: str) -> set[UUID]:
    async with world.keyring.pool.acquire() as connection:
        return {row[0] for row in await connection.fetch(sql)}


async def mark(world: World) -> int:
    async with world.database.writers.acquire() as connection:
        return await ledger_marks.read(connection)


async def end(world: World) -> int:
    """Return the end of the ledger; two workers that write at once may leave a gap."""
    async with world.keyring.pool.acquire() as connection:
        last: int = await ledger.LAST_POSITION.value(connection)
    return last


async def points(world: World) -> dict[UUID, str]:
    """Return the progress of each erasure."""
    async with world.database.writers.acquire() as connection:
        by_erasure = {row[0]: row[1] for row in await connection.fetch(POINTS)}
    entered, keyed, unnoted = await ring(world, ENTERED), await ring(world, KEYED), await ring(world, UNNOTED)
    return {
        subject_id: (
            ("entered" if subject_id in keyed else "key destroyed")
            if point == "prepared" and subject_id in entered
            else f"{point}, the ledger not written"
            if (point == "rows gone" and subject_id in entered) or (point == "completed" and subject_id in unnoted)
            else point
        )
        for subject_id, point in by_erasure.items()
    }


async def forum_answers(world: World) -> None:
    async with world.database.writers.acquire() as connection:
        waiting = await connection.fetch("SELECT id FROM erasure_steps WHERE state = 'PENDING'")
    for row in waiting:
        async with unit_of_work(world.database, world.keyring, FORUM, "completeErasureStep") as unit:
            await steps.complete_erasure_step(unit, row[0], 2)


async def taken_up_again(world: World) -> None:
    """End what dead workers hold of letters; what they hold of erasures ends by itself."""
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE letters SET due_at = clock_timestamp() WHERE state = 'QUEUED'")


async def finished(world: World, worker: Mortal) -> int:
    """Run a worker until no work is left; return the number of lines that it ran."""
    await worker.born()
    async with asyncio.timeout(120):
        while await value(world, LEFT) or await value(world, UNSENT):
            await forum_answers(world)
            await asyncio.sleep(0.005)
    # What is done when there is nothing else to do: keys that a dead worker left, and the mark.
    async with asyncio.timeout(60):
        while await ring(world, UNNOTED) or await ring(world, KEYED) or await mark(world) < await end(world):  # noqa: ASYNC110 -- no event marks a change of a table
            await asyncio.sleep(0.01)
    return await worker.killed()


async def killed_and_begun_again(databases: Databases, kills: int, offset: float = 0.5) -> Counter[str]:
    """Kill workers at lines evenly over their work, then let one live. Give what the kills cut in two."""
    cut = Counter[str]()
    server = FakeSmtpServer()
    async with open_world(databases) as world, serve(server) as port, mortal(databases, port) as worker:
        count = 2 * EACH
        await request_erasures(world, EACH)
        await request_erasures(world, EACH, first=EACH, account=True)
        whole = await finished(world, worker)
        for number in range(kills):
            await request_erasures(world, EACH // 2, first=count)
            await request_erasures(world, EACH // 2, first=count + EACH // 2, account=True)
            count += EACH
            await taken_up_again(world)
            await forum_answers(world)
            before = await points(world)
            await worker.born(1 + int(1.5 * whole * (number * STRIDE % kills + offset) / kills))
            while not worker.is_dead and (await value(world, UNFINISHED) or await value(world, UNSENT)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await worker.killed()
            after = await points(world)
            cut.update({point for subject_id, point in after.items() if point != before[subject_id]} or {"nothing"})
        await taken_up_again(world)
        await finished(world, worker)
        await everything_is_done_once(world, server, count)
    return cut


async def everything_is_done_once(world: World, server: FakeSmtpServer, count: int) -> None:
    once = {
        "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED' AND certificate IS NOT NULL": count,
        "SELECT count(*) FROM rights_requests WHERE erased ->> 'mail addresses' = '1'": count,
        "SELECT count(*) FROM subjects WHERE status = 'ERASED'": count,
        "SELECT count(*) FROM access_events WHERE fields = '{erase}'": count,
        "SELECT count(DISTINCT subject_id) FROM access_events WHERE fields = '{erase}'": count,
        "SELECT count(*) FROM erasure_steps WHERE state = 'DONE' AND records_erased = 2": count // 2,
        "SELECT count(*) FROM erasure_steps": count // 2,
        "SELECT count(*) FROM letters WHERE letter = 'erasure_done' AND state IN ('SENT', 'UNCERTAIN')": count,
        "SELECT count(*) FROM letters WHERE letter = 'erasure_done'": count,
        "SELECT count(*) FROM email_addresses": 0,
    }
    for sql, expected_rows in once.items():
        assert await value(world, sql) == expected_rows, sql
    assert await ring(world, KEYED) == set()
    assert len(await ring(world, "SELECT subject_id FROM erasures WHERE completed_at IS NOT NULL")) == count
    assert await ledger_lag.read_lag(world.database, world.keyring) is None
    arrived = Counter((letter.recipient, letter.message["Message-ID"]) for letter in server.accepted)
    assert max(arrived.values()) == 1, "a letter was sent twice"
    last = Counter(letter.recipient for letter in server.accepted if "erased" in letter.message["Subject"].lower())
    assert max(last.values()) == 1, "a person got a letter twice"
    async with world.database.writers.acquire() as connection:
        sent = await connection.fetch("SELECT message_id FROM letters WHERE state = 'SENT'")
    assert {row[0] for row in sent} <= {name for _, name in arrived}, "a letter that is called sent was not"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [2, 20])
async def test_workers_killed_at_many_moments_leave_nothing_undone_and_do_nothing_twice(
    aside: Databases, kills: int
) -> None:
    cut = await killed_and_begun_again(aside, kills)
    if kills > 2:
        assert cut["nothing"] < kills / 2, cut
        assert len(cut) >= 3, "the kills hit several points of the work"


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("offset", [0.1, 0.3, 0.5, 0.7, 0.9])
async def test_workers_killed_a_hundred_times_and_again(aside: Databases, offset: float) -> None:
    cut = await killed_and_begun_again(aside, 100, offset)
    assert cut["nothing"] < 50, cut
    assert len(cut) >= 5, "the kills hit many points of the work"
