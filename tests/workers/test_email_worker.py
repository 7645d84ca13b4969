"""Workers send what is due over real SMTP: nothing is lost, nothing is repeated, and an opt-out is obeyed."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from mailers.transport import TransportUnavailable
from models.outbox import emails
from models.outbox.emails import EmailKind
from tests.conftest import World
from tests.mailers.fake_smtp import FakeSmtpServer, Fault
from tests.workers.outbox_workers import (
    email_rows,
    email_worker,
    enqueue,
    make_due,
    register,
    running,
    wait_until,
    wait_until_sent,
)
from workers.email_worker import BATCH

pytestmark = pytest.mark.anyio


async def database_time(world: World) -> datetime:
    async with world.database.readers.acquire() as connection:
        at: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return at


async def test_a_letter_is_sent_and_leaves_only_proof(world: World) -> None:
    server = FakeSmtpServer()
    await enqueue(world, await register(world))
    async with email_worker(world, server) as letters:
        assert await letters.drain() == 1
        assert await letters.drain() == 0
    [letter] = server.accepted
    assert (letter.sender, letter.recipient) == ("privacy@example.org", "user@example.com")
    [(state, code, address, context, message_id)] = await email_rows(
        world, "state", "reply_code", "address", "context", "message_id"
    )
    assert (state, code, address, context) == ("SENT", 250, None, None)
    assert letter.message["Message-ID"] == message_id


async def test_the_commit_of_a_mutation_calls_the_worker(world: World) -> None:
    server = FakeSmtpServer()
    subject_id = await register(world)
    async with email_worker(world, server) as letters, running(letters, poll=600):
        for number in range(3):
            await enqueue(world, subject_id, about=str(number))
            await wait_until_sent(world, number + 1)
    assert len(server.accepted) == 3


async def test_one_call_is_enough_for_as_many_loops_as_there_are_letters_for(world: World) -> None:
    server = FakeSmtpServer()
    server.may_answer.clear()
    subject_id = await register(world)
    content: dict[str, Any] = {"reason": "OTHER", "erasure_reason": "REQUESTED"}
    async with email_worker(world, server, smtp_timeout=60) as sending, running(sending, concurrency=8, poll=600):
        async with world.unit() as unit:
            for number in range(2 * BATCH + 1):
                await emails.enqueue(unit, EmailKind.ERASURE_DENIED, subject_id, f"request:{number:x}", **content)

        async def are_claimed() -> bool:
            return server.connections == 3

        await wait_until(are_claimed)
        server.may_answer.set()
        await wait_until_sent(world, 2 * BATCH + 1)
    assert server.connections == 3


async def test_greylisting_is_waited_out_under_the_same_message_id(world: World) -> None:
    server = FakeSmtpServer()
    server.order("RCPT", "450 4.2.0 greylisted")
    await enqueue(world, await register(world))
    async with email_worker(world, server) as letters:
        await letters.drain()
        [(state, code, attempts, first)] = await email_rows(world, "state", "reply_code", "attempts", "message_id")
        assert (state, code, attempts) == ("QUEUED", 450, 1)
        assert await letters.drain() == 0
        await make_due(world)
        await letters.drain()
    assert server.accepted[0].message["Message-ID"] == first


async def test_waits_grow_by_chance_up_to_two_hours_for_a_day(world: World) -> None:
    server = FakeSmtpServer()
    await enqueue(world, await register(world))
    async with email_worker(world, server) as letters:
        for number in range(12):
            server.order("RCPT", "451 4.3.0 not now")
            before = await database_time(world)
            await letters.drain()
            after = await database_time(world)
            [(due_at,)] = await email_rows(world, "due_at")
            expected = timedelta(seconds=min(7200, 30 * 2**number))
            assert due_at - before >= expected * 0.5
            assert due_at - after <= expected * 1.5
            await make_due(world)
        async with world.database.transaction() as connection:
            await connection.execute("UPDATE letters SET posted_at = posted_at - interval '25 hours'")
        server.order("RCPT", "451 4.3.0 not now")
        await letters.drain()
    assert await email_rows(world, "state", "reason", "reply_code") == [("FAILED", "GAVE_UP", 451)]


async def test_an_address_that_is_refused_is_written_to_no_more(world: World) -> None:
    server = FakeSmtpServer()
    server.order("RCPT", "550 5.1.1 no such user")
    subject_id = await register(world)
    await enqueue(world, subject_id)
    async with email_worker(world, server) as letters:
        await letters.drain()
        await enqueue(world, subject_id, about="2")
        await letters.drain()
    assert await email_rows(world, "state", "reason", "reply_code") == [
        ("FAILED", "ADDRESS_REFUSED", 550),
        ("DROPPED", "ADDRESS_STOPPED", None),
    ]


async def test_a_letter_that_is_refused_says_nothing_about_its_address(world: World) -> None:
    server = FakeSmtpServer()
    server.order("DATA", "554 5.6.0 not this letter")
    subject_id = await register(world)
    await enqueue(world, subject_id)
    async with email_worker(world, server) as letters:
        await letters.drain()
        await enqueue(world, subject_id, about="2")
        await letters.drain()
    assert await email_rows(world, "state", "reason") == [("FAILED", "LETTER_REFUSED"), ("SENT", None)]


async def test_a_letter_without_an_answer_is_shown_to_the_operator(world: World) -> None:
    server = FakeSmtpServer()
    server.order("DATA", Fault.ACCEPT_AND_HANG_UP)
    await enqueue(world, await register(world))
    async with email_worker(world, server) as letters:
        await letters.drain()
        await make_due(world)
        assert await letters.drain() == 0
    assert await email_rows(world, "state", "reason") == [("UNCERTAIN", "NO_ANSWER")]
    assert len(server.accepted) == 1


async def test_a_letter_without_an_answer_is_repeated_when_that_does_no_harm(world: World) -> None:
    server = FakeSmtpServer()
    server.order("DATA", Fault.ACCEPT_AND_HANG_UP)
    await enqueue(world, await register(world), EmailKind.ERASURE_SCHEDULED)
    async with email_worker(world, server) as letters:
        await letters.drain()
        assert await email_rows(world, "state") == [("QUEUED",)]
        await make_due(world)
        await letters.drain()
    assert await email_rows(world, "state") == [("SENT",)]
    first, second = server.accepted
    assert first.octets == second.octets


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT"])
@pytest.mark.parametrize("misdeed", [Fault.STALL, Fault.HANG_UP, Fault.HALF_A_LINE, "421 4.3.2 closing"])
async def test_a_server_that_fails_before_the_letter_loses_nothing(
    world: World, command: str, misdeed: Fault | str
) -> None:
    server = FakeSmtpServer()
    subject_id = await register(world)
    for number in range(3):
        await enqueue(world, subject_id, about=str(number))
    async with email_worker(world, server, smtp_timeout=0.3) as impatient:
        server.order(command, misdeed)
        with pytest.raises(TransportUnavailable):
            await impatient.drain()
    assert [row[0] for row in await email_rows(world, "state")] == ["QUEUED"] * 3
    await make_due(world)
    server.orders.clear()
    async with email_worker(world, server) as letters:
        await letters.drain()
    assert (len(server.accepted), len({letter.octets for letter in server.accepted})) == (3, 3)
    assert await email_rows(world, "state") == [("SENT",)] * 3


async def test_a_letter_at_which_the_server_always_fails_does_not_stop_the_others(world: World) -> None:
    server = FakeSmtpServer()
    for number in range(3):
        await enqueue(world, await register(world, f"user{number}@example.com"))
    async with email_worker(world, server) as letters:
        for _ in range(2):
            server.order("RCPT", Fault.HANG_UP)
            with pytest.raises(TransportUnavailable):
                await letters.drain()
        assert await letters.drain() == 1
    assert server.addresses() == ["user2@example.com"]
    assert await email_rows(world, "state", "attempts") == [("QUEUED", 1), ("QUEUED", 1), ("SENT", 1)]


async def test_while_nobody_is_at_the_mail_server_no_letter_uses_up_its_tries(world: World) -> None:
    server = FakeSmtpServer()
    await enqueue(world, await register(world))
    async with email_worker(world, server) as letters:
        pass
    for _ in range(3):
        with pytest.raises(TransportUnavailable):
            await letters.drain()
    assert await email_rows(world, "state", "attempts") == [("QUEUED", 0)]


async def test_the_worker_takes_up_again_when_the_mail_server_is_back(world: World) -> None:
    server = FakeSmtpServer()
    await enqueue(world, await register(world))
    server.order("EHLO", Fault.HANG_UP)
    async with email_worker(world, server) as letters, running(letters, concurrency=1, poll=0.2):

        async def is_tried_again() -> bool:
            async with world.database.transaction() as connection:
                await connection.execute("UPDATE letters SET due_at = clock_timestamp() WHERE lease IS NULL")
            return bool(server.accepted)

        await wait_until(is_tried_again)
        await wait_until_sent(world)


async def test_a_worker_that_is_stopped_sees_its_letter_through_and_gives_the_others_back(world: World) -> None:
    server = FakeSmtpServer()
    server.may_answer.clear()
    subject_id = await register(world)
    for number in range(5):
        await enqueue(world, subject_id, about=str(number))
    async with email_worker(world, server, smtp_timeout=60) as letters:
        task = asyncio.create_task(letters.run(concurrency=1))

        async def is_handed_over() -> bool:
            return any(row[0] for row in await email_rows(world, "handed_at"))

        await wait_until(is_handed_over)
        task.cancel()
        await asyncio.sleep(0)
        server.may_answer.set()
        with suppress(asyncio.CancelledError):
            await task
        sent = [row[0] for row in await email_rows(world, "state")].count("SENT")
        assert sent == len(server.accepted) == 1
        assert all(row == (None, None) for row in await email_rows(world, "lease", "handed_at"))
        await letters.drain()
    assert len(server.accepted) == len({letter.octets for letter in server.accepted}) == 5
