"""Tests of recordBounce: hard bounces stop mail, complaints opt out of marketing."""

import pytest

from tests.conftest import Api, World
from tests.people import DECIDE, GRANT

RECORD = "mutation Record($address: String!, $kind: BounceKind!) { recordBounce(address: $address, kind: $kind) }"
CORRECT = (
    "mutation Correct($who: SubjectBy!, $input: CorrectSubjectInput!) "
    "{ correctSubject(subject: $who, input: $input) { id } }"
)
ADDRESS = "user@example.com"

pytestmark = pytest.mark.anyio


def record(api: Api, kind: str, address: str = ADDRESS) -> bool:
    return bool(api.ask("SERVICE", RECORD, address=address, kind=kind).data["recordBounce"])


def reason(api: Api, subject_id: str, purpose: str) -> str:
    decision = api.ask("STORE", DECIDE, who={"id": subject_id}, purpose=purpose).data["consentDecision"]
    return str(decision["reason"])


async def stopped_addresses(world: World) -> list[bool]:
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT stopped_at IS NOT NULL FROM email_addresses ORDER BY added_at")
    return [row[0] for row in rows]


async def test_a_hard_bounce_stops_mail_until_the_address_is_corrected(api: Api, world: World) -> None:
    subject_id = api.register(ADDRESS)
    for _ in range(2):
        assert record(api, "HARD")
    assert await stopped_addresses(world) == [True]
    api.register(ADDRESS)
    assert await stopped_addresses(world) == [True]
    assert api.ask("SUPPORT", CORRECT, who={"id": subject_id}, input={"primaryEmail": ADDRESS}).data
    assert await stopped_addresses(world) == [False]


async def test_a_soft_bounce_changes_nothing(api: Api, world: World) -> None:
    api.register(ADDRESS)
    assert record(api, "SOFT")
    assert await stopped_addresses(world) == [False]


async def test_a_complaint_is_an_opt_out_of_all_marketing_and_of_nothing_else(api: Api, world: World) -> None:
    subject_id = api.register(ADDRESS)
    for purpose in ("newsletter", "usage-statistics"):
        assert api.ask("STORE", GRANT, who={"id": subject_id}, purpose=purpose, channel="WEBSITE").data
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM letters")
    for _ in range(2):
        assert record(api, "COMPLAINT")
    assert reason(api, subject_id, "newsletter") == "WITHDRAWN"
    assert reason(api, subject_id, "third-party-marketing") == "WITHDRAWN"
    assert reason(api, subject_id, "usage-statistics") == "GRANTED"
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM letters") == 0


async def test_a_complaint_holds_for_a_later_registration(api: Api) -> None:
    assert record(api, "COMPLAINT")
    subject_id = api.register(ADDRESS)
    assert reason(api, subject_id, "newsletter") == "WITHDRAWN"


async def test_a_bounce_of_an_unknown_address_stores_nothing_and_gets_the_same_answer(api: Api, world: World) -> None:
    assert {record(api, kind) for kind in ("HARD", "SOFT")} == {True}
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM suppressions") == 0


async def test_a_malformed_address_is_refused(api: Api) -> None:
    answer = api.ask("SERVICE", RECORD, address="nonsense", kind="HARD")
    assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "address")
