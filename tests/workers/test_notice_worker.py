"""Privacy officers get notices of access grants and tokens of people; a witness gets the head of the log once a day."""

import contextlib
import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from mailers.message import Sender
from mailers.transport_factory import create_transport_factory
from models.access import access_grants, tokens
from models.access.tokens import NewToken
from models.actors import Actor, Role
from models.audit.inclusion_proofs import parse
from models.audit.segments import SegmentSigner
from models.registration import registering
from models.registration.registering import Registration
from models.storage.clock import now
from models.storage.ids import Prefix, format_id
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work
from tests.conftest import World
from tests.mailers.fake_smtp import FakeSmtpServer, Fault, serve
from tests.models.audit.event_samples import append_at, read_by
from tests.models.audit.sample_log import seal_all
from tests.models.requests.erasure_requests import new_request, registered
from tests.models.unit_of_work import execute
from workers.notice_worker import CASES, NoticeWorker

pytestmark = pytest.mark.anyio
SENDER = Sender.read("Privacy <privacy@example.org>", None, "https://privacy.example.org")
OFFICERS = ["one@example.org", "two@example.org"]
AGENT = Actor("an agent", Role.SUPPORT, (Role.SUPPORT,), "case/1")


@contextlib.asynccontextmanager
async def worker(
    world: World, server: FakeSmtpServer, witness: str | None = None, **settings: int
) -> AsyncIterator[NoticeWorker]:
    async with serve(server) as port:
        url = f"smtp://127.0.0.1:{port}?starttls=never"
        transport = create_transport_factory(url, "example.org", reply_timeout=30, data_timeout=30)
        yield NoticeWorker(world.database, SENDER, transport, officers=OFFICERS, witness=witness, **settings)


async def new_grant(world: World) -> str:
    async with world.unit() as unit:
        person = await registering.register_or_complete(unit, Registration("ada@example.com"))
    async with unit_of_work(world.database, world.keyring, AGENT, "openAccessGrant") as unit:
        name = SubjectIdentifier.id(format_id(Prefix.SUBJECT, person))
        return format_id(Prefix.ACCESS_GRANT, await access_grants.open_access_grant(unit, name, 15))


async def test_every_officer_hears_of_a_grant_once(world: World) -> None:
    grant = await new_grant(world)
    server = FakeSmtpServer()
    async with worker(world, server) as notices:
        assert await notices.drain() == 1
        assert await notices.drain() == 0
    assert [letter.recipient for letter in server.accepted] == OFFICERS
    for letter in server.accepted:
        words = str(letter.message.get_body(("plain",)))
        assert grant in words
        assert "an agent" in words
        assert "case/1" in words
        assert "ada@" not in words


async def test_a_token_of_people_does_not_go_unseen(world: World) -> None:
    async with world.unit(Role.ADMIN) as unit:
        await tokens.issue_token(unit, NewToken("a script", [Role.ADMIN]))
        issued = await tokens.issue_token(unit, NewToken("myself", [Role.PRIVACY]))
    server = FakeSmtpServer()
    async with worker(world, server) as notices:
        assert await notices.drain() == 1
    words = str(server.accepted[0].message.get_body(("plain",)))
    assert format_id(Prefix.TOKEN, issued.token_id) in words
    assert "a test issued" in words
    assert issued.secret not in str(server.accepted[0].octets)


async def test_a_notice_that_cannot_be_sent_is_tried_again(world: World) -> None:
    await new_grant(world)
    server = FakeSmtpServer()
    server.order("DATA", Fault.HANG_UP)
    async with worker(world, server) as notices:
        assert await notices.drain() == 0
        assert await notices.drain() == 0
        async with world.database.transaction() as connection:
            await connection.execute("UPDATE notices SET due_at = now() - interval '1 second'")
        assert await notices.drain() == 1
    assert set(server.addresses()) == set(OFFICERS)


async def test_the_witness_gets_a_head_that_can_be_read_back(world: World) -> None:
    await new_grant(world)
    signer = SegmentSigner(SegmentSigner.generate())
    [*_, last] = await seal_all(world.database, signer)
    server = FakeSmtpServer()
    async with worker(world, server, "witness@example.net") as notices:
        await notices.drain()
        await notices.drain()
    heads = [letter for letter in server.accepted if letter.recipient == "witness@example.net"]
    assert len(heads) == 1
    body = heads[0].message.get_body(("plain",))
    assert body is not None
    [line] = [line for line in body.get_content().splitlines() if line.startswith("{")]
    assert parse(json.loads(line)).head == last.head


async def test_officers_hear_of_a_request_that_is_due_unless_it_has_ended(world: World) -> None:
    await registered(world)
    request = await new_request(world)
    await execute(world, "UPDATE rights_requests SET due_at = now()")
    server = FakeSmtpServer()
    async with worker(world, server) as notices:
        assert await notices.drain() == 2
        assert await notices.drain() == 0
    assert len(server.accepted) == 2 * len(OFFICERS)
    for letter in server.accepted:
        words = str(letter.message.get_body(("plain",)))
        assert format_id(Prefix.RIGHTS_REQUEST, request.id) in words
        assert "ada@" not in words


async def test_officers_are_warned_once_a_day_of_a_case_with_many_people(world: World) -> None:
    people = [UUID(int=number) for number in range(1, 5)]
    await append_at(world, now(), read_by(AGENT, *people), read_by(AGENT._replace(case="case/2"), *people[:3]))
    server = FakeSmtpServer()
    for limit, count in ((4, 0), (0, 0), (3, 1), (2, 1), (2, 0)):
        async with worker(world, server, people_per_case=limit) as notices:
            assert await notices.drain() == count
    assert CASES._value.get() == 2
    texts = [str(letter.message.get_body(("plain",))) for letter in server.accepted]
    assert len(texts) == 2 * len(OFFICERS)
    assert ["case/1" in text for text in texts] == [True, True, False, False]
    assert "The data of 4 people" in texts[0]
    assert "an agent" in texts[0]
