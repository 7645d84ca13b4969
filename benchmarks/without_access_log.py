"""Run ``privacy`` without the access log, to measure its cost: ``python -m benchmarks.without_access_log serve``.

All else is unchanged, up to the statement that inserts events. No other program runs without the access log.
"""

from cli.main import run
from models.audit.events import EventGroup
from resolvers.access_log import AccessLog
from resolvers.recent_reads import Claims
from resolvers.recent_refusals import RecentRefusals


def _discard(log: AccessLog, _groups: list[EventGroup], _claims: Claims, _recent: RecentRefusals) -> None:
    """Discard the events of a request instead of adding them to the groups to insert."""
    log._events, log._read = [], {}  # noqa: SLF001 -- it replaces the method that adds them


if __name__ == "__main__":
    AccessLog.drain = _discard  # type: ignore[assignment, method-assign]
    run()
