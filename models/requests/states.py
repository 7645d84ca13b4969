"""The states of rights requests, and the transitions between them."""

from collections.abc import Mapping
from enum import StrEnum

from models.errors import StateConflict


class RequestState(StrEnum):
    """The state of a request."""

    AWAITING_VERIFICATION = "AWAITING_VERIFICATION"
    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    PARTIALLY_COMPLETED = "PARTIALLY_COMPLETED"
    COMPLETED = "COMPLETED"
    DENIED = "DENIED"
    CANCELLED = "CANCELLED"


TRANSITIONS: Mapping[RequestState, frozenset[RequestState]] = {
    RequestState.AWAITING_VERIFICATION: frozenset(
        {RequestState.SCHEDULED, RequestState.CANCELLED, RequestState.DENIED}
    ),
    RequestState.SCHEDULED: frozenset({RequestState.IN_PROGRESS, RequestState.CANCELLED, RequestState.DENIED}),
    RequestState.IN_PROGRESS: frozenset({RequestState.PARTIALLY_COMPLETED, RequestState.COMPLETED}),
    RequestState.PARTIALLY_COMPLETED: frozenset({RequestState.COMPLETED}),
    RequestState.COMPLETED: frozenset(),
    RequestState.DENIED: frozenset(),
    RequestState.CANCELLED: frozenset(),
}
"""The transitions between states. ``check_transition`` enforces them."""

OPEN_STATES = frozenset(state for state, following in TRANSITIONS.items() if following)
EXECUTING_STATES = frozenset({RequestState.IN_PROGRESS, RequestState.PARTIALLY_COMPLETED})


def check_transition(before: str, after: RequestState) -> None:
    """Raise STATE_CONFLICT for a transition that is not allowed."""
    if after not in TRANSITIONS[RequestState(before)]:
        raise StateConflict(argument="id")
