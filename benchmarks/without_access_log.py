"""Run ``privacy`` without the access log, to measure its cost: ``python -m benchmarks.without_access_log serve``.

All else is unchanged, up to the statement that inserts events. No other program runs without the access log.
"""

from cli.main import run
from models.audit.events import EventGroup
from resolvers.context import RequestContext


def _discard(context: RequestContext, _entries: list[EventGroup]) -> None:
    """Discard the reads of a request instead of adding them to the entries to insert."""
    context._entries, context._seen = [], {}  # noqa: SLF001 -- it replaces the method that adds them


if __name__ == "__main__":
    RequestContext.drain = _discard  # type: ignore[method-assign, assignment]
    run()
