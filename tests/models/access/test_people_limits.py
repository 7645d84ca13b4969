"""Limits of how many people a caller asks about, over HTTP and in several processes at once."""

import asyncio
from collections.abc import Iterator

import pytest

from api.settings import UnsafeSettingError
from models.access import people_limits
from models.access.people_limits import DEFAULT_TOKEN_RATES, Rate, parse_rates
from models.errors import RateLimited
from tests.conftest import Api, Databases, Running, World, settings_for

LOOK = "query($who: SubjectBy!) { subject(by: $who) { id } }"
DECIDE = 'query($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed } }'
OPT_OUT = """mutation($who: SubjectBy!) {
  optOut(subject: $who, purposes: ["newsletter"], channel: SUPPORT) { suppressed }
}"""
MANY = """query($ids: [ID!]!) {
  consentDecisions(subjects: { ids: $ids }, purpose: "newsletter") { allowed }
}"""


def nobody(number: int) -> dict[str, str]:
    return {"email": f"nobody{number}@example.com"}


@pytest.fixture
def limited(api: Api, databases: Databases) -> Iterator[list[Api]]:
    """Return two processes of the service with low limits."""
    settings = settings_for(
        databases,
        token_rates="SUPPORT=1/3/5,BILLING=0,PRIVACY=0,STORE=1/2/0,SYNC.decisions=1/4/0",
        role_rates="BILLING=1/2/0",
    )
    with Running(settings) as first, Running(settings) as second:
        processes = [Api(url, api.secrets) for url in (first, second)]
        yield processes
        for process in processes:
            process.client.close()


def test_desk_roles_have_limits_by_default() -> None:
    desk = Rate(per_minute=60, burst=100, per_day=500)
    assert {"SUPPORT": desk, "BILLING": desk, "PRIVACY": desk} == DEFAULT_TOKEN_RATES


def test_a_desk_role_is_limited_across_processes_whatever_it_asks(limited: list[Api]) -> None:
    first, second = limited
    assert first.ask("SUPPORT", LOOK, who=nobody(1)).data == {"subject": None}
    assert second.ask("SUPPORT", DECIDE, who=nobody(2)).data
    assert first.ask("SUPPORT", OPT_OUT, who=nobody(3)).data
    for process in limited:
        for document in (LOOK, DECIDE, OPT_OUT):
            answer = process.ask("SUPPORT", document, who=nobody(4))
            assert answer.code == "RATE_LIMITED"
            assert 1 <= answer.extensions["retryAfterSeconds"] <= 60
    assert first.ask("SUPPORT", "{ viewer { name } purposes { key } }").data
    metrics = first.client.get("/metrics").text
    assert 'privacy_rate_limited_total{bucket="token",role="SUPPORT"}' in metrics


def test_aliases_count_one_by_one(limited: list[Api]) -> None:
    aliases = " ".join(f'a{number}: subject(by: {{ email: "a{number}@example.com" }}) {{ id }}' for number in range(5))
    body = limited[0].ask("SUPPORT", f"{{ {aliases} }}").body
    codes = [error["extensions"]["code"] for error in body["errors"]]
    assert codes == ["RATE_LIMITED", "RATE_LIMITED"]


def test_all_tokens_of_a_role_share_the_limit_of_the_role(api: Api, limited: list[Api]) -> None:
    other = Api(limited[0].url, {"BILLING": api.issue("another biller", "BILLING")})
    try:
        assert limited[0].ask("BILLING", LOOK, who=nobody(1)).data
        assert other.ask("BILLING", LOOK, who=nobody(2)).data
        assert other.ask("BILLING", LOOK, who=nobody(3)).code == "RATE_LIMITED"
        assert limited[0].ask("BILLING", LOOK, who=nobody(3)).code == "RATE_LIMITED"
        assert limited[0].ask("PRIVACY", LOOK, who=nobody(3)).data
    finally:
        other.client.close()


def test_a_question_that_the_limit_of_the_role_refuses_costs_the_caller_nothing(
    databases: Databases, api: Api, clean: Databases
) -> None:
    settings = settings_for(databases, token_rates="BILLING=1/2/0", role_rates="BILLING=1/2/0")
    with Running(settings) as url:
        first, second = Api(url, api.secrets), Api(url, {"BILLING": api.issue("second biller", "BILLING")})
        for _ in range(2):
            assert first.ask("BILLING", LOOK, who=nobody(1)).data
        for _ in range(3):
            assert second.ask("BILLING", LOOK, who=nobody(2)).code == "RATE_LIMITED"
        first.client.close()
        second.client.close()
    with Running(settings_for(databases, token_rates="BILLING=1/2/0", role_rates="BILLING=0")) as url:
        second = Api(url, second.secrets)
        assert second.ask("BILLING", LOOK, who=nobody(2)).data, "it was charged for nothing above"
        second.client.close()


def test_decisions_of_services_have_a_limit_of_their_own(limited: list[Api]) -> None:
    first, second = limited
    ids = [f"sub_{number:032x}" for number in range(3)]
    for _ in range(4):
        assert first.ask("STORE", DECIDE, who=nobody(1)).data, "decisions of the store are not limited"
    assert first.ask("STORE", LOOK, who=nobody(1)).data
    assert second.ask("STORE", LOOK, who=nobody(1)).data
    assert second.ask("STORE", LOOK, who=nobody(1)).code == "RATE_LIMITED"
    assert first.ask("SYNC", MANY, ids=ids).data
    assert second.ask("SYNC", MANY, ids=ids).code == "RATE_LIMITED", "each person of a list counts"
    assert second.ask("SYNC", DECIDE, who=nobody(1)).data
    assert first.ask("SYNC", LOOK, who=nobody(1)).data


@pytest.mark.anyio
async def test_concurrent_charges_never_exceed_the_burst(world: World) -> None:
    rate = Rate(per_minute=1, burst=10, per_day=0)

    async def charge() -> bool:
        async with world.database.writers.acquire() as connection:
            try:
                await people_limits.charge(connection, "a bucket", rate, 1)
            except RateLimited:
                return False
            return True

    assert sum(await asyncio.gather(*(charge() for _ in range(40)))) == 10


@pytest.mark.anyio
async def test_a_bucket_fills_again_with_time(world: World) -> None:
    async with world.database.writers.acquire() as connection:
        await people_limits.charge(connection, "one", Rate(60, 5, 500), 100)
        with pytest.raises(RateLimited) as refusal:
            await people_limits.charge(connection, "one", Rate(60, 5, 500), 1)
        assert refusal.value.extensions["retryAfterSeconds"] == 1
        await connection.execute("UPDATE people_counts SET charged_at = charged_at - interval '1 minute'")
        await people_limits.charge(connection, "one", Rate(60, 5, 500), 5)
        await connection.execute("UPDATE people_counts SET day_count = 500, minute_count = 0")
        with pytest.raises(RateLimited) as refusal:
            await people_limits.charge(connection, "one", Rate(60, 5, 500), 1)
        assert 100 < int(str(refusal.value.extensions["retryAfterSeconds"])) <= 173


def test_limits_are_read_from_a_setting(databases: Databases) -> None:
    assert parse_rates("SUPPORT=60/100/500, STORE.decisions=0") == {"SUPPORT": Rate(60, 100, 500)}
    assert parse_rates("SUPPORT=0", {"SUPPORT": Rate(1, 1, 1), "PRIVACY": Rate(2, 2, 2)}) == {"PRIVACY": Rate(2, 2, 2)}
    ignored = ("SUPPORT=1/1/1,SUPPORT=0", "STORE.decisions=0,STORE.decisions=1/1/1", "BILLING.decisions=1/1/1")
    for text in ("KING=1/1/1", "SUPPORT", "SUPPORT=1", "SUPPORT=-1/1/1", "SUPPORT=1/1/1/1", *ignored):
        with pytest.raises(UnsafeSettingError, match="PRIVACY_TOKEN_RATES"):
            settings_for(databases, token_rates=text)
