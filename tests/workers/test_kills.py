"""A worker killed at any line loses no letter and no erasure, and does nothing twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from models.actors import Role
from models.consent import recording
from models.consent.ledger import Channel
from models.erasure import requesting
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.registration import registering
from models.registration.registering import Registration
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import IdentityProof
from models.subjects.identifiers import SubjectIdentifier
from tests.cli.commands import conversation, environment
from tests.conftest import Databases, World
from tests.mailers.fake_smtp import FakeSmtpServer, serve
from tests.workers.outbox_workers import email_rows, make_due, register

pytestmark = pytest.mark.anyio

EACH = 29
AT_LINES = pytest.mark.parametrize("each", [8 * EACH, EACH], ids=["few", "some"])
"""Which lines the suite kills at: every so many, others in each of the two tests; fuzzing takes all."""


NOW = ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED, immediately=True)
ONCE = (
    "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED' AND certificate IS NOT NULL",
    "SELECT count(*) FROM rights_requests WHERE erased ->> 'mail addresses' = '1'",
    "SELECT count(*) FROM letters WHERE letter = 'erasure_done' AND has_own_key",
    "SELECT count(*) FROM access_events WHERE fields = '{erase}'",
    "SELECT count(*) FROM subjects WHERE status = 'ERASED' AND display_name IS NULL",
)


class Victim:
    """A worker in a process of its own that is killed at a given line."""

    def __init__(self, output: asyncio.StreamReader, entry: asyncio.StreamWriter) -> None:
        self._output = output
        self._entry = entry

    async def run(self, last: int = 0) -> str:
        """Send what is due until that line; return ``killed``, or how many lines ran."""
        self._entry.write(f"{last}\n".encode())
        return (await asyncio.wait_for(self._output.readline(), 30)).decode().strip()

    async def finish(self) -> None:
        """Send what is due, and count no lines."""
        assert await self.run(-1) == "0"


@contextlib.asynccontextmanager
async def victim(work: str, databases: Databases, port: int = 0) -> AsyncIterator[Victim]:
    arguments = work, databases.url, databases.keyring_url, databases.master_key
    smtp_url = f"smtp://127.0.0.1:{port}?starttls=never"
    module = "tests.workers.kill_at_line"
    async with conversation(module, *arguments, smtp_url, variables=environment()) as (output, entry):
        assert await asyncio.wait_for(output.readline(), 60) == b"ready\n"
        yield Victim(output, entry)


async def owe(world: World, subject_id: UUID, number: int, *, governed: bool) -> None:
    if governed:
        async with world.unit() as unit:
            await recording.grant_consent(
                unit, SubjectIdentifier("id", subject_id), "newsletter", Channel.WEBSITE, None
            )
    else:
        content: dict[str, Any] = {"reason": "OTHER", "erasure_reason": "REQUESTED"}
        async with world.unit() as unit:
            await emails.enqueue(unit, EmailKind.ERASURE_DENIED, subject_id, f"request:{number:x}", **content)


async def killed_at(
    world: World, databases: Databases, *, governed: bool, first: int = 1, each: int = EACH
) -> dict[str, int]:
    """Kill a worker at some lines; each time a second worker finishes what the first began. Give what became of it."""
    server = FakeSmtpServer()
    outcomes: dict[str, int] = {}
    async with serve(server) as port, victim("letters", databases, port) as worker:
        subject_id = await register(world, "first@example.com")
        await owe(world, subject_id, 0, governed=governed)
        lines = int(await worker.run())
        assert lines > 100
        for last in range(first, lines + 1, each):
            async with world.database.transaction() as connection:
                await connection.execute("DELETE FROM letters")
            server.accepted.clear()
            subject_id = await register(world, f"user{last}@example.com")
            await owe(world, subject_id, last, governed=governed)
            died = await worker.run(last) == "killed"
            await make_due(world)
            await worker.finish()
            [(state, reason, address)] = await email_rows(world, "state", "reason", "address")
            count = len(server.accepted)
            # Nothing is lost: it arrived, or it is there for the operator. Nothing is repeated.
            assert count <= 1, f"sent twice when killed at line {last}"
            if state == "SENT":
                assert count == 1, f"lost when killed at line {last}"
            else:
                assert (died, state, reason) == (True, "UNCERTAIN", "NO_ANSWER"), f"killed at line {last}"
                assert address is not None
            outcomes[state] = outcomes.get(state, 0) + 1
    assert outcomes.get("SENT", 0) > 1
    return outcomes


async def erased_though_killed(world: World, databases: Databases, *, each: int) -> None:
    """Kill a worker that erases at some lines; each time a second one finishes what the first began."""
    async with victim("erasures", databases) as worker:
        numbers, count = [0], 0
        while numbers:
            last = numbers.pop(0)
            email = f"user{last}@example.com"
            async with world.unit() as unit:
                await registering.register_or_complete(unit, Registration(email, "Ada Example", "DE"))
                await recording.grant_consent(unit, SubjectIdentifier.email(email), "newsletter", Channel.WEBSITE, None)
            async with world.unit(Role.ADMIN) as unit:
                await requesting.request_erasure(unit, SubjectIdentifier.email(email), NOW)
            count += 1
            outcome = await worker.run(last)
            if not last:
                numbers += range(1, int(outcome) + 1, each)
                assert int(outcome) > 100
            await worker.finish()
            for sql in ONCE:
                async with world.database.writers.acquire() as connection:
                    assert await connection.fetchval(sql) == count, f"{sql}: killed at line {last}"
            async with world.keyring.pool.acquire() as ring:
                assert await ring.fetchval("SELECT count(*) FROM subject_keys") == 0, f"killed at line {last}"
                done = await ring.fetchval("SELECT count(*) FROM erasures WHERE completed_at IS NOT NULL")
            assert done == count, f"killed at line {last}"


@pytest.mark.timeout(300)
@AT_LINES
async def test_a_worker_that_erases_killed_at_some_lines(world: World, databases: Databases, each: int) -> None:
    await erased_though_killed(world, databases, each=4 * each)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
async def test_a_worker_that_erases_killed_at_every_line(world: World, databases: Databases) -> None:
    await erased_though_killed(world, databases, each=1)


@pytest.mark.timeout(300)
@AT_LINES
async def test_a_worker_killed_at_some_lines(world: World, databases: Databases, each: int) -> None:
    await killed_at(world, databases, governed=False, first=3, each=each)


@pytest.mark.timeout(300)
@AT_LINES
async def test_a_worker_killed_at_some_lines_with_a_letter_for_a_purpose(
    world: World, databases: Databases, each: int
) -> None:
    await killed_at(world, databases, governed=True, first=17, each=each)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("governed", [True, False])
async def test_a_worker_killed_at_every_line(world: World, databases: Databases, *, governed: bool) -> None:
    outcomes = await killed_at(world, databases, governed=governed, each=1)
    assert outcomes.keys() == {"SENT", "UNCERTAIN"}
