"""Tests of the change feed as a service reads it."""

import asyncio

from models.storage.database import Database
from tests.conftest import Api, Databases
from workers.change_sequencer import ChangeSequencer

CHANGES = """
query($after: Cursor, $start: FeedStart! = BEGINNING, $first: Int) {
  consentChanges(after: $after, start: $start, first: $first) {
    edges { node { at subjectId kind purpose state } cursor }
    pageInfo { hasNextPage endCursor }
  }
}
"""
GRANT = """
mutation($who: SubjectBy!) { grantConsent(subject: $who, purpose: "newsletter", channel: WEBSITE) { effectiveAt } }
"""


def place(databases: Databases) -> None:
    async def run() -> None:
        database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=2, timeout=10)
        await ChangeSequencer(database).drain()
        await database.close()

    asyncio.run(run())


def test_a_service_follows_the_feed_by_its_cursors(api: Api, databases: Databases) -> None:
    people = [api.register(f"user{index}@example.com") for index in range(3)]
    before = api.ask("STORE", CHANGES, start="NOW").data["consentChanges"]["pageInfo"]
    assert before["hasNextPage"] is False
    times = [api.ask("STORE", GRANT, who={"id": who}).data["grantConsent"]["effectiveAt"] for who in people]
    place(databases)
    first = api.ask("STORE", CHANGES, after=before["endCursor"], first=2).data["consentChanges"]
    assert first["pageInfo"]["hasNextPage"] is True
    rest = api.ask("SYNC", CHANGES, after=first["pageInfo"]["endCursor"]).data["consentChanges"]
    nodes = [edge["node"] for edge in first["edges"] + rest["edges"]]
    assert sorted((node["subjectId"], node["at"]) for node in nodes) == sorted(zip(people, times, strict=True))
    assert {(node["kind"], node["purpose"], node["state"]) for node in nodes} == {("CHOICE", "newsletter", "GRANTED")}
    end = api.ask("STORE", CHANGES, after=rest["pageInfo"]["endCursor"]).data["consentChanges"]
    assert end["edges"] == []
    assert end["pageInfo"]["endCursor"]
    assert api.ask("STORE", CHANGES, after=end["pageInfo"]["endCursor"]).data["consentChanges"]["edges"] == []


def test_a_cursor_of_another_feed_is_expired_and_a_foreign_one_is_refused(api: Api, databases: Databases) -> None:
    cursor = api.ask("STORE", CHANGES).data["consentChanges"]["pageInfo"]["endCursor"]

    async def renew() -> None:
        database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=2, timeout=10)
        async with database.transaction() as connection:
            await connection.execute("UPDATE change_feed SET feed = gen_random_uuid()")
        await database.close()

    asyncio.run(renew())
    assert api.ask("STORE", CHANGES, after=cursor).code == "CURSOR_EXPIRED"
    assert api.ask("STORE", CHANGES, after="x").code == "BAD_INPUT"
    assert api.ask("SUPPORT", CHANGES).code == "FORBIDDEN"
