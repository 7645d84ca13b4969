"""Measure what traces cost: ``python -m benchmarks.tracing``.

The service runs without traces, with the default number of traced requests, and with every request traced, in short
alternating rounds. A collector on this machine drops what it receives. Printed are medians of the server's processor
time for a request, and their ratio to that without traces. The target for the default is a cost of at most 5 %.
"""

import argparse
import http.server
import random
import statistics
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final

from benchmarks.environment import console, create_databases, run_postgresql
from benchmarks.processes import run_pinned
from benchmarks.request_path import Round, timed, works_of

PORT: Final = 8840
COLLECTOR_PORT: Final = 8839
TRACED: Final = {"PRIVACY_OTLP_ENDPOINT": f"http://127.0.0.1:{COLLECTOR_PORT}"}
SERVERS: Final[Mapping[str, dict[str, str]]] = {
    "without traces": {},
    "by default": TRACED,
    "every request": TRACED | {"OTEL_TRACES_SAMPLER": "always_on"},
}


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def run_collector() -> Iterator[None]:
    """Run a collector that drops what it receives."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", COLLECTOR_PORT), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracing", description=__doc__)
    parser.add_argument("--subjects", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    rounds: dict[tuple[str, str], list[Round]] = defaultdict(list)
    with run_postgresql() as cluster, run_collector(), ExitStack() as stack:
        databases = create_databases(cluster, options.subjects)
        works = works_of(databases)
        secrets = {work.role: databases.token(work.role) for work in works}
        ids = {}
        for number, (name, variables) in enumerate(SERVERS.items()):
            command = [sys.executable, "-m", "cli", "serve", "--port", str(PORT + number)]
            environment = databases.environment | variables
            process = stack.enter_context(run_pinned(command, PORT + number, environment, f"tracing_{number}"))
            ids[name] = process.pid, PORT + number
        for number in range(options.rounds + 1):
            console.print(f"round {number} of {options.rounds} ...")
            for work in works:
                for name in random.sample([*SERVERS], len(SERVERS)):
                    result = timed(work, secrets[work.role], *ids[name], options.connections, options.seconds)
                    if number:  # the first round fills the caches
                        rounds[work.name, name].append(result)
    print("| work | traces | us of its core | cost | least and most of the rounds |")
    print("|---|---|---|---|---|")
    for work in works:
        base = rounds[work.name, "without traces"]
        for name in SERVERS:
            each = rounds[work.name, name]
            costs = sorted(on.cpu_us / off.cpu_us - 1 for on, off in zip(each, base, strict=True))
            used = statistics.median(result.cpu_us for result in each)
            print(
                f"| {work.name} | {name} | {used:.0f} | {statistics.median(costs):.1%} "
                f"| {costs[0]:.1%} to {costs[-1]:.1%} |"
            )


if __name__ == "__main__":
    main()
