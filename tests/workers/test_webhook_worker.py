"""Systems get signed webhooks; no step is lost when they answer wrongly, late, twice or never."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from models.actors import Role
from models.consent.ledger import Channel
from models.erasure import requesting, steps, systems
from models.erasure.systems import SystemRow
from models.exports import planning
from models.registration import registering
from models.registration.registering import Registration
from models.requests import opening
from models.requests.intake import ErasureOptions
from models.requests.opening import RequestOptions
from models.requests.states import RequestKind
from models.requests.vocabulary import ErasureReason, IdentityCheck, IdentityProof
from models.storage.ids import Prefix, format_id
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.exports.parts import hand_in
from tests.tls_certificates import Authority
from workers.erasure_worker import ErasureWorker
from workers.webhook_client import WebhookClient
from workers.webhook_worker import WebhookWorker

pytestmark = pytest.mark.anyio
NOW = ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED, ErasureReason.REQUESTED, immediately=True)


class System:
    """An internal system over real HTTP: it keeps what it receives, and answers as the test sets."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answer = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        self.waits = asyncio.Event()
        self.waits.set()
        self.url = ""

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        sent = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in head[1:] if line}
        self.heard.append((sent, await reader.readexactly(int(headers["content-length"]))))
        await self.waits.wait()
        with contextlib.suppress(OSError):
            writer.write(self.answer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    def refuses(self, status: int) -> None:
        self.answer = f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()


@pytest.fixture
async def forum(world: World) -> AsyncIterator[System]:
    system = System()
    server = await asyncio.start_server(system.meet, "127.0.0.1", 0)
    system.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", system.url, is_always_concerned=False)
    yield system
    system.waits.set()
    server.close()
    await server.wait_closed()


def eraser(world: World) -> ErasureWorker:
    return ErasureWorker(world.database, world.keyring, issuer="https://x.example.com", backup_life=timedelta(days=1))


def teller(world: World, timeout: float = 5, **options: Any) -> WebhookWorker:
    client = WebhookClient(world.keyring.master_keys, timeout=timeout, **options)
    return WebhookWorker(world.database, world.keyring, client)


async def begun(world: World) -> UUID:
    """Erase a person here who has an account in the forum; return the forum's step."""
    async with world.unit() as unit:
        await registering.register_or_complete(unit, Registration("ada@example.com", account=("forum", "ada-1")))
    async with world.unit(Role.ADMIN) as unit:
        await requesting.request_erasure(unit, SubjectIdentifier.email("ada@example.com"), NOW)
    await eraser(world).drain()
    step_id: UUID = (await step(world))["id"]
    return step_id


async def step(world: World) -> Any:
    async with world.database.readers.acquire() as connection:
        return await connection.fetchrow("SELECT * FROM erasure_steps")


async def due_again(world: World, **columns: str) -> None:
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE erasure_steps SET next_attempt_at = now() WHERE state = 'PENDING'")
        for name, sql in columns.items():
            await connection.execute(f"UPDATE erasure_steps SET {name} = {sql}")


async def completed(world: World, step_id: UUID) -> str:
    async with world.unit(Role.SERVICE) as unit:
        await steps.complete_erasure_step(unit, step_id, 7)
    await eraser(world).drain()
    async with world.database.readers.acquire() as connection:
        return str(await connection.fetchval("SELECT state FROM rights_requests"))


async def test_a_webhook_names_the_person_and_its_signature_can_be_checked(world: World, forum: System) -> None:
    step_id = await begun(world)
    assert await teller(world).round() == 1
    [(headers, body)] = forum.heard
    payload = json.loads(body)
    assert payload["type"] == "erasure.requested"
    assert payload["data"]["stepId"] == headers["webhook-id"] == format_id(Prefix.ERASURE_STEP, step_id)
    assert payload["data"]["accountReference"] == "ada-1"
    assert payload["data"]["references"] == ["ada-1"]
    assert payload["data"]["subjectId"] == format_id(Prefix.SUBJECT, (await step(world))["subject_id"])
    shown = systems.display_secret(world.keyring.master_keys, SystemRow("forum", forum.url, False, 1))
    secret = base64.b64decode(shown.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert await teller(world).round() == 0
    assert await completed(world, step_id) == "COMPLETED"


@pytest.mark.parametrize(
    "url", ["https://h:99999/", "https://10.0.0.1/hook", "https://h.example/\r\nx: y", "http://[", "https://h.invalid/"]
)
async def test_an_address_that_is_not_permitted_holds_up_no_other_system(world: World, forum: System, url: str) -> None:
    await begun(world)
    async with world.database.transaction() as connection:
        await connection.execute("INSERT INTO systems VALUES ('search', $1, false, 1, now())", url)
        await connection.execute(
            "INSERT INTO erasure_steps SELECT (jsonb_populate_record(s, jsonb_build_object("
            "'id', gen_random_uuid(), 'system', 'search', 'next_attempt_at', now() - interval '1 s'))).* "
            "FROM erasure_steps AS s WHERE system = 'forum'"
        )
    assert await teller(world).round() == 2
    assert len(forum.heard) == 1
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT system, error IS NULL AS sent FROM erasure_steps ORDER BY system")
    assert [(row["system"], row["sent"]) for row in rows] == [("forum", True), ("search", False)]


async def test_a_webhook_goes_to_no_private_network_that_is_not_permitted(world: World, forum: System) -> None:
    step_id = await begun(world)
    await teller(world, networks=()).round()
    assert forum.heard == []
    assert (await step(world))["id"] == step_id
    assert (await step(world))["error"] is not None


@pytest.mark.parametrize("status", [500, 503, 404, 410, 302])
async def test_a_refused_webhook_is_repeated_later_under_the_same_id(world: World, forum: System, status: int) -> None:
    step_id = await begun(world)
    forum.refuses(status)
    await teller(world).round()
    step_row = await step(world)
    assert (step_row["state"], step_row["attempts"]) == ("PENDING", 1)
    async with world.keyring.pool.acquire() as ring:
        key = (await world.keyring.of_subjects(ring, [step_row["request_id"]]))[step_row["request_id"]]
    assert key
    assert steps.ERROR.decrypt(key, step_row["error"]) == f"HTTP {status}"
    await due_again(world)
    await teller(world).round()
    assert forum.heard[0][0]["webhook-id"] == forum.heard[1][0]["webhook-id"]
    assert await completed(world, step_id) == "COMPLETED"


async def test_a_system_that_always_refuses_is_notified_until_the_retry_period_ends(
    world: World, forum: System
) -> None:
    await begun(world)
    forum.refuses(500)
    for _ in range(10):
        await due_again(world)
        await teller(world).round()
    await due_again(world, give_up_at="now()")
    await teller(world).round()
    assert (await step(world))["state"] == "FAILED"
    assert len(forum.heard) == 10


async def test_a_system_that_never_answers_fails_after_three_days_and_may_be_retried(
    world: World, forum: System
) -> None:
    await begun(world)
    forum.waits.clear()
    await teller(world, 0.2).round()
    step_row = await step(world)
    assert step_row["state"] == "PENDING"
    assert step_row["give_up_at"] - step_row["created_at"] == timedelta(days=3)
    await due_again(world, give_up_at="now()")
    await teller(world, 0.2).round()
    assert (await step(world))["state"] == "FAILED"
    async with world.unit(Role.PRIVACY) as unit:
        await requesting.retry_erasure(unit, step_row["request_id"])
    forum.waits.set()
    heard = len(forum.heard)
    await teller(world).round()
    assert len(forum.heard) == heard + 1
    assert await completed(world, step_row["id"]) == "COMPLETED"


async def test_a_system_that_completes_before_it_answers_gets_no_second_webhook(world: World, forum: System) -> None:
    step_id = await begun(world)
    forum.waits.clear()
    delivery = asyncio.create_task(teller(world, 60).round())
    while not forum.heard:  # noqa: ASYNC110 -- the system sends no event
        await asyncio.sleep(0.01)
    assert await completed(world, step_id) == "COMPLETED"
    forum.refuses(500)
    forum.waits.set()
    await delivery
    assert await teller(world).round() == 0
    assert (await step(world))["error"] is None


async def test_tellers_racing_tell_once(world: World, forum: System) -> None:
    await begun(world)
    assert sum(await asyncio.gather(*(teller(world).round() for _ in range(5)))) == 1
    assert len(forum.heard) == 1


@pytest.mark.parametrize(
    ("certified", "is_trusted", "is_heard"),
    [("localhost", True, True), ("other.example", True, False), ("localhost", False, False)],
)
async def test_a_webhook_to_a_checked_address_verifies_the_name_of_its_host(
    world: World, tmp_path: Path, certified: str, *, is_trusted: bool, is_heard: bool
) -> None:
    system, authority, names = System(), Authority(tmp_path), []
    tls = authority.server_context(certified)
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    server = await asyncio.start_server(system.meet, "127.0.0.1", 0, ssl=tls)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}/hook"
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", url, is_always_concerned=False)
    await begun(world)
    authorities = authority.file if is_trusted else None
    worker = teller(world, 20, authorities=authorities)
    assert await worker.round() == 1
    server.close()
    await server.wait_closed()
    assert names == ["localhost"], "the name is sent, though the connection goes to an address"
    assert [head["host"].partition(":")[0] for head, _ in system.heard] == ["localhost"] * is_heard
    assert ((await step(world))["error"] is None) is is_heard


async def test_a_name_whose_address_changes_after_the_check_leads_into_no_other_network(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, private, authority = System(), System(), Authority(tmp_path)
    tls = authority.server_context("hook.example.com")
    server = await asyncio.start_server(system.meet, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    other = await asyncio.start_server(private.meet, "127.0.0.2", port, ssl=tls)
    answers = ["127.0.0.1", "127.0.0.2", "127.0.0.2"]
    hosts: list[str] = []

    async def changing(host: str, port: int, **_: Any) -> list[Any]:
        hosts.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[min(len(hosts), 3) - 1], port))]

    async with world.database.transaction() as connection:
        url = f"https://hook.example.com:{port}/hook"
        await systems.register(connection, "forum", url, is_always_concerned=False)
    await begun(world)
    client = WebhookClient(world.keyring.master_keys, networks=[ip_network("127.0.0.1/32")], authorities=authority.file)
    async with world.database.readers.acquire() as connection:
        row = (await systems.all_systems(connection, [None]))[None][0]
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", changing)
    assert await client.send(row, "msg_1", b"{}") is None
    assert hosts == ["hook.example.com"], "the connection does not ask for the address again"
    assert "not sent" in (await client.send(row, "msg_2", b"{}") or "")
    monkeypatch.undo()
    for each in (server, other):
        each.close()
        await each.wait_closed()
    assert (len(system.heard), private.heard) == (1, [])


async def test_an_export_step_is_announced_until_the_part_is_handed_in(world: World, forum: System) -> None:
    async with world.unit() as unit:
        await registering.register_or_complete(unit, Registration("ada@example.com", account=("forum", "ada-1")))
    async with world.unit(Role.SUPPORT) as unit:
        options = RequestOptions(RequestKind.ACCESS, Channel.EMAIL, IdentityCheck.ATTESTED)
        await opening.open_request(unit, SubjectIdentifier.email("ada@example.com"), options)
    assert await planning.plan_exports(world.database, world.keyring, 10) == 1
    forum.refuses(503)
    assert await teller(world).round() == 1
    assert await teller(world).round() == 0, "the next attempt is later"
    forum.refuses(204)
    again = "UPDATE export_steps SET next_attempt_at = now() WHERE state = 'PENDING'"
    async with world.database.writers.acquire() as connection:
        await connection.execute(again)
    assert await teller(world).round() == 1
    headers, body = forum.heard[-1]
    message = json.loads(body)
    assert message["type"] == "export.requested"
    assert message["data"]["references"] == ["ada-1"]
    assert message["data"]["kind"] == "ACCESS"
    assert message["data"]["path"] == f"/exports/{headers['webhook-id']}"
    await hand_in(world, "forum", b"{}")
    async with world.database.writers.acquire() as connection:
        await connection.execute(again)
    assert await teller(world).round() == 0
