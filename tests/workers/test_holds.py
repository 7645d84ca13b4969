"""A letter that a purpose governs and the person's opt-out from it: whichever is first, the other one sees it."""

import asyncio
import random
import time

import pytest

from models.consent import opt_outs, recording
from models.consent.ledger import Channel
from models.delivery import claims
from models.outbox.emails import EmailKind
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.mailers.fake_smtp import FakeSmtpServer, Fault
from tests.workers.outbox_workers import email_rows, email_worker, enqueue, make_due, register, running, wait_until

pytestmark = pytest.mark.anyio


async def test_a_letter_governed_by_a_purpose_carries_the_one_click_link_and_others_do_not(world: World) -> None:
    server = FakeSmtpServer()
    await enqueue(world, await register(world))
    async with world.unit() as unit:
        await recording.grant_consent(
            unit, SubjectIdentifier.email("user@example.com"), "newsletter", Channel.WEBSITE, None
        )
    async with email_worker(world, server) as letters:
        await letters.drain()
    messages = {letter.message["Subject"]: letter.message for letter in server.accepted}
    plain, governed = messages["About your request to erase your data"], messages["Thank you for agreeing"]
    assert plain["List-Unsubscribe"] is None
    assert governed["List-Unsubscribe"].startswith("<https://privacy.example.org/u/")
    assert governed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_slow_mail_server_holds_an_opt_out_up_for_a_bounded_time(world: World) -> None:
    server = FakeSmtpServer()
    server.order("DATA", Fault.STALL)
    name = SubjectIdentifier.email("user@example.com")
    await register(world)
    async with world.unit() as unit:
        await recording.grant_consent(unit, name, "newsletter", Channel.WEBSITE, None)
    async with email_worker(world, server, smtp_timeout=60) as letters:
        draining = asyncio.create_task(letters.drain())

        async def is_stalled() -> bool:
            return not server.orders["DATA"]

        await wait_until(is_stalled)
        async with world.unit() as unit:
            await opt_outs.opt_out(unit, name, ["newsletter"], Channel.WEBSITE)
        assert not draining.done(), "the opt-out was committed while the server had not answered"
        server.released.set()
        await draining
    assert await email_rows(world, "letter", "state") == [("consent_granted", "SENT"), ("opted_out", "SENT")]


CUT_OFF = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE datname = current_database()
AND wait_event_type = 'Lock'
"""


@pytest.mark.parametrize(
    ("table", "letter"), [("letters", EmailKind.ERASURE_DENIED), ("subjects", EmailKind.CONSENT_GRANTED)]
)
async def test_a_letter_whose_connection_to_postgresql_breaks_before_it_is_handed_over_is_in_no_doubt(
    world: World, table: str, letter: EmailKind
) -> None:
    server = FakeSmtpServer()
    offered = asyncio.Event()
    server.when_offered = lambda _: offered.set()
    subject_id = await register(world)
    if letter is EmailKind.CONSENT_GRANTED:
        async with world.unit() as unit:
            await recording.grant_consent(
                unit, SubjectIdentifier("id", subject_id), "newsletter", Channel.WEBSITE, None
            )
    else:
        await enqueue(world, subject_id)
    async with email_worker(world, server) as sending:
        [claimed] = await claims.claim(world.database, world.keyring, "example.org", 1)
        delivery = sending.delivery()
        async with world.database.transaction() as connection:
            await connection.execute(f"SELECT FROM {table} FOR UPDATE")
            delivering = asyncio.create_task(delivery.send([claimed]))
            await offered.wait()

            async def is_cut_off() -> bool:
                async with world.database.writers.acquire() as other:
                    return bool(await other.fetch(CUT_OFF))

            await wait_until(is_cut_off)
        await delivering
        assert await email_rows(world, "state", "handed_at", "lease") == [("QUEUED", None, None)]
        await make_due(world)
        await delivery.transport.close()
        await sending.drain()
    assert len(server.accepted) == 1
    assert await email_rows(world, "state") == [("SENT",)]


async def interleaved(world: World, people: int) -> None:
    """Opt people out while their letters are being delivered; no delivery may start after an opt-out.

    Of ten subjects one opts out before the first email and one after the last. Three opt out at any time. The others
    opt out when the mail server gets the recipient: before the last check, while the email is held, or after it.
    """
    server = FakeSmtpServer()
    server.delay = 0.005
    left: dict[str, float] = {}
    addresses = [f"user{number}@example.com" for number in range(people)]
    for address in addresses:
        await register(world, address)
        async with world.unit() as unit:
            await recording.grant_consent(unit, SubjectIdentifier.email(address), "newsletter", Channel.WEBSITE, None)
    last = addresses[5::10]
    turn = asyncio.Semaphore(8)
    leaving: dict[str, asyncio.Task[None]] = {}

    async def leave(address: str, after: float) -> None:
        await asyncio.sleep(after)
        async with turn:
            async with world.unit() as unit:
                name = SubjectIdentifier.email(address)
                await opt_outs.opt_out(unit, name, ["newsletter"], Channel.WEBSITE, sends_confirmation=False)
            left[address] = time.time()

    def begin(address: str, after: float) -> None:
        if address not in leaving and address not in last:
            leaving[address] = asyncio.create_task(leave(address, after))

    async with email_worker(world, server) as letters, asyncio.timeout(60 + people / 5):
        for address in addresses[::10]:
            begin(address, 0)
        await asyncio.gather(*leaving.values())
        for address in addresses[::3]:
            begin(address, random.uniform(0, people / 100))
        server.when_offered = lambda address: begin(address, random.uniform(0, 0.02))
        async with running(letters):

            async def is_over() -> bool:
                return all(row[0] != "QUEUED" for row in await email_rows(world, "state"))

            await wait_until(is_over, 60 + people / 5)
        await asyncio.gather(*leaving.values(), *(leave(address, 0) for address in last))
    states = [row[0] for row in await email_rows(world, "state")]
    late = [letter.recipient for letter in server.accepted if letter.at > left[letter.recipient]]
    assert late == []
    assert left.keys() == set(addresses)
    assert len(server.accepted) == len(set(server.addresses())) == states.count("SENT")
    assert states.count("SENT") + states.count("DROPPED") == people
    assert min(states.count("SENT"), states.count("DROPPED")) > people / 20


@pytest.mark.parametrize("people", [40, 200])
async def test_no_letter_is_accepted_after_its_opt_out_was_committed(world: World, people: int) -> None:
    await interleaved(world, people)


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
async def test_no_letter_of_thousands_is_accepted_after_its_opt_out_was_committed(world: World) -> None:
    await interleaved(world, 4000)
