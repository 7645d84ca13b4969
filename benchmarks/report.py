"""The reports of a benchmark: tables on the terminal, results.json and chart.svg."""

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.servers import SERVERS
from benchmarks.timing import MedianResult

FOLDER = Path(__file__).parent
TITLES = {each.name: each.title for each in SERVERS}
WORKLOAD_TITLES = {
    "one": "one decision by id",
    "email": "one decision by address",
    "hundred": "100 decisions",
    "decisions": "all decisions of one person",
    "page": "person page",
    "record": "page of choices and sync metadata",
    "out": "optOut",
}
COLOURS = {"ours": "#1a7f64", "mercurius": "#b08000", "postgraphile": "#7055a8", "strawberry": "#b04a4a"}
COLOURS |= {"mercurius-lean": "#d9b44a", "postgraphile-lean": "#a58fd0"}
WIDTH, BAR_HEIGHT, LABEL_WIDTH = 720, 16, 190


class TargetRatio(NamedTuple):
    """How many times the requests per second of a peer this service has to answer, and aims to."""

    least: float
    aim: float | None = None


TARGETS = {
    ("one", "mercurius-lean"): TargetRatio(1.6, 2),
    ("hundred", "mercurius-lean"): TargetRatio(1, 1.3),
    ("record", "mercurius-lean"): TargetRatio(1, 1.5),
    ("decisions", "mercurius-lean"): TargetRatio(1.5),
    ("one", "postgraphile-lean"): TargetRatio(4),
    ("record", "postgraphile-lean"): TargetRatio(1.5),
    ("decisions", "postgraphile-lean"): TargetRatio(3),
}
"""The targets by workload and lean peer. The 99th percentile has to be no worse than the peer's."""


class Results(NamedTuple):
    """The results of one run."""

    subjects: int
    rounds: int
    seconds: float
    connections: int
    workloads: dict[str, dict[str, MedianResult]]
    scaling: dict[str, Any]


def print_comparison(results: Results) -> None:
    """Print a table with one row for each workload and server."""
    table = Table("workload", "server", title=f"{results.subjects:,} people, {results.connections} connections")
    for name in ("requests/s", "median ms", "p99 ms", "server µs", "ours is, by requests/s", "by server µs"):
        table.add_column(name, justify="right")
    for workload, rounds in results.workloads.items():
        ours = rounds.get("ours")
        for name, figures in rounds.items():
            ratios = ["", ""]
            if ours and name != "ours":
                ratios = [f"x {ours.per_second / figures.per_second:.2f}", f"x {figures.cpu_us / ours.cpu_us:.2f}"]
            table.add_row(
                WORKLOAD_TITLES[workload],
                TITLES[name],
                f"{figures.per_second:,.0f}",
                f"{figures.median_ms:.2f}",
                f"{figures.p99_ms:.2f}",
                f"{figures.cpu_us:,.0f}",
                *ratios,
            )
        table.add_section()
    Console(width=150).print(table)


def print_targets(results: Results) -> None:
    """Print the targets against the lean peers beside the results; nothing where no lean peer ran."""
    table = Table("work", "against", title="Targets against peers of two tables")
    for name in ("target", "aim", "by requests/s", "by server µs", "p99, ours / theirs", "holds"):
        table.add_column(name, justify="right")
    for (workload, peer), target in TARGETS.items():
        rounds = results.workloads.get(workload, {})
        if "ours" in rounds and peer in rounds:
            ours, theirs = rounds["ours"], rounds[peer]
            ratio, late = ours.per_second / theirs.per_second, ours.p99_ms / theirs.p99_ms
            table.add_row(
                WORKLOAD_TITLES[workload],
                TITLES[peer],
                f"{target.least:.1f}",
                f"{target.aim:.1f}" if target.aim else "",
                f"{ratio:.2f}",
                f"{theirs.cpu_us / ours.cpu_us:.2f}",
                f"{late:.2f}",
                "yes" if ratio >= target.least and late <= 1 else "no",
            )
    if table.row_count:
        Console(width=150).print(table)


def print_scaling(results: Results) -> None:
    """Print the results about growth, connections, memory, start-up and durable writes."""
    table = Table("question", "answer", title="As it grows")
    for question, answer in results.scaling.items():
        table.add_row(question, json.dumps(answer))
    Console(width=150).print(table)


def machine() -> dict[str, str]:
    """Return the processor, the system and the Python version of this machine."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {"processor": model, "system": platform.system(), "python": platform.python_version()}


def save(results: Results, folder: Path = FOLDER) -> None:
    """Write results.json and chart.svg into a directory, by default that of this module."""
    written = {
        "machine": machine(),
        "subjects": results.subjects,
        "rounds": results.rounds,
        "seconds": results.seconds,
        "connections": results.connections,
        "works": {
            workload: {
                name: {key: round(value, 2) for key, value in figures._asdict().items()}
                for name, figures in rounds.items()
            }
            for workload, rounds in results.workloads.items()
        },
        "scaling": results.scaling,
    }
    (folder / "results.json").write_text(json.dumps(written, indent=2) + "\n")
    (folder / "chart.svg").write_text("\n".join(_chart(results)) + "\n")


def _chart(results: Results) -> Iterator[str]:
    """Yield an SVG with one group of bars for each workload; each group has its own scale."""
    groups = [
        (workload, {name: each for name, each in medians.items() if name in COLOURS})
        for workload, medians in results.workloads.items()
    ]
    groups = [(workload, medians) for workload, medians in groups if len(medians) > 1]
    height = sum(34 + len(medians) * (BAR_HEIGHT + 4) for _, medians in groups) + 10
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
        ' font-size="12" role="img" aria-label="Requests a second, this service beside its peers">'
    )
    yield f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    y = 20
    for workload, medians in groups:
        title = f"{WORKLOAD_TITLES[workload]}, requests a second"
        yield f'<text x="8" y="{y}" font-weight="bold" fill="#222">{title}</text>'
        y += 8
        most = max(each.per_second for each in medians.values())
        for name, each in medians.items():
            length = (WIDTH - LABEL_WIDTH - 80) * each.per_second / most
            yield f'<text x="{LABEL_WIDTH - 6}" y="{y + 12}" text-anchor="end" fill="#222">{TITLES[name]}</text>'
            yield f'<rect x="{LABEL_WIDTH}" y="{y}" width="{length:.0f}" height="{BAR_HEIGHT}" fill="{COLOURS[name]}"/>'
            yield f'<text x="{LABEL_WIDTH + length + 5:.0f}" y="{y + 12}" fill="#222">{each.per_second:,.0f}</text>'
            y += BAR_HEIGHT + 4
        y += 26
    yield "</svg>"
