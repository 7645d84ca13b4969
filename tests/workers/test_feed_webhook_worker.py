"""Subscribed systems get each change of the feed in order, also when they answer wrongly or never, and after kills."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.systems import visible_change_fields
from models.actors import Role
from models.consent import changes
from models.consent.changes import FeedStart
from models.erasure import systems
from models.erasure.systems import SystemRow
from models.feed import deliveries, subscriptions
from models.feed.subscriptions import SubscriptionRow
from models.storage.ids import Prefix, format_id
from tests.cli.commands import start
from tests.conftest import Databases, World
from tests.models.unit_of_work import execute, granted, refused, registered
from tests.workers.test_webhook_worker import System
from workers.change_sequencer import ChangeSequencer
from workers.feed_webhook_worker import FeedWebhookWorker, message
from workers.webhook_client import WebhookClient

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def subscribed(
    world: World, name: str, role: Role = Role.STORE, start: FeedStart = FeedStart.BEGINNING
) -> AsyncIterator[System]:
    system = System()
    server = await asyncio.start_server(system.meet, "127.0.0.1", 0)
    system.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with world.database.transaction() as connection:
        await systems.register(connection, name, system.url, is_always_concerned=False)
        await subscriptions.subscribe(connection, name, role, start)
    yield system
    system.waits.set()
    server.close()
    await server.wait_closed()


@pytest.fixture
async def shop(world: World) -> AsyncIterator[System]:
    async with subscribed(world, "shop") as system:
        yield system


def sender(world: World, timeout: float = 5) -> FeedWebhookWorker:
    client = WebhookClient(world.keyring.master_keys, timeout=timeout)
    return FeedWebhookWorker(world.database, client, visible_change_fields())


async def make_changes(world: World, count: int) -> list[str]:
    """Make choices of two people in turn, and return their ids."""
    people = [await registered(world, f"user{number}@example.com") for number in range(2)]
    for number in range(count):
        who = people[number % 2]
        await (refused if number // 2 % 2 else granted)(world, who)
    await ChangeSequencer(world.database).drain()
    return [format_id(Prefix.SUBJECT, who) for who in people]


async def make_due(world: World) -> None:
    await execute(world, "UPDATE feed_subscriptions SET next_attempt_at = now()")


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await condition():
            return
        await asyncio.sleep(0.01)


async def arrived(world: World, complete: System, begun: System | None = None, count: int = 0) -> bool:
    """Return whether one system has heard all changes, and the other more than so many messages."""
    return (begun is None or len(begun.heard) > count) and distinct(complete.heard) == await positions(world)


async def nothing_waits(world: World) -> bool:
    return not any(row.waiting for row in await states(world))


async def states(world: World) -> list[SubscriptionRow]:
    async with world.database.readers.acquire() as connection:
        return await subscriptions.all_subscriptions(connection)


async def positions(world: World) -> list[int]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT position FROM consent_changes ORDER BY position")
    return [row[0] for row in rows]


def changes_of(heard: Sequence[tuple[dict[str, str], bytes]]) -> list[dict[str, Any]]:
    return [change for _, body in heard for change in json.loads(body)["data"]["changes"]]


def position_of(change: dict[str, Any]) -> int:
    return int(change["id"].rpartition("-")[2])


def distinct(heard: Sequence[tuple[dict[str, str], bytes]]) -> list[int]:
    """Return the positions in the order of their first arrival."""
    return list(dict.fromkeys(map(position_of, changes_of(heard))))


async def test_the_changes_arrive_in_order_signed_and_once(world: World, shop: System) -> None:
    people = await make_changes(world, 5)
    assert await sender(world).round() == 1
    [(headers, body)] = shop.heard
    payload = json.loads(body)
    assert (payload["type"], payload["data"]["system"]) == ("consent.changed", "shop")
    assert payload["data"]["startsOver"] is False
    shown = [(change["subjectId"], change["state"]) for change in payload["data"]["changes"]]
    assert sorted(shown) == sorted(
        [*((who, state) for who in people for state in ("GRANTED", "WITHDRAWN")), (people[0], "GRANTED")]
    )
    assert [state for who, state in shown if who == people[0]] == ["GRANTED", "WITHDRAWN", "GRANTED"]
    assert payload["data"]["changes"][0].keys() == {"id", "at", "subjectId", "kind", "purpose", "state"}
    assert [change["kind"] for change in changes_of(shop.heard)] == ["CHOICE"] * 5

    secret = systems.display_secret(world.keyring.master_keys, SystemRow("shop", shop.url, False, 1))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"

    assert await sender(world).round() == 0
    assert states_without_error(await states(world)) == [("shop", "STORE", 0)]
    await refused(world, (await registered(world, "user0@example.com")))
    await ChangeSequencer(world.database).drain()
    assert await sender(world).round() == 1
    assert distinct(shop.heard) == await positions(world)


def states_without_error(rows: Sequence[SubscriptionRow]) -> list[tuple[str, str, int]]:
    assert not [row.error for row in rows if row.error]
    return [(row.name, row.role, row.waiting) for row in rows]


async def test_many_changes_are_cut_into_messages(world: World, shop: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "BATCH", 4)
    await make_changes(world, 10)
    assert await sender(world).round() == 3
    assert [len(json.loads(body)["data"]["changes"]) for _, body in shop.heard] == [4, 4, 2]
    assert list(map(position_of, changes_of(shop.heard))) == await positions(world)


async def test_a_refused_message_is_repeated_with_the_same_id_and_changes(world: World, shop: System) -> None:
    await make_changes(world, 3)
    shop.refuses(503)
    assert await sender(world).round() == 0
    [state] = await states(world)
    assert (state.waiting >= 3, state.attempts, state.error) == (True, 1, "HTTP 503")
    assert await sender(world).round() == 0, "it waits for its next attempt"
    assert len(shop.heard) == 1
    await refused(world, await registered(world, "user9@example.com"))
    await ChangeSequencer(world.database).drain()
    await make_due(world)
    shop.answer = System().answer
    assert await sender(world).round() == 2
    first, second, third = shop.heard
    assert first[0]["webhook-id"] == second[0]["webhook-id"] != third[0]["webhook-id"]
    assert first[1] == second[1]
    assert distinct(shop.heard) == await positions(world)


async def test_a_system_that_does_not_answer_holds_up_no_other_and_keeps_its_place(world: World, shop: System) -> None:
    async with subscribed(world, "silent") as silent:
        silent.waits.clear()
        await execute(world, "INSERT INTO systems VALUES ('gone', 'http://127.0.0.1:1/', false, 1, now())")
        async with world.database.transaction() as connection:
            await subscriptions.subscribe(connection, "gone", Role.SERVICE, FeedStart.BEGINNING)
        await make_changes(world, 3)
        task = asyncio.create_task(sender(world, timeout=60).run(poll=0.01))
        await until(lambda: arrived(world, shop, silent))
        await refused(world, await registered(world, "user9@example.com"))
        await ChangeSequencer(world.database).drain()
        await until(lambda: arrived(world, shop))
        assert len(silent.heard) == 1, "its first message is still under way"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    gone, _, quiet = await states(world)
    assert (gone.error, gone.waiting >= 4) == ("no answer (ConnectError)", True)
    assert quiet.waiting >= 4


async def test_what_was_pruned_or_renumbered_makes_a_system_start_over(world: World, shop: System) -> None:
    await make_changes(world, 3)
    assert await sender(world).round() == 1
    async with world.database.transaction() as connection:
        await changes.renew_feed(connection)
    assert await sender(world).round() == 1
    await refused(world, await registered(world, "user9@example.com"))
    await ChangeSequencer(world.database).drain()
    assert await sender(world).round() == 1
    assert [json.loads(body)["data"]["startsOver"] for _, body in shop.heard] == [False, True, False]
    assert len({change["id"] for change in changes_of(shop.heard)}) == 3 + 3 + 1
    await make_changes(world, 4)
    await execute(world, "UPDATE consent_changes SET noted_at = now() - interval '1 year'")
    await refused(world, await registered(world, "last@example.com"))
    await ChangeSequencer(world.database).drain()
    async with world.database.transaction() as connection:
        assert await changes.prune_changes(connection, 100)
    assert await sender(world).round() == 1
    last = json.loads(shop.heard[-1][1])["data"]
    assert (last["startsOver"], len(last["changes"])) == (True, 1)
    await execute(world, "UPDATE change_feed SET pruned_position = 0")


async def test_a_role_sees_the_fields_that_the_policy_shows_it(world: World, shop: System) -> None:
    assert set(visible_change_fields()) == {Role.STORE, Role.SYNC, Role.SERVICE, Role.ADMIN}
    await make_changes(world, 1)
    [delivery] = await deliveries.claim(world.database, [Role.STORE], sender(world)._lease, 1)
    [change] = message(delivery, frozenset({"subjectId", "kind"}))["data"]["changes"]
    assert change.keys() == {"id", "subjectId", "kind"}
    await make_due(world)
    client = WebhookClient(world.keyring.master_keys)
    worker = FeedWebhookWorker(world.database, client, {Role.SYNC: frozenset({"kind"}), Role.STORE: frozenset()})
    assert await worker.round() == 0, "a role that may see nothing gets nothing"
    assert shop.heard == []


@pytest.mark.timeout(120)
async def test_a_killed_worker_loses_no_change_and_repeats_under_the_same_id(
    world: World, shop: System, databases: Databases, tmp_path: Path
) -> None:
    async with subscribed(world, "forum", Role.SERVICE) as forum:
        for turn in range(3):
            await make_changes(world, 6)
            await make_due(world)
            shop.waits.clear()
            before = len(shop.heard)
            worker = await start("work", on=databases, at=tmp_path)
            await until(lambda: arrived(world, forum, shop, before))  # noqa: B023 -- awaited here
            await worker.kill()
            assert len(shop.heard) == before + 1, f"one message at a time, in turn {turn}"
            shop.waits.set()
        await make_due(world)
        worker = await start("work", on=databases, at=tmp_path)
        await until(lambda: nothing_waits(world))
        await worker.kill()
    expected = await positions(world)
    assert distinct(shop.heard) == distinct(forum.heard) == expected
    by_id: dict[str, set[bytes]] = {}
    for headers, body in shop.heard:
        by_id.setdefault(headers["webhook-id"], set()).add(body)
    assert all(len(bodies) == 1 for bodies in by_id.values()), "a repetition has the same content"
    assert len(shop.heard) > len(by_id), "the killed workers' messages were repeated"
