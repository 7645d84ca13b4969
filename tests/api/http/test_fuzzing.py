"""What is not HTTP, or hardly, takes no answer away from other callers; ``make fuzz`` looks for long."""

import time

import pytest

from tests.api.http.fuzzing import MAX_GROWTH, MAX_TURN_SECONDS, fuzz
from tests.conftest import Api, Running


def test_healthy_requests_are_answered_beside_broken_ones(api: Api, running: Running) -> None:
    figures = fuzz(running, api, 1, lambda number: number >= 200)
    assert figures["lost"] == []
    assert figures["healthy failures"] == []
    assert figures["healthy answers"]


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
def test_healthy_requests_are_answered_beside_broken_ones_for_long(
    api: Api, running: Running, pytestconfig: pytest.Config
) -> None:
    seconds, seed = pytestconfig.getoption("fuzz_seconds"), pytestconfig.getoption("fuzz_seed")
    end = time.monotonic() + seconds
    figures = fuzz(running, api, seed, lambda _: time.monotonic() > end)
    print(figures)  # noqa: T201 -- the report of a long search
    assert figures["lost"] == []
    assert figures["healthy failures"] == []
    assert figures["open connections"] == 0
    assert float(str(figures["growth"])) < MAX_GROWTH
    assert float(str(figures["longest turn"])) < MAX_TURN_SECONDS
