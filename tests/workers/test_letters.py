"""Workers send what is due over real SMTP: nothing is lost, nothing is repeated, and an opt-out is obeyed."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from mailers.messages import Sender
from mailers.roads import transport_of
from mailers.transports import Unreachable
from models import choices, claims, letters, optouts, registrations
from models.consents import Channel
from models.letters import LetterName
from models.names import Name
from models.registrations import Registration
from tests.conftest import World
from tests.mailers.office import Misdeed, Office, opened
from workers import deliveries
from workers.letters import BATCH, Letters

pytestmark = pytest.mark.anyio

SENDER = Sender.read("Privacy <privacy@example.org>", None, "https://privacy.example.org")


@contextlib.asynccontextmanager
async def worker(world: World, office: Office, *, patience: float = 5) -> AsyncIterator[Letters]:
    async with opened(office) as port:
        url = f"smtp://127.0.0.1:{port}?starttls=never"
        yield Letters(
            world.database, world.keyring, SENDER, transport_of(url, "example.org", answer=patience, verdict=patience)
        )


async def person(world: World, address: str = "user@example.com") -> UUID:
    async with world.deed() as deed:
        return await registrations.register(deed, Registration(address))


async def owe(world: World, subject_id: UUID, name: LetterName = LetterName.ERASURE_DENIED, about: str = "1") -> None:
    """Post a letter: one that must not be repeated, unless another is named."""
    said: dict[str, Any] = {
        LetterName.ERASURE_DENIED: {"reason": "OTHER"},
        LetterName.ERASURE_SCHEDULED: {"execute_at": "2027-01-31T12:00:00+00:00"},
    }[name]
    async with world.deed() as deed:
        await letters.post(deed, name, subject_id, f"request:{about}", **said)


async def rows(world: World, *columns: str) -> list[tuple[Any, ...]]:
    async with world.database.readers.acquire() as connection:
        found = await connection.fetch(f"SELECT {', '.join(columns)} FROM letters ORDER BY posted_at, id")
    return [tuple(row) for row in found]


async def due_again(world: World) -> None:
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE letters SET due_at = clock_timestamp() - interval '1 second'")


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until something is so that nobody calls us about."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 -- tables and mail servers set no event
            await asyncio.sleep(0.02)


async def until_sent(world: World, count: int = 1) -> None:
    async def is_so() -> bool:
        return [row[0] for row in await rows(world, "state")].count("SENT") >= count

    await until(is_so)


@contextlib.asynccontextmanager
async def running(letters: Letters, **given: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(letters.run(**given))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_letter_is_sent_and_leaves_only_proof(world: World) -> None:
    office = Office()
    await owe(world, await person(world))
    async with worker(world, office) as letters:
        assert await letters.drain() == 1
        assert await letters.drain() == 0
    [letter] = office.accepted
    assert (letter.sender, letter.recipient) == ("privacy@example.org", "user@example.com")
    [(state, code, address, context, message_id)] = await rows(
        world, "state", "reply_code", "address", "context", "message_id"
    )
    assert (state, code, address, context) == ("SENT", 250, None, None)
    assert letter.message["Message-ID"] == message_id


async def test_the_commit_of_a_deed_calls_the_worker(world: World) -> None:
    office = Office()
    subject_id = await person(world)
    async with worker(world, office) as letters, running(letters, poll=600):
        for number in range(3):
            await owe(world, subject_id, about=str(number))
            await until_sent(world, number + 1)
    assert len(office.accepted) == 3


async def test_one_call_is_enough_for_as_many_loops_as_there_are_letters_for(world: World) -> None:
    office = Office()
    office.delay = 0.05
    subject_id = await person(world)
    said: dict[str, Any] = {"reason": "OTHER"}
    async with worker(world, office) as sending, running(sending, flights=8, poll=600):
        async with world.deed() as deed:
            for number in range(2 * BATCH + 1):
                await letters.post(deed, LetterName.ERASURE_DENIED, subject_id, f"request:{number:x}", **said)
        await until_sent(world, 2 * BATCH + 1)
    assert office.connections == 3


async def test_greylisting_is_waited_out_under_the_same_message_id(world: World) -> None:
    office = Office()
    office.order("RCPT", "450 4.2.0 greylisted")
    await owe(world, await person(world))
    async with worker(world, office) as letters:
        await letters.drain()
        [(state, code, attempts, first)] = await rows(world, "state", "reply_code", "attempts", "message_id")
        assert (state, code, attempts) == ("QUEUED", 450, 1)
        assert await letters.drain() == 0
        await due_again(world)
        await letters.drain()
    assert office.accepted[0].message["Message-ID"] == first


async def test_waits_grow_by_chance_up_to_two_hours_for_a_day(world: World) -> None:
    office = Office()
    await owe(world, await person(world))
    waits = []
    async with worker(world, office) as letters:
        for _ in range(12):
            office.order("RCPT", "451 4.3.0 not now")
            await letters.drain()
            [(wait,)] = await rows(world, "extract(epoch FROM due_at - clock_timestamp())")
            waits.append(float(wait))
            await due_again(world)
        for number, wait in enumerate(waits):
            expected = min(7200, 30 * 2**number)
            assert expected * 0.49 < wait < expected * 1.51
        async with world.database.transaction() as connection:
            await connection.execute("UPDATE letters SET posted_at = posted_at - interval '25 hours'")
        office.order("RCPT", "451 4.3.0 not now")
        await letters.drain()
    assert await rows(world, "state", "reason", "reply_code") == [("FAILED", "GAVE_UP", 451)]


async def test_an_address_that_is_refused_is_written_to_no_more(world: World) -> None:
    office = Office()
    office.order("RCPT", "550 5.1.1 no such user")
    subject_id = await person(world)
    await owe(world, subject_id)
    async with worker(world, office) as letters:
        await letters.drain()
        await owe(world, subject_id, about="2")
        await letters.drain()
    assert await rows(world, "state", "reason", "reply_code") == [
        ("FAILED", "ADDRESS_REFUSED", 550),
        ("DROPPED", "ADDRESS_STOPPED", None),
    ]


async def test_a_letter_that_is_refused_says_nothing_about_its_address(world: World) -> None:
    office = Office()
    office.order("DATA", "554 5.6.0 not this letter")
    subject_id = await person(world)
    await owe(world, subject_id)
    async with worker(world, office) as letters:
        await letters.drain()
        await owe(world, subject_id, about="2")
        await letters.drain()
    assert await rows(world, "state", "reason") == [("FAILED", "LETTER_REFUSED"), ("SENT", None)]


async def test_a_letter_without_an_answer_is_shown_to_the_operator(world: World) -> None:
    office = Office()
    office.order("DATA", Misdeed.ACCEPT_AND_HANG_UP)
    await owe(world, await person(world))
    async with worker(world, office) as letters:
        await letters.drain()
        await due_again(world)
        assert await letters.drain() == 0
    assert await rows(world, "state", "reason") == [("UNCERTAIN", "NO_ANSWER")]
    assert len(office.accepted) == 1


async def test_a_letter_without_an_answer_is_repeated_when_that_does_no_harm(world: World) -> None:
    office = Office()
    office.order("DATA", Misdeed.ACCEPT_AND_HANG_UP)
    await owe(world, await person(world), LetterName.ERASURE_SCHEDULED)
    async with worker(world, office) as letters:
        await letters.drain()
        assert await rows(world, "state") == [("QUEUED",)]
        await due_again(world)
        await letters.drain()
    assert await rows(world, "state") == [("SENT",)]
    first, second = office.accepted
    assert first.octets == second.octets


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT"])
@pytest.mark.parametrize("misdeed", [Misdeed.STALL, Misdeed.HANG_UP, Misdeed.HALF_A_LINE, "421 4.3.2 closing"])
async def test_a_server_that_fails_before_the_letter_loses_nothing(
    world: World, command: str, misdeed: Misdeed | str
) -> None:
    office = Office()
    subject_id = await person(world)
    for number in range(3):
        await owe(world, subject_id, about=str(number))
    async with worker(world, office, patience=0.3) as letters:
        office.order(command, misdeed)
        with pytest.raises(Unreachable):
            await letters.drain()
        assert [row[0] for row in await rows(world, "state")] == ["QUEUED"] * 3
        await due_again(world)
        await letters.drain()
    assert (len(office.accepted), len({letter.octets for letter in office.accepted})) == (3, 3)
    assert await rows(world, "state") == [("SENT",)] * 3


async def test_a_letter_at_which_the_server_always_fails_does_not_stop_the_others(world: World) -> None:
    office = Office()
    for number in range(3):
        await owe(world, await person(world, f"user{number}@example.com"))
    async with worker(world, office) as letters:
        for _ in range(2):
            office.order("RCPT", Misdeed.HANG_UP)
            with pytest.raises(Unreachable):
                await letters.drain()
        assert await letters.drain() == 1
    assert office.addresses() == ["user2@example.com"]
    assert await rows(world, "state", "attempts") == [("QUEUED", 1), ("QUEUED", 1), ("SENT", 1)]


async def test_while_nobody_is_at_the_mail_server_no_letter_uses_up_its_tries(world: World) -> None:
    office = Office()
    await owe(world, await person(world))
    async with worker(world, office) as letters:
        pass
    for _ in range(3):
        with pytest.raises(Unreachable):
            await letters.drain()
    assert await rows(world, "state", "attempts") == [("QUEUED", 0)]


async def test_the_worker_takes_up_again_when_the_mail_server_is_back(world: World) -> None:
    office = Office()
    await owe(world, await person(world))
    office.order("EHLO", Misdeed.HANG_UP)
    async with worker(world, office) as letters, running(letters, flights=1, poll=0.2):

        async def is_tried_again() -> bool:
            async with world.database.transaction() as connection:
                await connection.execute("UPDATE letters SET due_at = clock_timestamp() WHERE lease IS NULL")
            return bool(office.accepted)

        await until(is_tried_again)
        await until_sent(world)


async def test_a_worker_that_is_stopped_sees_its_letter_through_and_gives_the_others_back(world: World) -> None:
    office = Office()
    office.delay = 0.5
    subject_id = await person(world)
    for number in range(5):
        await owe(world, subject_id, about=str(number))
    async with worker(world, office) as letters:
        async with running(letters, flights=1):

            async def is_handed_over() -> bool:
                return any(row[0] for row in await rows(world, "handed_at"))

            await until(is_handed_over)
        sent = [row[0] for row in await rows(world, "state")].count("SENT")
        assert sent == len(office.accepted) < 5
        assert all(row == (None, None) for row in await rows(world, "lease", "handed_at"))
        office.delay = 0
        await letters.drain()
    assert len(office.accepted) == len({letter.octets for letter in office.accepted}) == 5


async def test_a_letter_governed_by_a_purpose_carries_the_one_click_link_and_others_do_not(world: World) -> None:
    office = Office()
    await owe(world, await person(world))
    async with world.deed() as deed:
        await choices.grant(deed, Name.email("user@example.com"), "newsletter", Channel.WEBSITE, None)
    async with worker(world, office) as letters:
        await letters.drain()
    plain, governed = (letter.message for letter in office.accepted)
    assert plain["List-Unsubscribe"] is None
    assert governed["List-Unsubscribe"].startswith("<https://privacy.example.org/u/")
    assert governed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_slow_mail_server_holds_an_opt_out_up_for_a_bounded_time(world: World) -> None:
    office = Office()
    office.order("DATA", Misdeed.STALL)
    name = Name.email("user@example.com")
    await person(world)
    async with world.deed() as deed:
        await choices.grant(deed, name, "newsletter", Channel.WEBSITE, None)
    async with worker(world, office, patience=8) as letters:
        draining = asyncio.create_task(letters.drain())

        async def is_stalled() -> bool:
            return not office.orders["DATA"]

        await until(is_stalled)
        began = time.monotonic()
        async with world.deed() as deed:
            await optouts.opt_out(deed, name, ["newsletter"], Channel.WEBSITE)
        assert time.monotonic() - began < deliveries.HELD + 1.5
        office.released.set()
        await draining
    assert await rows(world, "letter", "state") == [("consent_granted", "SENT"), ("opted_out", "SENT")]


CUT_OFF = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE datname = current_database()
AND wait_event_type = 'Lock'
"""


@pytest.mark.parametrize(
    ("table", "letter"), [("letters", LetterName.ERASURE_DENIED), ("subjects", LetterName.CONSENT_GRANTED)]
)
async def test_a_letter_whose_connection_to_postgresql_breaks_before_it_is_handed_over_is_in_no_doubt(
    world: World, table: str, letter: LetterName
) -> None:
    office = Office()
    offered = asyncio.Event()
    office.when_offered = lambda _: offered.set()
    subject_id = await person(world)
    if letter is LetterName.CONSENT_GRANTED:
        async with world.deed() as deed:
            await choices.grant(deed, Name("id", subject_id), "newsletter", Channel.WEBSITE, None)
    else:
        await owe(world, subject_id)
    async with worker(world, office) as sending:
        [claimed] = await claims.claim(world.database, world.keyring, "example.org", 1)
        delivery = sending.delivery()
        async with world.database.transaction() as connection:
            await connection.execute(f"SELECT FROM {table} FOR UPDATE")
            delivering = asyncio.create_task(delivery.send([claimed]))
            await offered.wait()

            async def is_cut_off() -> bool:
                async with world.database.writers.acquire() as other:
                    return bool(await other.fetch(CUT_OFF))

            await until(is_cut_off)
        await delivering
        assert await rows(world, "state", "handed_at", "lease") == [("QUEUED", None, None)]
        await due_again(world)
        await delivery.transport.close()
        await sending.drain()
    assert len(office.accepted) == 1
    assert await rows(world, "state") == [("SENT",)]


async def interleaved(world: World, people: int) -> None:
    """Let people leave at the very moments at which their letters are on their way; none may follow an opt-out.

    Every third leaves at any time. The others leave when the mail server hears of their letter, within the time that it
    takes to hand it over: before it is asked for the last time whether the letter may go, while it is held, or after.
    """
    office = Office()
    office.delay = 0.005
    left: dict[str, float] = {}
    addresses = [f"user{number}@example.com" for number in range(people)]
    for address in addresses:
        await person(world, address)
        async with world.deed() as deed:
            await choices.grant(deed, Name.email(address), "newsletter", Channel.WEBSITE, None)
    turn = asyncio.Semaphore(8)
    leaving: dict[str, asyncio.Task[None]] = {}

    async def leave(address: str, after: float) -> None:
        await asyncio.sleep(after)
        async with turn:
            async with world.deed() as deed:
                name = Name.email(address)
                await optouts.opt_out(deed, name, ["newsletter"], Channel.WEBSITE, is_confirmed=False)
            left[address] = time.time()

    def begin(address: str, after: float) -> None:
        if address not in leaving:
            leaving[address] = asyncio.create_task(leave(address, after))

    async with worker(world, office) as letters, asyncio.timeout(60 + people / 5):
        for address in addresses[::3]:
            begin(address, random.uniform(0, people / 100))
        office.when_offered = lambda address: begin(address, random.uniform(0, 0.02))
        async with running(letters):

            async def is_over() -> bool:
                return all(row[0] != "QUEUED" for row in await rows(world, "state"))

            await until(is_over, 60 + people / 5)
        await asyncio.gather(*leaving.values())
    states = [row[0] for row in await rows(world, "state")]
    late = [letter.recipient for letter in office.accepted if letter.at > left[letter.recipient]]
    assert late == []
    assert left.keys() == set(addresses)
    assert len(office.accepted) == len(set(office.addresses())) == states.count("SENT")
    assert states.count("SENT") + states.count("DROPPED") == people
    assert min(states.count("SENT"), states.count("DROPPED")) > people / 20


async def test_no_letter_is_accepted_after_its_opt_out_was_committed(world: World) -> None:
    await interleaved(world, 200)


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
async def test_no_letter_of_thousands_is_accepted_after_its_opt_out_was_committed(world: World) -> None:
    await interleaved(world, 4000)
