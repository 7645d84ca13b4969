"""This service without its record, as no running program has it: what the record costs is measured against this.

``python -m benchmarks.unrecorded serve``. All is done as ever, up to the statement that writes events.
"""

from cli.main import run
from models.audit.events import EventGroup
from resolvers.context import RequestContext


def _forget(context: RequestContext, _entries: list[EventGroup]) -> None:
    """Add nothing of what was seen to what is to be written down."""
    context._entries, context._seen = [], {}  # noqa: SLF001 -- it stands in the place of the method that adds it


if __name__ == "__main__":
    RequestContext.take_down = _forget  # type: ignore[method-assign]
    run()
