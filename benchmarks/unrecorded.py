"""This service without its record, as no running program has it: what the record costs is measured against this.

``uvicorn --factory benchmarks.unrecorded:application``. All is done as ever, up to the statement that writes events.
"""

from api.app import App
from cli.serve import application as recorded
from models.audits import AccessEventRow
from resolvers.context import Context


def _forget(context: Context) -> list[AccessEventRow]:
    """Give nothing of what was seen to be written down."""
    context._notes, context._seen = [], {}  # noqa: SLF001 -- it stands in the place of the method that gives it
    return []


def application() -> App:
    """Make the application of one process, in which nothing is recorded of reads."""
    Context.taken_down = _forget  # type: ignore[method-assign]
    return recorded()
