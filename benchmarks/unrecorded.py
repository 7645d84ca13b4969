"""This service without its record, as no running program has it: what the record costs is measured against this.

``python -m benchmarks.unrecorded serve``. All is done as ever, up to the statement that writes events.
"""

from cli.main import run
from models.audits import Noted
from resolvers.context import Context


def _forget(context: Context) -> list[Noted]:
    """Give nothing of what was seen to be written down."""
    context._notes, context._seen = [], {}  # noqa: SLF001 -- it stands in the place of the method that gives it
    return []


if __name__ == "__main__":
    Context.taken_down = _forget  # type: ignore[method-assign]
    run()
