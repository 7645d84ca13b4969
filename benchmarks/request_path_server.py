"""The service with only some parts of its request path, as no running program has it.

``BENCH_PARTS=protocol,heads,batching python -m benchmarks.request_path_server serve``. Each part that is not
named is taken out: our protocol, its cache of heads, or the batching of requests.
"""

import os

from api.graphql.execution.batching import RequestBatcher
from api.graphql.execution.query_execution import QueryExecution
from api.http import protocol
from cli.main import run
from resolvers.context import RequestContext

PARTS = ("protocol", "heads", "batching")
"""The parts in the order in which they are added."""


def _execute(_batcher: RequestBatcher[RequestContext], execution: QueryExecution[RequestContext]) -> None:
    execution.finish_individually()


def take_out(kept: set[str]) -> None:
    """Take out all parts but these."""
    if "protocol" not in kept:
        protocol.SERVER_OPTIONS["http"] = "httptools"
    if "heads" not in kept:
        protocol.MAX_CACHED_HEAD_BYTES = 0  # type: ignore[misc]  # the benchmark's purpose
    if "batching" not in kept:
        RequestBatcher.enqueue = _execute  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    take_out({part for part in os.environ["BENCH_PARTS"].split(",") if part})
    run()
