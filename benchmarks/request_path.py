"""``python -m benchmarks.request_path``: what each part of the request path pays.

The service is started once for each step: with uvicorn's own protocol, then with our protocol, its cache of heads, and
the batching of requests added one after the other. With ``--before DIRECTORY`` the service of
another checkout, which has a ``.venv`` of its own, runs beside them. All of them are timed in short rounds, in another
order each time. Printed are medians of requests a second and of the server's processor time a request, each with its
ratio to the step before. On a busy machine the processor time is the figure to compare.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.environment import (
    DATA_DIRECTORY,
    ROOT,
    BenchmarkDatabases,
    console,
    create_databases,
    run_postgresql,
)
from benchmarks.processes import cpu_seconds, run_pinned
from benchmarks.request_path_server import PARTS
from benchmarks.workloads import ONE, PAGE

PORT = 8800
REQUEST_COUNT = 20_000


class Round(NamedTuple):
    """The figures of one round."""

    per_second: float
    cpu_us: float
    p99_ms: float


class Work(NamedTuple):
    """One kind of request."""

    name: str
    role: str
    requests: Path


@contextmanager
def serving(name: str, place: BenchmarkDatabases, port: int, before: Path | None) -> Iterator[int]:
    """Run the service with the parts of a step, or that of another checkout; yield its process id when it is ready."""
    count = -1 if name == "before" else 0 if name == "uvicorn" else PARTS.index(name.removeprefix("+ ")) + 1
    environment = place.environment | {"BENCH_PARTS": ",".join(PARTS[: max(count, 0)])}
    python, module, directory = sys.executable, "benchmarks.request_path_server", ROOT
    if name == "before" and before:
        python, module, directory = str(before / ".venv" / "bin" / "python"), "cli", before
    command = [python, "-m", module, "serve", "--port", str(port)]
    page = "/healthz" if name == "before" else "/readyz"  # an older version may refuse readiness on a newer database
    with run_pinned(command, port, environment, f"request_path_{port}", directory, page=page) as process:
        yield process.pid


def timed(  # noqa: PLR0913, PLR0917 -- all that a round depends on
    work: Work, secret: str, process_id: int, port: int, connections: int, seconds: int
) -> Round:
    """Time one round."""
    began = cpu_seconds(process_id)
    settings = {"BENCH_REQUESTS": str(work.requests), "BENCH_OFFSET": str(random.randrange(REQUEST_COUNT))}
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    command += ["--timeout", "10s"]  # a busy machine is slow, and no request fails by that
    done = subprocess.run(
        [*command, "--script", str(ROOT / "benchmarks" / "load.lua"), f"http://127.0.0.1:{port}/graphql"],
        env=os.environ | settings | {"BENCH_TOKEN": secret, "BENCH_CASE": "case/1"},
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout.partition("RESULT ")[2])
    assert result["requests"] > result["errors"] == 0, result
    used = cpu_seconds(process_id) - began
    return Round(result["requests"] / result["seconds"], used / result["requests"] * 1e6, result["p99_ms"])


def works_of(place: BenchmarkDatabases) -> list[Work]:
    """Write the requests of each work, one a line."""
    numbers = random.Random(1).choices(range(1, place.subjects + 1), k=REQUEST_COUNT)
    ids = [f"sub_{row[0].hex}" for row in place.rows("privacy", "SELECT id FROM subjects ORDER BY id LIMIT 20000")]
    bodies = {
        "decision": [{"query": ONE, "variables": {"id": random.choice(ids)}} for _ in numbers],
        "page": [{"query": PAGE, "variables": {"email": f"user{number}@example.com"}} for number in numbers],
    }
    works = []
    for name, role in (("decision", "STORE"), ("page", "SUPPORT")):
        path = DATA_DIRECTORY / f"request_path_{name}.jsonl"
        path.write_text("\n".join(map(json.dumps, bodies[name])))
        works.append(Work(name, role, path))
    return works


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.request_path", description=__doc__)
    parser.add_argument("--subjects", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--before", type=Path, help="Another checkout, with a .venv of its own.")
    parser.add_argument("--steps", help="The names of some steps, separated by commas.")
    options = parser.parse_args()
    names = [*(["before"] if options.before else []), "uvicorn", *(f"+ {part}" for part in PARTS)]
    names = [name for name in names if not options.steps or name in options.steps.split(",")]
    rounds: dict[tuple[str, str], list[Round]] = defaultdict(list)
    with run_postgresql() as cluster, ExitStack() as stack:
        place = create_databases(cluster, options.subjects)
        if options.before:  # it may need what a post-deployment migration drops
            stack.callback(place.command, "migrate", "--post-deployment")
            place.command("migrate", "--roll-back")
        works = works_of(place)
        secrets = {work.role: place.token(work.role) for work in works}
        ports = {name: PORT + number for number, name in enumerate(names)}
        ids = {name: stack.enter_context(serving(name, place, ports[name], options.before)) for name in names}
        for number in range(options.rounds + 1):
            console.print(f"round {number} of {options.rounds} ...")
            for work in works:
                for name in random.sample(names, len(names)):
                    connections, seconds = options.connections, options.seconds
                    result = timed(work, secrets[work.role], ids[name], ports[name], connections, seconds)
                    if number:  # the first round fills the caches
                        rounds[work.name, name].append(result)
    print("| work | step | requests a second | us of its core | p99 ms | us, ratio to the step before |")
    print("|---|---|---|---|---|---|")
    for work in works:
        last = 0.0
        for name in names:
            median = Round(*map(statistics.median, zip(*rounds[work.name, name], strict=True)))
            ratio = f"{last / median.cpu_us:.2f}" if last else ""
            last = median.cpu_us
            print(f"| {work.name} | {name} | {median.per_second:,.0f} | {last:.0f} | {median.p99_ms:.1f} | {ratio} |")


if __name__ == "__main__":
    main()
