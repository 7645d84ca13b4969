"""Hostile requests are answered, and none of them keeps the loop from others; ``make fuzz`` sends 20,000."""

import time
from collections import Counter

import pytest

from tests.api.graphql.hostile_requests import Attacker
from tests.api.http.fuzzing import MAX_GROWTH, MAX_TURN_SECONDS, HealthyCaller, resident_bytes
from tests.conftest import Api, Running
from tests.loop_probe import LoopProbe

ANSWERED = {"OK", "BAD_INPUT", "QUERY_TOO_LARGE", "GRAPHQL_INVALID", "FORBIDDEN", "CARD_NUMBER_REFUSED", "RATE_LIMITED"}
PEOPLE = 30


def attack(api: Api, seed: int, count: int, probe: LoopProbe | None = None) -> tuple[Counter[str], list[str]]:
    """Send hostile requests; return how many were answered how, and those that took long turns of the loop."""
    api.register("hostile@example.com")
    for number in range(PEOPLE):
        api.register(f"person{number}@example.com", displayName=f"Person {number}")
    codes: Counter[str] = Counter()
    slow = []
    for number, request in enumerate(Attacker(seed).requests(count)):
        if probe:
            probe.take()
        answer = api.send(request.body, request.role, x_case="case/1").json()
        code = answer["errors"][0]["extensions"]["code"] if "errors" in answer else "OK"
        codes[code] += 1
        assert code in ANSWERED, f"{request.kind} of seed {seed}: {request.body[:300]!r}"
        if probe and (longest := probe.take()) > MAX_TURN_SECONDS:
            slow.append(f"{longest:.3f} s in request {number} ({request.kind}): {request.body[:100]!r}")
    return codes, slow


def test_hostile_requests_are_answered_and_healthy_ones_beside_them(api: Api) -> None:
    with HealthyCaller(api) as caller:
        codes, _ = attack(api, 1, 56)
    assert caller.failures == []
    assert caller.answers
    assert codes["OK"]
    assert codes["QUERY_TOO_LARGE"]


@pytest.mark.fuzz
@pytest.mark.timeout(14_400)
def test_no_hostile_request_of_very_many_keeps_the_loop_from_others(
    api: Api, running: Running, pytestconfig: pytest.Config
) -> None:
    seed = pytestconfig.getoption("fuzz_seed")
    api.client.timeout = 300  # an operation that replaces 20,000 file names takes 30 seconds on a busy machine
    attack(api, seed + 1, 2_000)  # they fill the caches of operations, whose size is limited
    before, began = resident_bytes(), time.monotonic()
    with LoopProbe(running.server.loop) as probe:
        codes, slow = attack(api, seed, 20_000, probe)
    print(dict(codes), f"{time.monotonic() - began:.0f} s", f"growth {resident_bytes() / before:.3f}")  # noqa: T201
    assert slow == []
    assert resident_bytes() / before < MAX_GROWTH
