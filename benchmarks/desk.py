"""Measure the desk: ``python -m benchmarks.desk``, with one process of the desk and one of the API.

1. A person page: its time beside that of its operation, sent straight to the API, and the processor time of the desk.
   The target is 60 ms.
2. The bytes of a first load: the page, the style, the scripts and the icon, as they are sent. The target is 50 KB.
3. Fifty agents at once, each of whom opens pages and searches. The target is no error.
"""

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, NamedTuple, Self

import httpx2

from benchmarks import processes
from benchmarks.environment import DATA_DIRECTORY, BenchmarkDatabases, console, create_databases, run_postgresql
from benchmarks.servers import OURS, run_server
from desk.api_client import operation
from models.storage.ids import Prefix, format_id

API_PORT: Final = 8792
DESK_PORT: Final = 8793
API_URL: Final = f"http://127.0.0.1:{API_PORT}"
DESK_URL: Final = f"http://127.0.0.1:{DESK_PORT}"
CASE: Final = "#4711"
AGENTS: Final = 50
PAGE_AIM_SECONDS: Final = 0.060
LOAD_AIM_BYTES: Final = 50_000
OPERATIONS: Final = {"SUPPORT": "person_support", "PRIVACY": "person_privacy"}


class DeskAgent:
    """An agent who is signed in, with a case."""

    def __init__(self, role: str) -> None:
        self.client = httpx2.Client(base_url=DESK_URL, headers={"origin": DESK_URL}, timeout=60, follow_redirects=True)
        self.csrf = ""
        self.open("/sign-in")
        self.post("/sign-in", role=role)
        self.post("/case", case=CASE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def open(self, path: str) -> httpx2.Response:
        """Open a page; raise for an error."""
        return self._answer(self.client.get(path))

    def post(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form; raise for an error."""
        return self._answer(self.client.post(path, data={"csrf": self.csrf, **fields}))

    def _answer(self, answer: httpx2.Response) -> httpx2.Response:
        answer.raise_for_status()
        if match := re.search(r'name="csrf" value="([^"]+)"', answer.text):
            self.csrf = match[1]
        return answer


class PageCost(NamedTuple):
    """Median seconds of a page and of its operation alone, and seconds of the desk's processor for a page."""

    page: float
    alone: float
    cpu: float


@contextmanager
def run_desk(tokens: Mapping[str, str]) -> Iterator[int]:
    """Run the desk; yield the id of its process."""
    path = DATA_DIRECTORY / "desk-tokens.json"
    path.write_text(json.dumps(tokens))
    environment = {
        "PATH": "/usr/bin",
        "PRIVACY_DESK_API_URL": API_URL,
        "PRIVACY_DESK_URL": DESK_URL,
        "PRIVACY_DESK_DEMO_TOKENS": str(path),
    }
    command = [sys.executable, "-m", "cli", "desk", "--port", str(DESK_PORT)]
    with processes.run_pinned(command, DESK_PORT, environment, "desk", page="/healthz") as process:
        yield process.pid


def seconds_of(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def measure_page(role: str, token: str, people: list[str], process_id: int) -> PageCost:
    """Return what the page of a person costs, with its operation alone in alternation."""
    sent = operation(OPERATIONS[role])
    headers = {"authorization": f"Bearer {token}", "x-case": CASE, "accept": "application/graphql-response+json"}
    pages, alone, cpu = [], [], 0.0
    with DeskAgent(role) as agent, httpx2.Client(base_url=API_URL, headers=headers, timeout=60) as api:
        for person in people:
            body = {"query": sent.document, "operationName": sent.name, "variables": {"by": {"id": person}}}

            def ask(body: object = body) -> None:
                assert "errors" not in api.post("/graphql", json=body).json()

            before = processes.cpu_seconds(process_id)
            pages.append(seconds_of(lambda person=person: agent.open(f"/people/{person}")))  # type: ignore[misc]
            cpu += processes.cpu_seconds(process_id) - before
            alone.append(seconds_of(ask))
    return PageCost(statistics.median(pages), statistics.median(alone), cpu / len(people))


def first_load(person: str) -> int:
    """Return the bytes that a browser gets for its first page of a person, with all that the page names."""
    total = 0
    with DeskAgent("SUPPORT") as agent:
        page = agent.open(f"/people/{person}").text
        for path in [f"/people/{person}", *dict.fromkeys(re.findall(r'"(/static/[^"]+)"', page))]:
            with agent.client.stream("GET", path) as answer:
                total += sum(len(chunk) for chunk in answer.iter_raw())
    return total


def work(person: str, rounds: int) -> list[float]:
    """Work as one agent; return the seconds of each page."""
    durations = []
    with DeskAgent("SUPPORT") as agent:
        for _ in range(rounds):
            durations.append(seconds_of(lambda: agent.post("/search", query=person)))
            durations += [seconds_of(lambda path=path: agent.open(path)) for path in (f"/people/{person}", "/requests")]  # type: ignore[misc]
    return durations


def report(name: str, figure: str, *, is_reached: bool) -> None:
    """Print a figure, and whether it reaches its target."""
    console.print(f"{name}: {figure}; {'reached' if is_reached else 'missed'}")


def measure(databases: BenchmarkDatabases, pages: int, rounds: int) -> None:
    """Measure all."""
    rows = databases.rows("privacy", "SELECT id FROM subjects ORDER BY id LIMIT 1000")
    people = [format_id(Prefix.SUBJECT, row[0]) for row in rows]
    tokens = {role: databases.token(role) for role in OPERATIONS}
    with run_server(OURS, databases, tokens, API_PORT), run_desk(tokens) as process_id:
        for role, token in tokens.items():
            cost = measure_page(role, token, [people[number % len(people)] for number in range(pages)], process_id)
            figure = f"{1000 * cost.page:.1f} ms, its operation alone {1000 * cost.alone:.1f} ms, "
            figure += f"processor time of the desk {1000 * cost.cpu:.1f} ms"
            report(f"person page for {role}", figure, is_reached=cost.page - cost.alone < PAGE_AIM_SECONDS)
        size = first_load(people[0])
        report("first load", f"{size:,} bytes", is_reached=size < LOAD_AIM_BYTES)
        before, began = processes.cpu_seconds(process_id), time.perf_counter()
        with ThreadPoolExecutor(AGENTS) as pool:
            durations = sorted(each for agent in pool.map(work, people[:AGENTS], [rounds] * AGENTS) for each in agent)
        seconds, cpu = time.perf_counter() - began, processes.cpu_seconds(process_id) - before
        figure = f"{len(durations):,} pages without an error, {len(durations) / seconds:.0f} a second, "
        most = durations[len(durations) * 19 // 20]
        figure += f"median {1000 * statistics.median(durations):.0f} ms, 95 % in {1000 * most:.0f} ms, "
        report(
            f"{AGENTS} agents", f"{figure}processor time {1000 * cpu / len(durations):.1f} ms a page", is_reached=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk", description=__doc__)
    parser.add_argument("--subjects", type=int, default=2_000, help="Number of people.")
    parser.add_argument("--pages", type=int, default=200, help="Pages of people that are measured for each role.")
    parser.add_argument("--rounds", type=int, default=10, help="Rounds of three pages that each of the agents does.")
    options = parser.parse_args()
    with run_postgresql() as cluster:
        measure(create_databases(cluster, options.subjects), options.pages, options.rounds)


if __name__ == "__main__":
    main()
