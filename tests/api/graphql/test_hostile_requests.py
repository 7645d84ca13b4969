"""Hostile requests are answered, and none of them keeps the loop from others; ``make fuzz`` sends 20,000."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from heapq import heappush, heappushpop
from itertools import islice

import pytest

from api.graphql import operation_cache
from tests.api.graphql.hostile_requests import Attacker, HostileRequest
from tests.api.http.fuzzing import MAX_GROWTH, MAX_TURN_SECONDS, HealthyCaller, resident_bytes
from tests.conftest import Api, Running
from tests.loop_probe import LoopProbe, Turns

ANSWERED = {"OK", "BAD_INPUT", "QUERY_TOO_LARGE", "GRAPHQL_INVALID", "FORBIDDEN", "CARD_NUMBER_REFUSED", "RATE_LIMITED"}
MAX_ATTEMPTS = 5
"""How often a request is sent while its answer is UNAVAILABLE: on a busy machine a long mutation may take too long."""
PEOPLE = 30
REPORTED = 3
"""How many of the longest turns of each kind the long run prints."""
COUNTED = (MAX_TURN_SECONDS, 0.03, 0.02)
"""The lengths in seconds above which the long run counts the turns of each kind."""
WARM_UP = 500
"""Requests that fill the caches, before it is looked again whether they are full."""
MAX_WARM_UPS = 40


class KindReport:
    """The turns of the loop during the requests of one kind."""

    def __init__(self) -> None:
        self.count = 0
        self.most = 0.0
        self.above = dict.fromkeys(COUNTED, 0)
        self.longest: list[tuple[Turns, int, bytes]] = []

    def add(self, turns: Turns, number: int, body: bytes) -> None:
        """Count the turns of one request. Only the longest are kept, so that a long run takes no more memory."""
        self.count += 1
        self.most = max(self.most, turns.total)
        for limit in COUNTED:
            self.above[limit] += turns.longest > limit
        put = heappush if len(self.longest) < REPORTED else heappushpop
        put(self.longest, (turns, number, body))


class TurnReport:
    """The turns of the loop during hostile requests, by their kind."""

    def __init__(self, probe: LoopProbe) -> None:
        self.probe = probe
        self.slow: list[str] = []
        self._kinds: dict[str, KindReport] = {}

    def add(self, kind: str, number: int, body: bytes) -> None:
        """Record the turns since the last reading as those of this request."""
        turns = self.probe.read()
        self._kinds.setdefault(kind, KindReport()).add(turns, number, body[:120])
        if turns.longest > MAX_TURN_SECONDS:
            self.slow.append(f"{turns.longest:.3f} s in request {number} ({kind}): {body[:100]!r}")

    def lines(self) -> list[str]:
        """Return a line for each kind, and one for each of its longest turns, in milliseconds of processor time."""
        lines = []
        for kind, report in self._kinds.items():
            longest = sorted(report.longest, reverse=True)
            above = ", ".join(f"{count} above {1000 * limit:.0f}" for limit, count in report.above.items())
            lines.append(
                f"{kind}: {report.count} requests, longest turn {1000 * longest[0][0].longest:.1f}, {above}, "
                f"longest request {1000 * report.most:.0f}"
            )
            lines += [
                f"    {1000 * turn.longest:.1f} (collector {1000 * turn.collecting:.1f}) number {number}: {body!r}"
                for turn, number, body in longest
            ]
        return lines


def answer_codes(api: Api, request: HostileRequest) -> Iterator[str]:
    """Send a request again and again; yield the code of each answer, or OK."""
    while True:
        content = api.send(request.body, request.role, x_case="case/1").content
        # Long answers are not parsed: their objects would be garbage that the service collects, in the same process.
        answer = json.loads(content) if b'"errors"' in content else {}
        yield answer["errors"][0]["extensions"]["code"] if "errors" in answer else "OK"


def attack(api: Api, seed: int, count: int, report: TurnReport | None = None) -> Counter[str]:
    """Send hostile requests; return how many were answered how."""
    api.register("hostile@example.com")
    for number in range(PEOPLE):
        api.register(f"person{number}@example.com", displayName=f"Person {number}")
    codes: Counter[str] = Counter()
    for number, request in enumerate(Attacker(seed).requests(count)):
        if report:
            report.probe.read()
        for code in islice(answer_codes(api, request), MAX_ATTEMPTS):
            codes[code] += 1
            if code != "UNAVAILABLE":
                break
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


def fill_caches(api: Api, running: Running, seed: int) -> None:
    """Send hostile requests until the cache of operations is full: from then on memory grows by leaks only."""
    operations = running.app._graphql.operations
    for number in range(MAX_WARM_UPS):
        attack(api, seed + number, WARM_UP)
        if operations.bytes > 0.95 * operation_cache.MAX_BYTES:
            break


@pytest.mark.fuzz
@pytest.mark.timeout(14_400)
def test_no_hostile_request_of_very_many_keeps_the_loop_from_others(
    api: Api, running: Running, pytestconfig: pytest.Config
) -> None:
    """Compare the memory before and after with full caches, which are filled by requests of other seeds."""
    seed, count = pytestconfig.getoption("fuzz_seed"), pytestconfig.getoption("fuzz_documents")
    api.client.timeout = 300  # an operation that replaces 20,000 file names takes long on a busy machine
    fill_caches(api, running, seed + 1)
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
