"""Wrong tokens are counted by address and slowed down; a caller with a valid one does not wait."""

import httpx2

from api.http.rate_limit import FREE, LONGEST, MOST_ADDRESSES, STEP, AuthFailureThrottle
from tests.conftest import Api, Databases, Running, settings_for


def test_a_few_wrong_tokens_are_answered_at_once() -> None:
    guesses = AuthFailureThrottle()
    assert [guesses.noted("192.0.2.1") for _ in range(FREE - 1)] == [0.0] * (FREE - 1)


def test_each_further_one_waits_longer_up_to_a_limit() -> None:
    guesses = AuthFailureThrottle()
    waits = [guesses.noted("192.0.2.1") for _ in range(500)]
    assert waits == sorted(waits)
    assert 0 < waits[FREE + 1] < 3 * STEP
    assert waits[-1] == LONGEST


def test_other_addresses_do_not_wait_for_it() -> None:
    guesses = AuthFailureThrottle()
    for _ in range(500):
        guesses.noted("192.0.2.1")
    assert guesses.noted("192.0.2.2") == 0


def test_addresses_are_remembered_in_bounded_memory() -> None:
    guesses = AuthFailureThrottle()
    for number in range(MOST_ADDRESSES + 500):
        guesses.noted(f"2001:db8::{number:x}")
    assert len(guesses._counts) == MOST_ADDRESSES


def test_a_wrong_token_waits_and_a_good_one_does_not(api: Api, databases: Databases) -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    def status(url: str, secret: str) -> int:
        headers = {"authorization": f"Bearer {secret}"}
        return httpx2.post(
            f"{url}/graphql", verify=False, json={"query": "{ viewer { name } }"}, headers=headers
        ).status_code

    running = Running(settings_for(databases))
    with running as url:
        running.app._graphql.throttle._sleep = wait
        running.app._graphql.throttle._clock = lambda: 0.0
        assert {status(url, "prv_" + "0" * 43) for _ in range(FREE + 10)} == {401}
        assert len(waits) == 10
        assert waits[-1] > 8 * STEP
        assert {status(url, api.secrets["STORE"]) for _ in range(3)} == {200}
        assert len(waits) == 10
        metrics = httpx2.get(f"{url}/metrics", verify=False).text
    [line] = [line for line in metrics.splitlines() if line.startswith("privacy_wrong_tokens_total ")]
    assert float(line.split()[1]) >= FREE + 10
