"""``python -m benchmarks``: the peers side by side; see benchmarks/README.md for what is measured and how."""

import argparse
import os
from collections import defaultdict
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks import report, scaling
from benchmarks.contestants import CHECKED, CONTESTANTS, Contestant, Running, running
from benchmarks.environment import ROLES, Place, console, populated, started
from benchmarks.timing import Figures, Round, timed
from benchmarks.workloads import Work, works

WARM_REQUESTS = 20_000
WARM_SECONDS = 16


class Timing(NamedTuple):
    """How long and how hard."""

    rounds: int
    seconds: float
    connections: int


def warmed(place: Place, each: Running, work: Work, connections: int) -> None:
    """Ask until the compilers of the peers have settled: V8 takes some ten thousand requests."""
    asked = spent = 0
    while asked < WARM_REQUESTS and spent < WARM_SECONDS:
        asked += timed(place, each, work, connections=connections, seconds=4).requests
        spent += 4


def compared(
    place: Place, contestants: list[Contestant], wanted: list[Work], timing: Timing
) -> dict[str, dict[str, Figures]]:
    """Time every contestant with every work, a round of each after the other; give the medians by work and name."""
    rounds, seconds, connections = timing
    tokens = {role: place.token(role) for role in ROLES}
    found: dict[str, dict[str, list[Round]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        field: list[Running] = []
        for number, contestant in enumerate(contestants):
            field.append(stack.enter_context(running(contestant, place, tokens, 8700 + number)))
        for work in wanted:
            able = [each for each in field if work.name in each.contestant.works]
            for each in able:
                for index in range(CHECKED):
                    each.check(place, work, index)
                warmed(place, each, work, connections)
            for number in range(rounds):
                for each in able[number % len(able) :] + able[: number % len(able)]:
                    measured = timed(place, each, work, connections=connections, seconds=seconds)
                    found[work.name][each.contestant.name].append(measured)
                    console.print(f"{work.name:8} {each.contestant.name:13} {measured.per_second:9,.0f}/s", style="dim")
    return {work: {name: Figures.of(each) for name, each in names.items()} for work, names in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--subjects", type=int, default=int(os.environ.get("SUBJECTS", "500000")), help="How many people."
    )
    parser.add_argument("--rounds", type=int, default=5, help="Rounds of each contestant and work.")
    parser.add_argument("--seconds", type=int, default=4, help="Seconds a round.")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--only", default="", help="Contestants, works or scalings, separated by commas.")
    parser.add_argument("--requests", type=int, default=scaling.MILLION, help="Requests over which memory is watched.")
    parser.add_argument("--quick", action="store_true", help="The comparison alone.")
    given = parser.parse_args()
    only = set(filter(None, given.only.split(",")))
    with started() as cluster:
        place = populated(cluster, given.subjects)
        chosen = [each for each in CONTESTANTS if not only & {one.name for one in CONTESTANTS} or each.name in only]
        all_works = works(place)
        wanted = [each for each in all_works if not only & {one.name for one in all_works} or each.name in only]
        found = compared(place, chosen, wanted, Timing(given.rounds, given.seconds, given.connections))
        results = report.Results(given.subjects, given.rounds, given.seconds, given.connections, found, {})
        report.show(results)
        report.keep(results)
        if not given.quick:
            results.scaling.update(scaling.all_of(cluster, place, seconds=given.seconds, requests=given.requests))
            report.show_scaling(results)
        report.keep(results)


if __name__ == "__main__":
    main()
