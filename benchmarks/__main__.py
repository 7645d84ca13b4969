"""Compare this service with its peers. benchmarks/README.md describes the workloads and the method."""

import argparse
import os
from collections import defaultdict
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks import report, scaling
from benchmarks.environment import (
    DATA_DIRECTORY,
    ROLES,
    BenchmarkDatabases,
    console,
    create_databases,
    run_postgresql,
)
from benchmarks.servers import CHECKED_REQUESTS, SERVERS, RunningServer, ServerSpec, run_server
from benchmarks.timing import MedianResult, RoundResult, run_round
from benchmarks.workloads import Workload, create_workloads

WARM_REQUESTS = 20_000
WARM_SECONDS = 16


class Timing(NamedTuple):
    """The number of rounds, their length in seconds, and the concurrent connections."""

    rounds: int
    seconds: float
    connections: int


def warm_up(databases: BenchmarkDatabases, each: RunningServer, workload: Workload, connections: int) -> None:
    """Send requests until just-in-time compilers have optimised: V8 needs about ten thousand requests."""
    request_count = spent = 0
    while request_count < WARM_REQUESTS and spent < WARM_SECONDS:
        request_count += run_round(databases, each, workload, connections=connections, seconds=4).requests
        spent += 4


def compare(
    databases: BenchmarkDatabases, servers: list[ServerSpec], workloads: list[Workload], timing: Timing
) -> dict[str, dict[str, MedianResult]]:
    """Run every workload on every server in alternating rounds; return the medians by workload and server."""
    rounds, seconds, connections = timing
    tokens = {role: databases.token(role) for role in ROLES}
    results: dict[str, dict[str, list[RoundResult]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        running_servers: list[RunningServer] = []
        for number, spec in enumerate(servers):
            running_servers.append(stack.enter_context(run_server(spec, databases, tokens, 8700 + number)))
        for workload in workloads:
            participants = [each for each in running_servers if workload.name in each.spec.workloads]
            for each in participants:
                for index in range(CHECKED_REQUESTS):
                    each.check(databases, workload, index)
                warm_up(databases, each, workload, connections)
            for number in range(rounds):
                for each in participants[number % len(participants) :] + participants[: number % len(participants)]:
                    round_result = run_round(databases, each, workload, connections=connections, seconds=seconds)
                    results[workload.name][each.spec.name].append(round_result)
                    console.print(
                        f"{workload.name:9} {each.spec.name:17} {round_result.per_second:9,.0f}/s", style="dim"
                    )
    return {
        workload: {name: MedianResult.of(each) for name, each in names.items()} for workload, names in results.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--subjects", type=int, default=int(os.environ.get("SUBJECTS", "500000")), help="Number of people."
    )
    parser.add_argument("--rounds", type=int, default=5, help="Rounds for each server and workload.")
    parser.add_argument("--seconds", type=int, default=4, help="Seconds for each round.")
    parser.add_argument("--connections", type=int, default=32, help="Concurrent connections.")
    parser.add_argument("--only", default="", help="Names of servers or workloads, separated by commas.")
    parser.add_argument(
        "--requests", type=int, default=scaling.MILLION, help="Requests during which memory is measured."
    )
    parser.add_argument("--quick", action="store_true", help="Run only the comparison.")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    if unknown := only - {each.name for each in SERVERS} - set(report.WORKLOAD_TITLES):
        parser.error(f"unknown servers or workloads: {', '.join(sorted(unknown))}")
    # The published figures are of one run of everything.
    folder = DATA_DIRECTORY if only else report.FOLDER
    with run_postgresql() as cluster:
        databases = create_databases(cluster, options.subjects)
        servers = [each for each in SERVERS if not only & {one.name for one in SERVERS} or each.name in only]
        all_workloads = create_workloads(databases)
        workloads = [
            each for each in all_workloads if not only & {one.name for one in all_workloads} or each.name in only
        ]
        medians = compare(databases, servers, workloads, Timing(options.rounds, options.seconds, options.connections))
        results = report.Results(options.subjects, options.rounds, options.seconds, options.connections, medians, {})
        report.print_comparison(results)
        report.print_targets(results)
        report.save(results, folder)
        if not options.quick:
            results.scaling.update(
                scaling.measure_all(cluster, databases, seconds=options.seconds, requests=options.requests)
            )
            report.print_scaling(results)
        report.save(results, folder)


if __name__ == "__main__":
    main()
