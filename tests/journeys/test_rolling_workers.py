"""Processes of ``privacy work`` are replaced and killed while they work: letters and erasures are each done once."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.commands import Command, start
from tests.conftest import Databases, World
from tests.journeys.isolated_databases import open_world, request_erasures
from tests.journeys.test_kills import (
    KEYED,
    LEFT,
    UNNOTED,
    UNSENT,
    end,
    everything_is_done_once,
    forum_answers,
    mark,
    ring,
    taken_up_again,
    value,
)
from tests.mailers.fake_smtp import FakeSmtpServer, serve

pytestmark = pytest.mark.anyio

EACH = 6
"""People who are to be erased in each part: half of them have an account that a system has to erase, too."""
UNCERTAIN = "SELECT count(*) FROM letters WHERE state = 'UNCERTAIN'"
END_CLAIMS = "UPDATE rights_requests SET claimed_until = clock_timestamp() WHERE erased_at IS NULL"


class Office(NamedTuple):
    """The databases, a mail server, and what starts a worker on them."""

    world: World
    mail: FakeSmtpServer
    start: Callable[[], Awaitable[Command]]

    async def request(self, first: int) -> None:
        """Request the erasures of one part."""
        await request_erasures(self.world, EACH // 2, first=first)
        await request_erasures(self.world, EACH // 2, first=first + EACH // 2, account=True)

    async def offered(self) -> None:
        """Wait until a worker has offered a letter, which the mail server does not accept yet."""
        offered = asyncio.Event()
        self.mail.may_answer.clear()
        self.mail.when_offered = lambda _: offered.set()
        async with asyncio.timeout(120):
            await offered.wait()

    async def finished(self) -> None:
        """Wait until no work is left."""
        async with asyncio.timeout(120):
            while await value(self.world, LEFT) or await value(self.world, UNSENT):
                await forum_answers(self.world)
                await asyncio.sleep(0.05)
            while (  # noqa: ASYNC110 -- no event marks a change of a table
                await ring(self.world, UNNOTED)
                or await ring(self.world, KEYED)
                or await mark(self.world) < await end(self.world)
            ):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def opened(databases: Databases, folder: Path) -> AsyncIterator[Office]:
    mail, workers = FakeSmtpServer(), list[Command]()
    async with open_world(databases) as world, serve(mail) as port:

        async def work() -> Command:
            variables = {"PRIVACY_SMTP_URL": f"smtp://127.0.0.1:{port}?starttls=never"}
            workers.append(await start("work", on=databases, variables=variables, at=folder))
            return workers[-1]

        try:
            yield Office(world, mail, work)
        finally:
            for worker in workers:
                with suppress(ProcessLookupError):
                    worker.send_signal(signal.SIGKILL)


@pytest.mark.timeout(400)
async def test_workers_that_are_replaced_and_killed_do_all_of_their_work_once(aside: Databases, tmp_path: Path) -> None:
    async with opened(aside, tmp_path) as office:
        await office.request(0)
        old = await office.start()
        await office.offered()
        new = await office.start()
        old.send_signal(signal.SIGTERM)
        office.mail.may_answer.set()
        drained = await old.wait()
        assert drained.code == 0, drained.errors
        await office.finished()
        assert await value(office.world, UNCERTAIN) == 0, "the worker that was stopped has ended its letters"
        await everything_is_done_once(office.world, office.mail, EACH)

        await office.request(EACH)
        await office.offered()
        await office.request(2 * EACH)
        successor = await office.start()
        await new.kill()
        office.mail.may_answer.set()
        # A claim of a killed worker ends by itself, after minutes.
        async with office.world.database.transaction() as connection:
            await connection.execute(END_CLAIMS)
        await taken_up_again(office.world)
        await office.finished()
        await everything_is_done_once(office.world, office.mail, 3 * EACH)
        successor.send_signal(signal.SIGTERM)
        assert (await successor.wait()).code == 0
