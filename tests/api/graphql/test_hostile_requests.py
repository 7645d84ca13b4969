"""Hostile requests are answered, and none of them keeps the loop from others; ``make fuzz`` sends 20,000."""

import time
from collections import Counter, defaultdict

import pytest

from tests.api.graphql.hostile_requests import Attacker
from tests.api.http.fuzzing import MAX_GROWTH, MAX_TURN_SECONDS, HealthyCaller, resident_bytes
from tests.conftest import Api, Running
from tests.loop_probe import LoopProbe, Turns

ANSWERED = {"OK", "BAD_INPUT", "QUERY_TOO_LARGE", "GRAPHQL_INVALID", "FORBIDDEN", "CARD_NUMBER_REFUSED", "RATE_LIMITED"}
PEOPLE = 30
REPORTED = 3
"""How many of the longest turns of each kind the long run prints."""


class TurnReport:
    """The turns of the loop during hostile requests, by their kind."""

    def __init__(self, probe: LoopProbe) -> None:
        self.probe = probe
        self.slow: list[str] = []
        self._turns: dict[str, list[tuple[Turns, int, bytes]]] = defaultdict(list)

    def add(self, kind: str, number: int, body: bytes) -> None:
        """Record the turns since the last reading as those of this request."""
        turns = self.probe.read()
        self._turns[kind].append((turns, number, body[:120]))
        if turns.longest > MAX_TURN_SECONDS:
            self.slow.append(f"{turns.longest:.3f} s in request {number} ({kind}): {body[:100]!r}")

    def lines(self) -> list[str]:
        """Return a line for each kind, and one for each of its longest turns, in milliseconds of processor time."""
        lines = []
        for kind, turns in self._turns.items():
            longest = sorted(turns, reverse=True)[:REPORTED]
            above = [sum(turn.longest > limit for turn, *_ in turns) for limit in (MAX_TURN_SECONDS, 0.02)]
            most = max(turn.total for turn, *_ in turns)
            lines.append(
                f"{kind}: {len(turns)} requests, longest turn {1000 * longest[0][0].longest:.1f}, {above[0]} above 50, "
                f"{above[1]} above 20, longest request {1000 * most:.0f}"
            )
            lines += [
                f"    {1000 * turn.longest:.1f} (collector {1000 * turn.collecting:.1f}) number {number}: {body!r}"
                for turn, number, body in longest
            ]
        return lines


def attack(api: Api, seed: int, count: int, report: TurnReport | None = None) -> Counter[str]:
    """Send hostile requests; return how many were answered how."""
    api.register("hostile@example.com")
    for number in range(PEOPLE):
        api.register(f"person{number}@example.com", displayName=f"Person {number}")
    codes: Counter[str] = Counter()
    for number, request in enumerate(Attacker(seed).requests(count)):
        if report:
            report.probe.read()
        answer = api.send(request.body, request.role, x_case="case/1").json()
        code = answer["errors"][0]["extensions"]["code"] if "errors" in answer else "OK"
        codes[code] += 1
        assert code in ANSWERED, f"{request.kind} of seed {seed}: {request.body[:300]!r}"
        if report:
            report.add(request.kind, number, request.body)
            if number % 1_000 == 999:
                print(number + 1, f"{resident_bytes() / 2**20:.0f} MiB", *report.slow[-1:], flush=True)  # noqa: T201
    return codes


def test_hostile_requests_are_answered_and_healthy_ones_beside_them(api: Api) -> None:
    with HealthyCaller(api) as caller:
        codes = attack(api, 1, 56)
    assert caller.failures == []
    assert caller.answers
    assert codes["OK"]
    assert codes["QUERY_TOO_LARGE"]


@pytest.mark.fuzz
@pytest.mark.timeout(14_400)
def test_no_hostile_request_of_very_many_keeps_the_loop_from_others(
    api: Api, running: Running, pytestconfig: pytest.Config
) -> None:
    seed, count = pytestconfig.getoption("fuzz_seed"), pytestconfig.getoption("fuzz_documents")
    api.client.timeout = 300  # an operation that replaces 20,000 file names takes long on a busy machine
    attack(api, seed + 1, count // 10)  # they fill the caches of operations, whose size is limited
    before, began = resident_bytes(), time.monotonic()
    with LoopProbe(running.server.loop) as probe, HealthyCaller(api, pause=0.1) as caller:
        report = TurnReport(probe)
        codes = attack(api, seed, count, report)
    growth = resident_bytes() / before
    print(*report.lines(), sep="\n")  # noqa: T201
    print(dict(codes), f"{time.monotonic() - began:.0f} s", f"growth {growth:.3f}", f"{caller.answers} healthy")  # noqa: T201
    assert caller.failures == []
    assert report.slow == []
    assert growth < MAX_GROWTH
