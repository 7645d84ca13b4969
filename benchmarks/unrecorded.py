"""This service without its record, as no running program has it: what the record costs is measured against this.

``uvicorn --factory benchmarks.unrecorded:application``. All is done as ever, up to the statement that writes events.
"""

from api.app import App
from cli.serve import application as recorded
from resolvers.context import Context


async def _forget(context: Context) -> None:
    """Remember nothing of what was seen."""
    context._notes, context._seen = [], {}  # noqa: SLF001 -- it stands in the place of the method that writes them


def application() -> App:
    """Make the application of one process, in which nothing is recorded of reads."""
    Context.record = _forget  # type: ignore[method-assign]
    return recorded()
